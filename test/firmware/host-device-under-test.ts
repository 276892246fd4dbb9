import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { JsonObject } from '../../protocol/json.ts'
import { type Born, type DeviceSetup, type DeviceUnderTest, TIME_SCALE } from './device-under-test.ts'

/** "Start me again": firmware/host/port_posix/system_posix.hpp. */
const RESTART_EXIT_CODE = 42
const LINES_KEPT = 50

// biome-ignore lint/suspicious/noExplicitAny: the process says by `on` what a line is
type Line = any

const STATES: Readonly<Record<string, DeviceUnderTest['state']>> = {
  ready: 'ready',
  backoff: 'waiting',
  link_wait: 'waiting',
}

/** The firmware's core as a process, started again whenever it wants to restart. */
export class HostDeviceUnderTest implements DeviceUnderTest {
  boot = ''
  state: DeviceUnderTest['state'] = 'busy'
  sessions = 0
  unacknowledged = 0
  lastBye: DeviceUnderTest['lastBye']
  settings: JsonObject = {}
  readonly refusals: number[] = []
  readonly confirmedTokens: string[] = []
  /** Why connections ended, in order. */
  readonly failures: string[] = []
  /** What it said of itself that was no news of the session. */
  readonly problems: string[] = []
  readonly #arguments: string[]
  readonly #path: string
  readonly #runs = new Map<string, number>()
  readonly #waiting: { on: string; take: (line: Line) => void }[] = []
  readonly #last: string[] = []
  #child: ChildProcess | undefined
  #wanted = false

  constructor(path: string, setup: DeviceSetup, more: readonly string[] = []) {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-device-'))
    const caFile = join(folder, 'ca.pem')
    writeFileSync(caFile, setup.ca)
    this.#path = path
    this.#arguments = ['--state', join(folder, 'state'), '--ca', caFile, '--port', `${setup.port}`]
    this.#arguments.push('--host', '127.0.0.1', '--token', setup.token, '--time-scale', `${TIME_SCALE}`, ...more)
    if (setup.otherToken !== undefined) this.#arguments.push('--other-token', setup.otherToken)
    onTestFinished(({ task }) => {
      this.#wanted = false
      this.#child?.kill('SIGKILL')
      if (task.result?.state === 'fail') process.stderr.write(`the device said:\n${this.#last.join('\n')}\n`)
      rmSync(folder, { recursive: true, force: true })
    })
  }

  start(): void {
    if (this.#child !== undefined) return this.#order({ do: 'connect' })
    this.#wanted = true
    this.#spawn()
  }
  async telemetry(values: Readonly<Record<string, number | boolean | string>>): Promise<Born> {
    return this.#push({ do: 'telemetry', values })
  }
  async event(name: string, data: JsonObject): Promise<Born> {
    return this.#push({ do: 'event', name, data })
  }
  async channel(name: string, payload: Uint8Array): Promise<Born> {
    return this.#push({ do: 'channel', name, hex: Buffer.from(payload).toString('hex') })
  }
  log(level: 'info' | 'warn', text: string): void {
    this.#order({ do: 'log', level, text })
  }
  async restart(): Promise<void> {
    this.#order({ do: 'restart' })
    await this.#next('started')
  }
  sleep(seconds: number): void {
    this.#order({ do: 'sleep', seconds })
  }
  leave(): void {
    this.#order({ do: 'leave' })
  }
  runsOf(commandId: string): number {
    return this.#runs.get(commandId) ?? 0
  }

  /** Pulls the plug, and starts it again at once. */
  async unplug(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#next('started')
  }
  /** Whether the network below the socket is there. */
  link(up: boolean): void {
    this.#order({ do: 'link', up })
  }
  stats(): Promise<Line> {
    this.#order({ do: 'stats' })
    return this.#next('stats')
  }
  /** Ends a command of the name `ask`. */
  answer(id: string, result: JsonObject): void {
    this.#order({ do: 'answer', id, ...result })
  }

  async #push(order: JsonObject): Promise<Born> {
    this.#order(order)
    const { boot, seq, status } = await this.#next('pushed')
    if (status !== 'ok') throw new Error(`not taken: ${status}`)
    return { boot, seq }
  }

  /** A line as it stands. */
  say(line: string): void {
    this.#child?.stdin?.write(`${line}\n`)
  }

  #order(order: JsonObject): void {
    this.say(JSON.stringify(order))
  }

  #next(on: string): Promise<Line> {
    return new Promise((resolve) => this.#waiting.push({ on, take: resolve }))
  }

  #spawn(): void {
    const child = spawn(this.#path, this.#arguments, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child = child
    this.state = 'busy'
    let rest = ''
    child.stdin.on('error', () => {}) // it may end while an order is on its way
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.#hear(line)
    })
    child.on('close', (code, signal) => {
      if (!this.#wanted) return
      if (code === RESTART_EXIT_CODE || signal === 'SIGKILL') this.#spawn()
      else this.problems.push(`ended with ${code ?? signal}`)
    })
  }

  #hear(text: string): void {
    this.#last.push(text)
    if (this.#last.length > LINES_KEPT) this.#last.shift()
    const line: Line = JSON.parse(text)
    this.#note(line)
    const index = this.#waiting.findIndex(({ on }) => on === line.on)
    if (index >= 0) this.#waiting.splice(index, 1)[0]?.take(line)
  }

  #note(line: Line): void {
    switch (line.on) {
      case 'started':
        this.boot = line.boot
        this.unacknowledged = line.unacknowledged
        return
      case 'state':
        this.state = STATES[line.state] ?? 'busy'
        if (line.state === 'ready') this.sessions += 1
        return
      case 'left':
        this.state = 'left'
        return
      case 'pushed':
      case 'outbox':
        this.unacknowledged = line.unacknowledged
        return
      case 'bye':
        this.lastBye = line
        return
      case 'closed':
        this.failures.push(line.fail)
        if (line.http_status !== 0) this.refusals.push(line.http_status)
        return
      case 'command':
        this.#runs.set(line.id, this.runsOf(line.id) + 1)
        return
      case 'settings':
        this.settings = line.settings
        return
      case 'token_stored':
        this.confirmedTokens.push(line.sha256)
        return
      case 'problem':
        this.problems.push(line.text)
    }
  }
}
