/** "min 0.8, median 0.9, max 1.4 s". */
export function spread(timesMs: readonly number[]): string {
  if (timesMs.length === 0) return 'never'
  const sorted = [...timesMs].sort((a, b) => a - b)
  const seconds = (at: number) => ((sorted[at] ?? 0) / 1000).toFixed(1)
  return `min ${seconds(0)}, median ${seconds(Math.floor(sorted.length / 2))}, max ${seconds(sorted.length - 1)} s`
}

export function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}

/** The first few of what is wrong. */
export function examples(all: readonly string[], max = 3): string {
  return all.length > max ? `${all.slice(0, max).join('; ')} and ${all.length - max} more` : all.join('; ')
}

export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`
