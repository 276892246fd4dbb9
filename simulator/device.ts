import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { JsonObject } from '../protocol/json.ts'
import { POINTS_MAX } from '../protocol/limits.ts'
import type * as wire from '../protocol/messages.ts'
import type { Problem } from '../protocol/problem.ts'
import { CommandRunner } from './command-runner.ts'
import { Connection } from './connection.ts'
import type { ConnectionFacts, DeviceState } from './connection-options.ts'
import { type DeviceClock, systemClock } from './device-clock.ts'
import * as kinds from './device-options.ts'
import { type Content, Outbox, type Sent } from './outbox.ts'
import { Uplink } from './uplink.ts'

/** An hour of one record each 4 s. The bytes of a record are bounded by the frame. */
const OUTBOX_MAX_RECORDS = 1_000
const HISTORY_MAX = 32

const newBootId = (): string => randomBytes(6).toString('hex')

/**
 * A device as the firmware will be: the same states, back-off, outbox and memory of commands. It never gives up by
 * itself. A failed connect throws nothing: what went wrong stands in `history`, `lastBye`, `closeCode`, `httpStatus`
 * and `connection.lastError`.
 */
export class SimulatedDevice extends EventEmitter<kinds.DeviceEvents> {
  readonly counts = kinds.noCounts()
  /** The last HISTORY_MAX changes of state. */
  readonly history: kinds.Transition[] = []
  /** What `desired` has set. */
  settings: JsonObject = {}

  readonly #options: kinds.DeviceOptions
  readonly #clock: DeviceClock
  readonly #connection: Connection
  readonly #outbox: Outbox
  readonly #uplink: Uplink
  readonly #runner: CommandRunner
  #settingsVersion = 0
  #unsentReport: wire.Reported | undefined
  #ready: PromiseWithResolvers<wire.Welcome> | undefined

