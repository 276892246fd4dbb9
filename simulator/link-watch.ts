/** Something that must be heard from now and then. */
export interface Watched {
  /** Monotonic ms. */
  readonly heardAtMs: number
  readonly silenceMaxMs: number
  onSilence(): void
}

/** A dead link is noticed at most this much late. */
const CHECK_EVERY_MS = 1_000

const watched = new Set<Watched>()
let timer: NodeJS.Timeout | undefined

/** One timer for all links of the process: thousands of devices cost no timers of their own. */
export function watch(link: Watched): void {
  watched.add(link)
  timer ??= setInterval(check, CHECK_EVERY_MS)
}

export function unwatch(link: Watched): void {
  watched.delete(link)
  if (watched.size > 0) return
  clearInterval(timer)
  timer = undefined
}

function check(): void {
  const nowMs = performance.now()
  for (const link of watched) if (nowMs - link.heardAtMs > link.silenceMaxMs) link.onSilence()
}
