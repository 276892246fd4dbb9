import { CLOSE, type CloseCode } from '../../protocol/close-codes.ts'
import type { DeviceStream } from './device-stream.ts'
import { DeviceStream as Stream } from './device-stream.ts'
import type { Session } from './session.ts'

/** Every connection, and which of them is the one session of its device. */
export class Sessions {
  readonly #connections = new Set<Session>()
  readonly #byDevice = new Map<string, Session>()
  readonly #streams = new Map<string, DeviceStream>()
  /** The highest number that a session of the device had. As many as there are devices. */
  readonly #highest = new Map<string, number>()

  add(session: Session): void {
    this.#connections.add(session)
  }

  remove(session: Session): void {
    this.#connections.delete(session)
    if (this.#byDevice.get(session.device) === session) this.#byDevice.delete(session.device)
  }

  all(): Iterable<Session> {
    return this.#connections
  }

  get size(): number {
    return this.#connections.size
  }

  get online(): number {
    return this.#byDevice.size
  }

  /** The session that stands for the device, ready or about to be. */
  of(device: string): Session | undefined {
    return this.#byDevice.get(device)
  }

  /** The ready session that takes commands and settings; one that only rotates takes none [K-10]. */
  serving(device: string): Session | undefined {
    const session = this.#byDevice.get(device)
    return session?.state === 'ready' && !session.rotatesOnly ? session : undefined
  }

  /** [K-5] Ends every connection of the device, or those with the token, also one that is not ready yet. */
  endAll(device: string, close: CloseCode, tokenId?: string): void {
    for (const session of this.#connections) {
      if (session.device !== device) continue
      if (tokenId === undefined || session.claims.tokenId === tokenId) session.end(close)
    }
  }

  /**
   * [S-4] [S-5] Makes this the device's session if its number is the highest, and ends the older one with 4009. False
   * when a newer one is there, or was: presence speaks of that one, so this one is ended.
   */
  claim(session: Session): boolean {
    const { device, number } = session
    if (number < (this.#highest.get(device) ?? 0)) {
      session.end(CLOSE.replaced)
      return false
    }
    const current = this.#byDevice.get(device)
    this.#highest.set(device, number)
    this.#byDevice.set(device, session)
    if (current !== session) current?.end(CLOSE.replaced)
    return true
  }

  /** The sequence memory of a device, kept over its sessions. As many as there are devices. */
  stream(device: string): DeviceStream {
    let stream = this.#streams.get(device)
    if (stream === undefined) {
      stream = new Stream()
      this.#streams.set(device, stream)
    }
    return stream
  }

  forget(device: string): void {
    this.#streams.delete(device)
    this.#highest.delete(device)
  }

  /** The device with the most bytes that wait for the bus: it is the one to give way. */
  heaviest(): Session | undefined {
    let heaviest: Session | undefined
    for (const session of this.#byDevice.values()) {
      if (bytesOf(session) > (heaviest ? bytesOf(heaviest) : 0)) heaviest = session
    }
    return heaviest
  }
}

function bytesOf(session: Session): number {
  return session.stream?.unacknowledged.bytes ?? 0
}