  /** Throws TypeError for a `url` that is none. */
  constructor(options: kinds.DeviceOptions) {
    super()
    this.setMaxListeners(0) // tests await several things at once; a leak would show in their own counts
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#connection = new Connection(options, {
      hello: () => this.#hello(),
      changed: (from, to, why) => this.#changed(from, to, why),
      welcomed: (welcome) => this.#onWelcome(welcome),
      message: (message) => this.#onMessage(message),
      binary: (frame) => void this.emit('binary', frame),
      strange: (problem) => this.#onStrange(problem),
      lost: () => this.#outbox.rewind(),
    })
    const { boot = newBootId(), firstSeq = 1, outboxMax = OUTBOX_MAX_RECORDS, obeyLimits = true } = options
    this.#outbox = new Outbox(boot, firstSeq, outboxMax)
    this.#uplink = new Uplink(this.#outbox, this.counts, obeyLimits, {
      send: (frame) => void this.sendRaw(frame),
      sent: (record) => void this.emit('sent', record),
      settled: (record, outcome) => void this.emit('settled', record, outcome),
      drained: () => void this.emit('drained'),
      nowMs: () => this.#clock.nowMs(),
    })
    this.#runner = new CommandRunner(
      (name) => this.#handlerOf(name) !== undefined,
      (command, run) => this.#runCommand(command, { ...run, device: this }),
      (message) => void this.#connection.send(message),
      this.counts,
    )
  }

  get state(): DeviceState {
    return this.#connection.state
  }
  get boot(): string {
    return this.#outbox.boot
  }
  /** Records without an acknowledgement. */
  get unacked(): number {
    return this.#outbox.length
  }
  get inFlight(): number {
    return this.#outbox.inFlight
  }
  /** The token of the next connect, and what is known of the present or last session and link. */
  get token(): string {
    return this.#connection.tokens.current
  }
  get welcome(): wire.Welcome | undefined {
    return this.#connection.welcome
  }
  get lastBye(): wire.GatewayBye | undefined {
    return this.#connection.lastBye
  }
  /** Of the last link, when it ended with a close frame. */
  get closeCode(): number | undefined {
    return this.#connection.closeCode
  }
  /** Of the last attempt, when it was refused before the 101. */
  get httpStatus(): number | undefined {
    return this.#connection.httpStatus
  }
  /** The rest of what is known: `lastError`, `connectMs`, `sessions`, `failedConnects`. */
  get connection(): ConnectionFacts {
    return this.#connection
  }

  /** The `welcome` of the present session, or of the next; rejects when the device is stopped before. */
  get ready(): Promise<wire.Welcome> {
    if (this.state === 'ready' && this.welcome) return Promise.resolve(this.welcome)
    if (this.#ready === undefined) {
      this.#ready = Promise.withResolvers()
      this.#ready.promise.catch(() => undefined) // whoever awaits it still sees the rejection
    }
    return this.#ready.promise
  }

  /** Resolves when the device is in `state`, at once if it is. */
  until(state: DeviceState): Promise<void> {
    if (this.state === state) return Promise.resolve()
    return new Promise((resolve) => {
      const look = ({ to }: kinds.Transition): void => {
        if (to !== state) return
        this.off('state', look)
        resolve()
      }
      this.on('state', look)
    })
  }

  /** Resolves when the outbox is empty. */
  drained(): Promise<void> {
    if (this.#outbox.length === 0) return Promise.resolve()
    return new Promise((resolve) => void this.once('drained', resolve))
  }

  /** Connects now. Does nothing while the device runs. */
  start(): void {
    this.#connection.start()
  }

  /** Leaves with `bye` and a close; resolves when offline. Records that wait stay in the outbox. */
  stop(): Promise<void> {
    this.#connection.leave({ type: 'bye' })
    return this.until('offline')
  }

  /** Leaves with the promise to be back in `sleepS` seconds. It does not wake by itself: call `start`. */
  sleep(sleepS: number): Promise<void> {
    this.#connection.leave({ type: 'bye', sleepS })
    return this.until('offline')
  }

  /** Unplugged: the TCP socket is destroyed without any close, and the device stays offline until `start`. */
  kill(): void {
    this.#connection.cut('killed')
  }

  /** Loses the network: the TCP socket is destroyed, and the device comes back by its back-off. */
  dropLink(): void {
    this.#connection.dropLink()
  }

  /** Restarts abruptly with a new boot id. Outbox, tokens and command memory are kept, as in flash. */
  reboot(): void {
    this.#connection.restart(() => {
      this.#runner.interrupt()
      this.#outbox.reboot(newBootId())
    })
  }

  /** One point. Throws RangeError when the frame could exceed the session's limit. */
  telemetry(values: kinds.PointInput['values'], time: kinds.TimeOptions = {}): Sent {
    return this.telemetryBatch([{ ...time, values }])
  }

  /** 1 … POINTS_MAX points in one frame. */
  telemetryBatch(points: readonly kinds.PointInput[]): Sent {
    const obeys = this.#options.obeyLimits ?? true
    if (obeys && points.length > POINTS_MAX) throw new RangeError(`more than ${POINTS_MAX} points`) // [L-7]
    return this.#enqueue({
      kind: 'telemetry',
      points: points.map(({ values, ...time }) => ({ values, time: kinds.recordTime(time, this.#clock.nowMs()) })),
    })
  }

  event(name: string, data: unknown = null, time: kinds.TimeOptions = {}): Sent {
    return this.#enqueue({ kind: 'event', name, data, time: kinds.recordTime(time, this.#clock.nowMs()) })
  }

  /** Opaque bytes on a channel. After a reboot it is born again with a new `seq`, since the frame has no boot id. */
  channel(name: string, payload: Uint8Array): Sent {
    return this.#enqueue({ kind: 'channel', name, payload })
  }

  /** What the device runs with; the latest one waits for the next session when there is none. */
  reported(version: number, state: JsonObject): void {
    const message = { type: 'reported', version, state } as const
    this.#unsentReport = this.#connection.send(message) ? undefined : message
  }

  /** False: not connected, and the line is lost. */
  log(level: wire.DeviceLog['level'], text: string): boolean {
    return this.#connection.send({ type: 'log', level, text })
  }

  /** Any frame, good or bad, as soon as the link is open. False: it is not. */
  sendRaw(frame: string | Uint8Array): boolean {
    return this.#connection.sendRaw(frame)
  }

  #enqueue(content: Content): Sent {
    if (this.#outbox.exhausted) this.reboot() // [L-15] a new boot id needs a new `hello`
    const record = this.#uplink.put(content, this.welcome?.limits)
    this.#pump()
    return record
  }

  #pump(): void {
    if (this.state === 'ready') this.#uplink.pump(this.welcome?.limits)
  }

  #changed(from: DeviceState, to: DeviceState, why: string): void {
    const transition = { from, to, why, at: Date.now() }
    this.history.push(transition)
    if (this.history.length > HISTORY_MAX) this.history.shift()
    this.emit('state', transition)
    if (to !== 'offline' || this.#connection.wanted) return
    this.#ready?.reject(new Error(`offline before it was ready: ${why}`))
    this.#ready = undefined
  }

  #hello(): wire.Hello {
    const { firmware = 'simulator', model = 'simulated', capabilities = [], nextWakeS } = this.#options
    return { type: 'hello', boot: this.boot, firmware, model, capabilities, nextWakeS }
  }

  #onWelcome(welcome: wire.Welcome): void {
    this.#ready?.resolve(welcome)
    this.#ready = undefined
    this.emit('message', welcome)
    this.emit('welcome', welcome)
    if (welcome.acked !== undefined) this.#uplink.onAck({ seq: welcome.acked })
    if (this.#unsentReport) this.reported(this.#unsentReport.version, this.#unsentReport.state)
    this.#pump()
  }

  #onStrange(problem: Problem | undefined): void {
    this.counts.strangeFrames++
    if (problem !== undefined) this.emit('malformed', problem)
  }

  #onMessage(message: wire.GatewayMessage): void {
    this.emit('message', message)
    switch (message.type) {
      case 'ack':
        this.#uplink.onAck(message)
        return this.#pump()
      case 'nack':
        this.#uplink.onNack(message)
        return this.#pump()
      case 'command':
        return this.#runner.deliver(message)
      case 'cancel':
        return this.#runner.cancel(message.id)
      case 'desired':
        return this.#onDesired(message)
      case 'token':
        return this.#onToken(message)
    }
  }

  /** Takes it over and reports what runs now [M-12]. */
  #onDesired(desired: wire.Desired): void {
    if (desired.version < this.#settingsVersion) return
    this.#settingsVersion = desired.version
    const { onDesired } = this.#options
    if (onDesired === undefined) this.settings = desired.state // the whole of it [M-12]
    this.reported(desired.version, onDesired?.(desired, this) ?? this.settings)
  }

  /** The present session goes on; the next connect uses the new token [K-6] [K-7]. */
  #onToken({ tokenId, token }: wire.NewToken): void {
    const sha256 = this.#connection.tokens.store(token)
    this.#connection.send({ type: 'token_stored', tokenId, sha256 })
    this.emit('token', token)
  }

  #handlerOf(name: string): kinds.CommandHandler | undefined {
    const { commands = {}, onCommand } = this.#options
    return Object.hasOwn(commands, name) ? commands[name] : onCommand
  }

  #runCommand(command: wire.Command, context: kinds.CommandContext): unknown {
    return this.#handlerOf(command.name)?.(command, context)
  }
}
