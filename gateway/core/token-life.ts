import type { Replacement, TokenRow } from './records.ts'

/**
 * [K-10] How long after its end a token still opens one kind of session: one that only rotates. A device that lay in
 * a drawer for a season comes back by itself.
 */
export const ROTATE_ONLY_MS = 90 * 24 * 3600 * 1000
/** [K-10] A token with an end is rotated when this part of its life is over; the rest is for devices that are away. */
const ROTATE_AT = 2 / 3

/** `offered`: sent in the session that is open now. `pending`: will be, after the next `welcome`. */
export type TokenState = 'live' | 'offered' | 'pending' | 'ending' | 'expired' | 'revoked'

/** Revoked, or replaced and over with its overlap [K-9]. */
export function hasEnded({ revokedAtMs, endsAtMs }: TokenRow, nowMs: number): boolean {
  return revokedAtMs !== undefined || (endsAtMs !== undefined && endsAtMs <= nowMs)
}

export function hasExpired({ expiresAtMs }: { readonly expiresAtMs?: number }, nowMs: number): boolean {
  return expiresAtMs !== undefined && expiresAtMs <= nowMs
}

/** Opens every kind of session. */
export function isLive(row: TokenRow, nowMs: number): boolean {
  return !hasEnded(row, nowMs) && !hasExpired(row, nowMs)
}

/** A replacement that the device has neither confirmed nor used. */
export function isUnconfirmed(row: TokenRow): boolean {
  return row.replaces !== undefined && row.confirmedAtMs === undefined
}

/**
 * [K-9] What a confirmed replacement puts an end to: the token that it replaces, and earlier replacements of that one
 * which expired before anybody confirmed them. The device may have such a text in its flash.
 */
export function endedByConfirming(rows: readonly TokenRow[], confirmed: TokenRow): TokenRow[] {
  const isAbandoned = (row: TokenRow) => row.replaces === confirmed.replaces && isUnconfirmed(row)
  return rows.filter((row) => row.id === confirmed.replaces || (row.id !== confirmed.id && isAbandoned(row)))
}

/** As the row alone tells it. */
export function tokenState(row: TokenRow, nowMs: number): Exclude<TokenState, 'offered'> {
  if (hasEnded(row, nowMs)) return 'revoked'
  if (hasExpired(row, nowMs)) return 'expired'
  if (row.endsAtMs !== undefined) return 'ending'
  return isUnconfirmed(row) ? 'pending' : 'live'
}

/**
 * [K-4] [K-9] Why a replacement may not be added to the device's tokens; decided inside the store's transaction.
 * `gone`: what it replaces has ended. `in_progress`: a rotation has not ended yet. `too_many`: no room.
 */
export function replacementProblem(
  rows: readonly TokenRow[],
  token: Replacement,
  liveMax: number,
): 'gone' | 'in_progress' | 'too_many' | undefined {
  const nowMs = token.createdAtMs
  const old = rows.find(({ id }) => id === token.replaces)
  if (old === undefined || hasEnded(old, nowMs)) return 'gone'
  const live = rows.filter((row) => isLive(row, nowMs))
  if (live.some((row) => isUnconfirmed(row) || row.endsAtMs !== undefined)) return 'in_progress'
  return live.length >= liveMax ? 'too_many' : undefined
}

/** [K-9] When the replaced token ends: the first confirmation counts, a repeated one does not put it off. */
export function endOfReplaced(old: TokenRow, replacement: TokenRow, confirmedAtMs: number): number {
  const endsAtMs = confirmedAtMs + (replacement.overlapS ?? 0) * 1000
  return Math.min(old.endsAtMs ?? endsAtMs, endsAtMs)
}

/** When a token with an end should be rotated (Unix time in ms); undefined for one without. */
export function rotateAtMs({ createdAtMs, expiresAtMs }: TokenRow): number | undefined {
  return expiresAtMs === undefined ? undefined : createdAtMs + (expiresAtMs - createdAtMs) * ROTATE_AT
}

/** The end of a token that lives as long as the old one was meant to. Whole seconds, since a JWT says no less. */
export function expiryLike({ createdAtMs, expiresAtMs }: TokenRow, nowMs: number): number | undefined {
  return expiresAtMs === undefined ? undefined : Math.ceil((nowMs + expiresAtMs - createdAtMs) / 1000) * 1000
}

/** The token that a rotation replaces: of those that open a session now the one used last, else one that only rotates. */
export function tokenInUse(rows: readonly TokenRow[], nowMs: number): TokenRow | undefined {
  const byUse = [...rows].sort((a, b) => usedAtMs(b) - usedAtMs(a))
  return byUse.find((row) => isLive(row, nowMs)) ?? byUse.find((row) => mayRotate(row, nowMs))
}

function usedAtMs({ lastUsedAtMs, createdAtMs }: TokenRow): number {
  return lastUsedAtMs ?? createdAtMs
}

/** [K-10] */
function mayRotate(row: TokenRow, nowMs: number): boolean {
  return !hasEnded(row, nowMs) && !hasExpired(row, nowMs - ROTATE_ONLY_MS)
}
