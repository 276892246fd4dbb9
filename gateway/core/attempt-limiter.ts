/** Keys watched at once, unless the rules say otherwise; the one untouched for longest is forgotten, which is in an attacker's favour by one minute. */
const KEYS_MAX = 100_000
const WINDOW_MS = 60_000

interface Attempts {
  count: number
  windowEndsMs: number
  bannedUntilMs: number
}

export interface AttemptRules {
  /** How long a key with too many waits; without it until its minute is over. */
  readonly banMs?: number
  readonly keysMax?: number
}

/** Counts attempts per key in windows of a minute and bans a key for a while when it has too many. */
export class AttemptLimiter {
  readonly #perMinute: number
  readonly #banMs: number | undefined
  readonly #keysMax: number
  readonly #byKey = new Map<string, Attempts>()

  constructor(perMinute: number, { banMs, keysMax = KEYS_MAX }: AttemptRules) {
    this.#perMinute = perMinute
    this.#banMs = banMs
    this.#keysMax = keysMax
  }

  /** How long the key is still banned in ms, 0 if it is not. Does not count. */
  bannedForMs(key: string, nowMs: number): number {
    const attempts = this.#byKey.get(key)
    return attempts === undefined ? 0 : Math.max(0, attempts.bannedUntilMs - nowMs)
  }

  /** Counts one attempt. Returns the ms of the ban that it starts or that still lasts, 0 if the attempt is allowed. */
  attempt(key: string, nowMs: number): number {
    const banned = this.bannedForMs(key, nowMs)
    if (banned > 0) return banned
    let attempts = this.#byKey.get(key)
    if (attempts === undefined || attempts.windowEndsMs <= nowMs) {
      this.#byKey.delete(key) // so that insertion order is the order of last use
      attempts = { count: 0, windowEndsMs: nowMs + WINDOW_MS, bannedUntilMs: 0 }
      this.#byKey.set(key, attempts)
      this.#forgetOldest()
    }
    attempts.count += 1
    if (attempts.count <= this.#perMinute) return 0
    attempts.bannedUntilMs = this.#banMs === undefined ? attempts.windowEndsMs : nowMs + this.#banMs
    attempts.windowEndsMs = attempts.bannedUntilMs // the count starts anew, also after a ban shorter than the window
    return attempts.bannedUntilMs - nowMs
  }

  #forgetOldest(): void {
    if (this.#byKey.size <= this.#keysMax) return
    const oldest = this.#byKey.keys().next()
    if (!oldest.done) this.#byKey.delete(oldest.value)
  }
}
