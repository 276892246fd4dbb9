import type { Socket } from 'node:net'

/** What a cable may do to bytes, with the names and meanings of Toxiproxy's toxics. */
export type Toxic = (
  | { readonly kind: 'latency'; readonly latencyMs: number; readonly jitterMs?: number }
  | { readonly kind: 'bandwidth'; readonly bytesPerS: number }
  /** The end of the connection comes later. */
  | { readonly kind: 'slow_close'; readonly delayMs: number }
  /** Swallows every byte; closes after a time, or never: then both sides must notice by themselves. */
  | { readonly kind: 'timeout'; readonly afterMs?: number }
  /** A reset to both sides after a time. */
  | { readonly kind: 'reset_peer'; readonly afterMs: number }
  /** Small pieces, with a pause between them. */
  | { readonly kind: 'slicer'; readonly bytes: number; readonly variation?: number; readonly delayMs?: number }
  /** Closes once so many bytes have passed. */
  | { readonly kind: 'limit_data'; readonly bytes: number }
) & {
  /** Upstream is from the client to the server; both by default. */
  readonly only?: Direction
}
export type Direction = 'upstream' | 'downstream'
export type ToxicOf<K extends Toxic['kind']> = Extract<Toxic, { kind: K }>

/** Bytes that may be on their way in a slow cable before the sender is held up. */
const LINE_MAX_BYTES = 256 * 1024
/** With little bandwidth the line is as short as this part of a second, or it would hold minutes. */
const LINE_SECONDS = 0.25
const LINE_MIN_BYTES = 16 * 1024

interface Piece {
  readonly bytes: Buffer
  readonly dueMs: number
}

/** One direction of one connection. It holds up its sender when its receiver, or the cable, is slow. */
export class ToxicFlow {
  readonly #from: Socket
  readonly #to: Socket
  readonly #toxics: () => readonly Toxic[]
  readonly #random: () => number
  #line: Piece[] = []
  #lineBytes = 0
  #pumping = false
  #lastDueMs = 0
  #passed = 0
  #onRoom: (() => void) | undefined

  /** `toxics`: those of this direction, now. */
  constructor(from: Socket, to: Socket, toxics: () => readonly Toxic[], random: () => number) {
    this.#from = from
    this.#to = to
    this.#toxics = toxics
    this.#random = random
    from.setNoDelay(true)
    from.on('error', () => {})
    from.on('data', (bytes) => this.#took(bytes))
    from.on('end', () => this.#finish(() => to.end()))
    from.on('close', (failed) => this.#finish(() => (failed ? to.resetAndDestroy() : to.destroySoon())))
    to.on('drain', () => this.#line.length === 0 && from.resume())
  }

  #find<K extends Toxic['kind']>(kind: K): ToxicOf<K> | undefined {
    return this.#toxics().find((toxic): toxic is ToxicOf<K> => toxic.kind === kind)
  }

  #took(bytes: Buffer): void {
    if (this.#find('timeout') !== undefined) return
    const isFree = this.#line.length === 0 && !this.#pumping && this.#toxics().length === 0
    if (isFree) {
      if (!this.#to.write(bytes)) this.#from.pause()
      return
    }
    this.#from.pause()
    this.#carry(this.#withinLimit(bytes)).then(
      () => {
        this.#closeAtLimit()
        this.#from.resume()
      },
      () => this.#from.destroy(),
    )
  }

  #withinLimit(bytes: Buffer): Buffer {
    const limit = this.#find('limit_data')
    if (limit === undefined) return bytes
    const passing = bytes.subarray(0, Math.max(0, limit.bytes - this.#passed))
    this.#passed += bytes.length
    return passing
  }

  #closeAtLimit(): void {
    if (this.#passed < (this.#find('limit_data')?.bytes ?? Number.POSITIVE_INFINITY)) return
    this.#finish(() => [this.#to, this.#from].map((socket) => socket.destroySoon()))
  }

  /** Resolves when the line has room for more. */
  async #carry(bytes: Buffer): Promise<void> {
    const slicer = this.#find('slicer')
    let at = 0
    while (at < bytes.length) {
      const size = slicer ? Math.max(1, Math.round(this.#around(slicer.bytes, slicer.variation))) : bytes.length
      this.#enqueue(bytes.subarray(at, at + size))
      at += size
      if (slicer?.delayMs) await this.#sleep(slicer.delayMs)
    }
    if (this.#lineBytes <= this.#lineMaxBytes) return
    await new Promise<void>((resolve) => {
      this.#onRoom = resolve
    })
  }

  get #lineMaxBytes(): number {
    const bandwidth = this.#find('bandwidth')
    return bandwidth ? Math.max(LINE_MIN_BYTES, bandwidth.bytesPerS * LINE_SECONDS) : LINE_MAX_BYTES
  }

  #enqueue(bytes: Buffer): void {
    const latency = this.#find('latency')
    const laterMs = latency ? Math.max(0, this.#around(latency.latencyMs, latency.jitterMs)) : 0
    this.#lastDueMs = Math.max(this.#lastDueMs, performance.now() + laterMs) // never overtakes
    this.#line.push({ bytes, dueMs: this.#lastDueMs })
    this.#lineBytes += bytes.length
    if (!this.#pumping) this.#pump().catch(() => this.#from.destroy())
  }

  #around(middle: number, variation = 0): number {
    return middle + (this.#random() * 2 - 1) * variation
  }

  async #pump(): Promise<void> {
    this.#pumping = true
    for (let piece = this.#line[0]; piece !== undefined; piece = this.#line[0]) {
      await this.#sleep(piece.dueMs - performance.now())
      const bandwidth = this.#find('bandwidth')
      if (bandwidth) await this.#sleep((piece.bytes.length * 1000) / bandwidth.bytesPerS)
      this.#line.shift()
      this.#lineBytes -= piece.bytes.length
      if (this.#find('timeout') === undefined && this.#to.writable) await this.#write(piece.bytes)
      if (this.#lineBytes <= this.#lineMaxBytes) this.#onRoom?.()
    }
    this.#pumping = false
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#to.write(bytes)) return
    await new Promise<void>((resolve) => {
      this.#to.once('drain', resolve)
      this.#to.once('close', resolve)
    })
  }

  /** After what is on its way; never while every byte is swallowed, the end would be one. */
  #finish(act: () => unknown): void {
    const delayMs = this.#find('slow_close')?.delayMs ?? 0
    const look = async (): Promise<void> => {
      while (this.#pumping && !this.#to.destroyed) await this.#sleep(5)
      await this.#sleep(delayMs)
      if (this.#find('timeout') === undefined) act()
    }
    if (!this.#pumping && delayMs === 0 && this.#find('timeout') === undefined) act()
    else look().catch(() => this.#to.destroy())
  }

  #sleep(ms: number): Promise<void> {
    return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms))
  }
}
