import type { Invariant } from '../case.ts'
import { examples } from './figures.ts'

/** One boot of one device, as each side saw it. */
interface Track {
  readonly name: string
  readonly attempted: Set<number>
  readonly acked: Set<number>
  readonly received: Set<number>
  /** Highest seq that arrived. */
  highest: number
  /** Arrived for the first time after a higher one. */
  overtaken: number[]
  repeats: number
}

/** What devices sent, what was acknowledged to them, and what an independent subscriber saw, by (device, boot, seq). */
export class History {
  readonly #tracks = new Map<string, Track>()

  attempted(device: string, boot: string, seq: number): void {
    this.#track(device, boot).attempted.add(seq)
  }

  acked(device: string, boot: string, seq: number): void {
    this.#track(device, boot).acked.add(seq)
  }

  received(device: string, boot: string, seq: number): void {
    const track = this.#track(device, boot)
    if (track.received.has(seq)) track.repeats += 1
    else if (seq < track.highest) track.overtaken.push(seq)
    track.received.add(seq)
    track.highest = Math.max(track.highest, seq)
  }

  get ackedCount(): number {
    return this.#sum((track) => track.acked.size)
  }
  get attemptedCount(): number {
    return this.#sum((track) => track.attempted.size)
  }
  get receivedCount(): number {
    return this.#sum((track) => track.received.size)
  }
  get repeats(): number {
    return this.#sum((track) => track.repeats)
  }

  /** Acknowledged and not on the bus. */
  lost(): string[] {
    return this.#list((track) => [...track.acked].filter((seq) => !track.received.has(seq)))
  }

  /** The three statements about telemetry that hold under every fault. */
  invariants(): Invariant[] {
    const lost = this.lost()
    const overtaken = this.#list((track) => track.overtaken)
    const invented = this.#list((track) => [...track.received].filter((seq) => !track.attempted.has(seq)))
    const sent = `attempted ${this.attemptedCount}, received ${this.receivedCount}, repeats ${this.repeats}`
    return [
      {
        statement: 'every acknowledged message is on the bus',
        checked: this.ackedCount,
        broken: lost.length,
        detail: lost.length > 0 ? examples(lost) : sent,
      },
      {
        statement: 'the messages of a boot arrive in their order',
        checked: this.receivedCount,
        broken: overtaken.length,
        detail: examples(overtaken),
      },
      {
        statement: 'nothing is on the bus that no device sent',
        checked: this.receivedCount,
        broken: invented.length,
        detail: examples(invented),
      },
    ]
  }

  #sum(count: (track: Track) => number): number {
    let sum = 0
    for (const track of this.#tracks.values()) sum += count(track)
    return sum
  }

  #list(seqs: (track: Track) => number[]): string[] {
    return [...this.#tracks.values()].flatMap((track) => seqs(track).map((seq) => `${track.name}/${seq}`))
  }

  #track(device: string, boot: string): Track {
    const name = `${device}/${boot}`
    let track = this.#tracks.get(name)
    if (track === undefined) {
      const [attempted, acked, received] = [new Set<number>(), new Set<number>(), new Set<number>()]
      track = { name, attempted, acked, received, highest: 0, overtaken: [], repeats: 0 }
      this.#tracks.set(name, track)
    }
    return track
  }
}
