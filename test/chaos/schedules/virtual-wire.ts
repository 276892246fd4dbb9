import type { ConnectionEvents } from '../../../gateway/core/connections.ts'
import { DEFAULT_LIMITS } from '../../../gateway/core/limits.ts'
import type { DeviceLink as GatewayLink } from '../../../gateway/core/ports.ts'
import type { DeviceLink, LinkOptions, LinkUser } from '../../../simulator/link.ts'
import type { VirtualClock } from './virtual-clock.ts'
import type { VirtualGateway } from './virtual-gateway.ts'

/** As websocket.ts: a peer that does not answer the close frame is destroyed after this. */
const CLOSE_TIMEOUT_MS = 2_000

/** What the network does to one device at the moment. */
export interface Weather {
  latencyMs: number
  /** Nothing arrives before this (monotonic), in neither direction; then everything does. */
  stalledUntilMs: number
  /** New connections go nowhere until this. */
  unreachableUntilMs: number
}

/** One direction: in order, late, stalled or for ever silent. */
class Pipe {
  readonly #clock: VirtualClock
  readonly #weather: Weather
  readonly #queue: { readonly bytes: number; readonly arrive: () => void }[] = []
  #lastDueMs = 0
  bytes = 0
  isSilent = false

  constructor(clock: VirtualClock, weather: Weather) {
    this.#clock = clock
    this.#weather = weather
  }

  push(arrive: () => void, bytes = 0): void {
    this.#queue.push({ bytes, arrive })
    this.bytes += bytes
    this.#lastDueMs = Math.max(this.#clock.nowMs() + this.#weather.latencyMs, this.#lastDueMs)
    this.#clock.after(this.#lastDueMs - this.#clock.nowMs(), () => this.#deliver())
  }

  #deliver(): void {
    if (this.isSilent) return
    const stallMs = this.#weather.stalledUntilMs - this.#clock.nowMs()
    if (stallMs > 0) {
      this.#clock.after(stallMs, () => this.#deliver())
      return
    }
    const first = this.#queue.shift()
    if (first === undefined) return
    this.bytes -= first.bytes
    first.arrive()
  }
}

/** A WebSocket between a device and a gateway: both ends of it, and what the network does between them. */
export class Wire implements DeviceLink {
  silenceMaxMs = 36_000
  readonly gateway: VirtualGateway | undefined
  readonly #clock: VirtualClock
  readonly #user: LinkUser
  readonly #up: Pipe
  readonly #down: Pipe
  #heardAtMs = 0
  #wasOpen = false
  /** Each end knows only of itself. */
  #device: 'opening' | 'open' | 'closing' | 'gone' = 'opening'
  #events: ConnectionEvents | undefined
  #gatewayIsClosing = false

  constructor(clock: VirtualClock, weather: Weather, gateway: VirtualGateway | undefined, user: LinkUser) {
    this.#clock = clock
    this.gateway = gateway
    this.#user = user
    this.#up = new Pipe(clock, weather)
    this.#down = new Pipe(clock, weather)
  }

  /** Frames pass both ways, as far as the network is concerned. */
  get isWhole(): boolean {
    const { gateway } = this
    return this.#events !== undefined && gateway?.isDead === false && !this.#up.isSilent && this.#device === 'open'
  }

