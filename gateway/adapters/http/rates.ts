import { AttemptLimiter } from '../../core/attempt-limiter.ts'
import { RateRefusal } from '../../core/errors.ts'
import type { Clock } from '../../core/ports.ts'

export interface RequestLimits {
  /** Requests of one key or user: enough to enrol a fleet of 5,000 within minutes, few enough that a script gone wild is noticed. */
  readonly requestsPerMinute: number
  /** Refused keys from one address. A person mistypes a few times; a guesser is not served. */
  readonly refusedKeysPerMinute: number
  /** Tries to log in as one user from one address. Others, elsewhere, are not concerned: nobody can be locked out. */
  readonly loginsPerMinute: number
  /** Tries to log in from one address, whoever as, and tries of login links. */
  readonly loginsOfAddressPerMinute: number
}
export const REQUEST_LIMITS: RequestLimits = {
  requestsPerMinute: 6_000,
  refusedKeysPerMinute: 30,
  loginsPerMinute: 10,
  loginsOfAddressPerMinute: 30,
}

/** Keys and addresses that one rate counts at once; the one that began its minute first is forgotten. */
const COUNTED_MAX = 5_000

/** So many a minute of each name that is counted. Minutes go by a clock that never steps. */
export class Rate {
  readonly #attempts: AttemptLimiter
  readonly #clock: Clock

  constructor(perMinute: number, clock: Clock) {
    this.#attempts = new AttemptLimiter(perMinute, { keysMax: COUNTED_MAX })
    this.#clock = clock
  }

  /** Counts one. How long it must wait in ms, since it is too many; 0 when it is not. */
  waitMs(counted: string): number {
    return this.#attempts.attempt(counted, this.#clock.monotonicMs())
  }

  /** Counts one. Throws rate_limited when it is too many. */
  count(counted: string): void {
    const waitMs = this.waitMs(counted)
    if (waitMs > 0) throw new RateRefusal(Math.ceil(waitMs / 1000))
  }
}
