import type { Once } from '../../gateway/core/records.ts'

/** Requests that may be repeated, in memory; nothing is forgotten. */
export class MemoryOnce {
  readonly #kept = new Map<string, { readonly request: string; readonly made: string }>()

  repeatOf(once: Once | undefined): 'conflict' | { readonly repeatOf: string } | undefined {
    const found = this.#kept.get(once?.key ?? '')
    if (found === undefined) return undefined
    return found.request === once?.request ? { repeatOf: found.made } : 'conflict'
  }

  remember(once: Once | undefined, made: string): void {
    if (once !== undefined) this.#kept.set(once.key, { request: once.request, made })
  }

  clear(): void {
    this.#kept.clear()
  }
}
