import { createHash } from 'node:crypto'

/** The two places for tokens in a device's flash. A new token never overwrites the one that works. */
export class TokenSlots {
  readonly #tokens: [string, string | undefined]
  #current: 0 | 1 = 0

  constructor(token: string, other: string | undefined) {
    this.#tokens = [token, other]
  }

  get current(): string {
    return this.#tokens[this.#current] ?? ''
  }

  get hasOther(): boolean {
    return this.#tokens[this.#other] !== undefined
  }

  /** Keeps a new token and uses it from the next connect on. Returns the SHA-256 of what was read back. */
  store(token: string): string {
    if (token !== this.current) {
      this.#tokens[this.#other] = token
      this.#current = this.#other
    }
    return createHash('sha256').update(this.current).digest('hex')
  }

  /** After a 401: the other token may still be good. */
  swap(): void {
    if (this.hasOther) this.#current = this.#other
  }

  get #other(): 0 | 1 {
    return this.#current === 0 ? 1 : 0
  }
}
