import { GatewayError } from '../errors.ts'

/** What logins may cost and how long they last, with the reasons. */

/** A browser that nobody uses is logged out after this. */
export const SESSION_IDLE_MS = 30 * 60_000
/** A day's work; then the password is asked for again. */
export const SESSION_MAX_MS = 12 * 3_600_000
/** A session's last use is written at most this often: it is only compared with SESSION_IDLE_MS. */
export const SESSION_TOUCH_EVERY_MS = 60_000
/** Browsers of one person. The one unused for longest is logged out. */
export const SESSIONS_PER_USER_MAX = 20
/** A link lies in a terminal or a chat meanwhile. */
export const LOGIN_LINK_LIFE_MS = 24 * 3_600_000
/** Lists of users and keys are answered whole. */
export const USERS_MAX = 500
export const API_KEYS_MAX = 500
/** The last use of a key is written at most this often. */
export const KEY_TOUCH_EVERY_MS = 60_000

/** Length is what counts against guessing; composition rules only annoy (NIST SP 800-63B). */
export const PASSWORD_MIN_CHARS = 12
/** Longer ones would only feed the hash. */
export const PASSWORD_MAX_CHARS = 256

/** Throws bad_request for a password that is too easy to guess. */
export function checkPassword(password: string, name: string): void {
  const chars = [...password].length
  if (chars < PASSWORD_MIN_CHARS) {
    throw new GatewayError('bad_request', `A password needs at least ${PASSWORD_MIN_CHARS} characters.`)
  }
  if (chars > PASSWORD_MAX_CHARS) {
    throw new GatewayError('bad_request', `A password has at most ${PASSWORD_MAX_CHARS} characters.`)
  }
  const folded = password.toLowerCase()
  if (new Set(folded).size < 5 || folded.includes(name.toLowerCase())) {
    throw new GatewayError('bad_request', 'This password is too easy to guess: it repeats itself or holds the name.')
  }
}
