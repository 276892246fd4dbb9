/** An API key; a device token, whole or cut off. People paste them where a name is asked for. */
const KEYS_AND_TOKENS = /flk_[\w-]{8,}|eyJ[\w-]{8,}(?:\.[\w-]*)*/g
/** A login link or cookie: 256 random bits. A signing key's public id is as long, and may be shown. */
const RANDOM_BITS = /(?<!signing-keys\/|[\w-])[\w-]{43}(?![\w-])/g
const HIDDEN = '***'

/** The text with what looks like an API key or a token taken out. */
export function withoutKeys(text: string): string {
  return text.replace(KEYS_AND_TOKENS, HIDDEN)
}

/** The same with everything that could be a secret: for a name that nothing has. */
export function withoutSecrets(text: string): string {
  return withoutKeys(text).replace(RANDOM_BITS, HIDDEN)
}
