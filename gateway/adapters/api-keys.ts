import { createHash, randomBytes } from 'node:crypto'

/** 256 bits: nobody guesses one, so a plain hash of it may be stored. */
const SECRET_BYTES = 32

/** A new key for operators: `flk_` and 43 characters. Show it once and store only its hash. */
export function newApiKey(): string {
  return `flk_${randomBytes(SECRET_BYTES).toString('base64url')}`
}

/** The SHA-256 of a text as lower-case hexadecimal [N-3]. */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}
