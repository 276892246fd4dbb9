/** Full jitter: a random part of a bound that doubles, so that many nodes do not return at the same moment. */
const BOUND_MIN_MS = 500
/**
 * Nodes are few, and while one looks for its broker its whole fleet waits with full outboxes: all must be steady again
 * 30 s after an outage of any length.
 */
const BOUND_MAX_MS = 5_000
/** Even the luckiest draw leaves the broker this long. */
const FLOOR_MS = 50

/** How long to wait after so many attempts in a row that were of no lasting use. `random`: uniform in [0, 1). */
export function reconnectDelayMs(attempt: number, random: number): number {
  const boundMs = Math.min(BOUND_MAX_MS, BOUND_MIN_MS * 2 ** attempt)
  return Math.max(FLOOR_MS, Math.round(random * boundMs))
}
