export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Asks every `everyMs` until the answer is yes. Resolves with the time it took, or undefined when it took too long. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  timeoutMs: number,
  everyMs = 50,
): Promise<number | undefined> {
  const startedMs = performance.now()
  for (;;) {
    const yes = await isSo()
    const tookMs = performance.now() - startedMs
    if (yes) return tookMs
    if (tookMs > timeoutMs) return undefined
    await sleep(everyMs)
  }
}
