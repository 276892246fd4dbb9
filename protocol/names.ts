/**
 * [N-1] Device ids, channels, event and command names, telemetry keys and command ids.
 * None of `/ + # $` or NUL can occur, so a topic built from names never leaves its place; a leading `_` or `.` is
 * free for the project's own use.
 */
export const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'
const NAME = new RegExp(NAME_PATTERN)

export function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME.test(value)
}

/** [N-2] A boot id: random, made anew at each start of the device. */
export const BOOT_PATTERN = '^[A-Za-z0-9_-]{1,32}$'
const BOOT = new RegExp(BOOT_PATTERN)

export function isBootId(value: unknown): value is string {
  return typeof value === 'string' && BOOT.test(value)
}

/** [N-3] A SHA-256 digest as lower-case hexadecimal. */
export const SHA256_PATTERN = '^[0-9a-f]{64}$'
const SHA256 = new RegExp(SHA256_PATTERN)

export function isSha256(value: unknown): value is string {
  return typeof value === 'string' && SHA256.test(value)
}