  /** The handshake; `unreachable` goes nowhere and says nothing. */
  shakeHands({ token }: LinkOptions, address: string, unreachable: boolean): void {
    const { gateway } = this
    if (unreachable) return
    this.#up.push(() => {
      if (gateway?.isListening !== true)
        return this.#down.push(() => this.#ended({ kind: 'unreachable', error: 'refused' }))
      const headers = {
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-protocol': 'fairlead.v1',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        authorization: `Bearer ${token}`,
      }
      const request = { method: 'GET', target: '/device/v1', headers, address }
      gateway.core.admission.admit(request).then((answer) => {
        if (gateway.isDead) return
        if ('status' in answer) this.#down.push(() => this.#ended({ kind: 'refused', status: answer.status }))
        else this.#admitted(gateway, answer)
      }, fail)
    })
  }

  #admitted(gateway: VirtualGateway, claims: Parameters<VirtualGateway['core']['connections']['open']>[0]): void {
    this.#events = gateway.core.connections.open(claims, this.#gatewayLink(gateway), {})
    this.#down.push(() => {
      if (this.#device !== 'opening') return
      this.#device = 'open'
      this.#wasOpen = true
      this.#heard()
      this.#watchSilence()
      this.#user.opened()
    })
  }

  #gatewayLink(gateway: VirtualGateway): GatewayLink {
    return {
      send: (frame) => {
        if (gateway.isDead || this.#gatewayIsClosing) return true
        if (this.#down.bytes > DEFAULT_LIMITS.bufferedMaxBytes) return false
        this.#toDevice(() => this.#user.text(frame), frame.length)
        return true
      },
      close: (code) => {
        if (gateway.isDead || this.#gatewayIsClosing) return
        this.#gatewayIsClosing = true
        this.#down.push(() => this.#closedByGateway(code))
        this.#clock.after(CLOSE_TIMEOUT_MS, () => this.#gatewayEnd('connection_lost'))
      },
      ping: () => {
        if (!gateway.isDead) this.#toDevice(() => this.#up.push(() => this.#gatewayHears((to) => to.control('pong'))))
      },
    }
  }

  #toDevice(arrive: () => void, bytes = 0): void {
    this.#down.push(() => {
      if (this.#device !== 'open' && this.#device !== 'closing') return
      this.#heard()
      arrive()
    }, bytes)
  }

  #gatewayHears(tell: (events: ConnectionEvents) => void): void {
    if (this.#events !== undefined && this.gateway?.isDead === false) tell(this.#events)
  }

  #gatewayEnd(reason: string): void {
    this.#gatewayHears((events) => events.closed(reason))
    this.#events = undefined
  }

  #closedByGateway(code: number): void {
    if (this.#device === 'gone') return
    this.#up.push(() => this.#gatewayEnd('closed_by_device'))
    this.#ended({ kind: 'closed', code })
  }

  #ended(end: Parameters<LinkUser['ended']>[0]): void {
    if (this.#device === 'gone') return
    this.#device = 'gone'
    this.#user.ended(end)
  }

  // The device's end.

  get isOpen(): boolean {
    return this.#device === 'open'
  }

  send(frame: string | Uint8Array): void {
    if (this.#device !== 'open') return
    this.#up.push(() => {
      this.#gatewayHears((to) => (typeof frame === 'string' ? to.text(frame, frame.length) : to.binary(frame)))
    })
  }

  close(): void {
    if (this.#device !== 'open') return
    this.#device = 'closing'
    this.#up.push(() => {
      this.#gatewayEnd('closed_by_device')
      this.#down.push(() => this.#ended({ kind: 'closed', code: 1000 }))
    })
  }

  cut(): void {
    this.#device = 'gone'
    this.#up.push(() => this.#gatewayEnd('connection_lost'))
  }

  drop(error: string): void {
    if (this.#device === 'gone') return
    this.#up.push(() => this.#gatewayEnd('connection_lost'))
    const end = this.#wasOpen ? ({ kind: 'dropped', error } as const) : ({ kind: 'unreachable', error } as const)
    this.#clock.after(0, () => this.#ended(end))
  }

  // What happens to it.

  /** A reset reaches both ends. */
  reset(): void {
    this.#up.push(() => this.#gatewayEnd('connection_lost'))
    this.#down.push(() => this.#ended({ kind: this.#wasOpen ? 'dropped' : 'unreachable', error: 'reset' }))
  }

  /** From now on nothing arrives, and nobody is told. */
  halfOpen(): void {
    this.#up.isSilent = true
    this.#down.isSilent = true
  }

  #heard(): void {
    this.#heardAtMs = this.#clock.nowMs()
  }

  /** [S-11] */
  #watchSilence(): void {
    if (this.#device === 'gone') return
    const leftMs = this.#heardAtMs + this.silenceMaxMs - this.#clock.nowMs()
    if (leftMs <= 0) this.drop(`nothing heard for ${this.silenceMaxMs} ms`)
    else this.#clock.after(leftMs + 1, () => this.#watchSilence())
  }
}

function fail(error: unknown): never {
  throw error
}
