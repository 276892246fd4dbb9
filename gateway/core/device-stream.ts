import { BOOTS_REMEMBERED } from '../../protocol/limits.ts'

/** One message that was taken and is not acknowledged yet. */
export interface Entry {
  readonly boot: string
  readonly seq: number
  readonly bytes: number
  /** Confirmed by the bus or finally refused. */
  settled: boolean
  /** Counts in the window. A refused message does not: its `nack` has told the device already. */
  counts: boolean
  /** An acknowledgement goes out no sooner than this (monotonic ms): the brake on a device over its rate. */
  readonly ackNotBeforeMs: number
}

interface Boot {
  /** Highest seq that was taken. */
  taken: number
  /** Highest seq that was acknowledged. */
  acked: number
  /** Taken and not acknowledged, in the order of arrival. */
  waiting: Entry[]
}

export interface AckPoint {
  readonly boot: string
  readonly seq: number
}

/**
 * The sequence numbers of one device …. It outlives the sessions: a message that is still on its
 * way to the bus when the device reconnects and repeats it is known here, is not published twice, and is acknowledged to the
 * new session. Knows neither sockets nor clocks.
 */
export class DeviceStream {
  /** In order of last use; the first of more than BOOTS_REMEMBERED loses, if nothing of it is on its way. */
  readonly #boots = new Map<string, Boot>()
  #lastBoot: string | undefined
  #messages = 0
  #bytes = 0

  /** What is not acknowledged. */
  get unacknowledged(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#messages, bytes: this.#bytes }
  }

  /** How a seq stands to what was taken: new (with the number of those left out before it) or a repeat. */
  place(boot: string, seq: number): { repeat: true } | { repeat: false; gap: number } {
    const known = this.#boots.get(boot)
    if (known === undefined) return { repeat: false, gap: 0 }
    return seq <= known.taken ? { repeat: true } : { repeat: false, gap: seq - known.taken - 1 }
  }

  /** Whether one more message of this size keeps the device within its window. */
  hasRoom(bytes: number, limits: { windowMessages: number; windowBytes: number }): boolean {
    if (this.#messages >= limits.windowMessages) return false
    return this.#messages === 0 || this.#bytes + bytes <= limits.windowBytes
  }

  take(boot: string, seq: number, bytes: number, ackNotBeforeMs: number): Entry {
    const entry: Entry = { boot, seq, bytes, settled: false, counts: true, ackNotBeforeMs }
    const state = this.#remember(boot)
    state.taken = seq
    state.waiting.push(entry)
    this.#messages += 1
    this.#bytes += bytes
    return entry
  }

  /** Consumes the seq of a refused message. Refused ones in a row are one entry, so a flood of them stays small. */
  refuse(boot: string, seq: number): void {
    const state = this.#remember(boot)
    state.taken = seq
    const last = state.waiting.at(-1)
    if (last && !last.counts) state.waiting.pop()
    state.waiting.push({ boot, seq, bytes: 0, settled: true, counts: false, ackNotBeforeMs: 0 })
  }

  /** The same for a message that was taken: the bus will never have it. One that was given up is left alone. */
  refuseTaken(entry: Entry): void {
    entry.settled = true
    if (entry.counts) this.#release(entry)
    entry.counts = false
  }

  /**
   * Gives up on an entry and on all that came after it in its boot: they count as never taken, so that the device,
   * which has no acknowledgement for them, sends them again.
   */
  giveUp(entry: Entry): void {
    const state = this.#boots.get(entry.boot)
    const at = state?.waiting.indexOf(entry) ?? -1
    if (state === undefined || at < 0) return
    for (const lost of state.waiting.splice(at)) {
      if (lost.counts) this.#release(lost)
      lost.counts = false // the bus may still answer for it
    }
    state.taken = Math.min(state.taken, entry.seq - 1)
  }

  /** What can be acknowledged now: cumulative per boot. Marks it as acknowledged. */
  takeAcks(nowMs: number): AckPoint[] {
    const points: AckPoint[] = []
    for (const [boot, state] of this.#boots) {
      const before = state.acked
      let first = state.waiting[0]
      while (first?.settled && first.ackNotBeforeMs <= nowMs) {
        state.acked = first.seq
        if (first.counts) this.#release(first)
        state.waiting.shift()
        first = state.waiting[0]
      }
      if (state.acked > before) points.push({ boot, seq: state.acked })
    }
    return points
  }

  /** The last acknowledged seq of a boot, if it is remembered. */
  acked(boot: string): number | undefined {
    return this.#boots.get(boot)?.acked
  }

  /** When the first settled entry may be acknowledged (monotonic ms); undefined when none waits for its time. */
  nextAckAtMs(): number | undefined {
    let nextMs: number | undefined
    for (const { waiting } of this.#boots.values()) {
      const first = waiting[0]
      if (first?.settled) nextMs = Math.min(nextMs ?? Number.POSITIVE_INFINITY, first.ackNotBeforeMs)
    }
    return nextMs
  }

  /** Whether messages of another boot wait for the bus: a device that lost its outbox does not know of them. */
  waitsForOtherThan(boot: string): boolean {
    for (const [other, { waiting }] of this.#boots) {
      if (other !== boot && waiting.some((entry) => !entry.settled)) return true
    }
    return false
  }

  /** True when nothing waits for the bus. */
  get isSettled(): boolean {
    for (const { waiting } of this.#boots.values()) if (waiting.some((entry) => !entry.settled)) return false
    return true
  }

  #release(entry: Entry): void {
    this.#messages -= 1
    this.#bytes -= entry.bytes
  }

  #remember(boot: string): Boot {
    const known = this.#boots.get(boot)
    if (known && boot === this.#lastBoot) return known
    this.#lastBoot = boot
    this.#boots.delete(boot) // so that it is set anew as the one used last
    const state: Boot = known ?? { taken: 0, acked: 0, waiting: [] }
    this.#boots.set(boot, state)
    for (const [oldest, { waiting }] of this.#boots) {
      if (this.#boots.size <= BOOTS_REMEMBERED) break
      if (waiting.length === 0 && oldest !== boot) this.#boots.delete(oldest)
    }
    return state
  }
}
