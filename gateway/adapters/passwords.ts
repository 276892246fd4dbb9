import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { RateRefusal } from '../core/errors.ts'

/** OWASP's choice for scrypt: 128 MiB and about half a second of one core for each try. */
const LOG2_N = 17
const R = 8
const P = 1
const SALT_BYTES = 16
const HASH_BYTES = 32
/** Above 128 · N · r, which is what scrypt takes. */
const MEMORY_MAX_BYTES = 192 * 1024 * 1024
/** Two leave half of Node's thread pool for everybody else. */
const RUNNING_MAX = 2
/** More would wait longer than a person does. */
const WAITING_MAX = 16
const RETRY_AFTER_S = 5

/** Hashes passwords, few at a time. A hash says how it was made, so later ones may be made otherwise. */
export class Passwords {
  #running = 0
  readonly #waiting: (() => void)[] = []

  /** Rejects with `rate_limited` when too many wait. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES)
    const hash = await this.#scrypt(password, salt, LOG2_N, R, P)
    return ['scrypt', LOG2_N, R, P, salt.toString('base64url'), hash.toString('base64url')].join('$')
  }

  /** As slow when there is no hash. */
  async verify(password: string, stored: string | undefined): Promise<boolean> {
    const [kind, log2N, r, p, salt = '', hash = ''] = (stored ?? '').split('$')
    if (kind !== 'scrypt') {
      await this.#scrypt(password, randomBytes(SALT_BYTES), LOG2_N, R, P)
      return false
    }
    const expected = Buffer.from(hash, 'base64url')
    const found = await this.#scrypt(password, Buffer.from(salt, 'base64url'), Number(log2N), Number(r), Number(p))
    return expected.length === found.length && timingSafeEqual(expected, found)
  }

  async #scrypt(password: string, salt: Buffer, log2N: number, r: number, p: number): Promise<Buffer> {
    if (this.#running >= RUNNING_MAX) {
      if (this.#waiting.length >= WAITING_MAX) throw new RateRefusal(RETRY_AFTER_S)
      await new Promise<void>((resolve) => this.#waiting.push(resolve)) // whoever ends hands its place over
    } else this.#running += 1
    try {
      return await derive(password.normalize('NFKC'), salt, { N: 2 ** log2N, r, p, maxmem: MEMORY_MAX_BYTES })
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running -= 1
    }
  }
}

function derive(password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
}
