import { printable, printLine } from './print.ts'

/** A line of a terminal, not a page of it. The rest is there with --json. */
const SHOWN_MAX = 300
/** Output that a frozen reader has not taken. Beyond it messages are left out, and counted. */
const WAITING_MAX_BYTES = 8 * 1024 * 1024

/** Lines on stdout until there are enough, or somebody interrupts. */
export class TailOutput {
  readonly #over = new AbortController()
  readonly #max: number
  #printed = 0
  #leftOut = 0

  constructor(max: number) {
    this.#max = max
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => this.#over.abort())
  }

  /** Aborted when nothing more is wanted. */
  get over(): AbortSignal {
    return this.#over.signal
  }

  /** Prints the line, unless there are enough or the reader is too slow. */
  print(line: () => string): void {
    if (this.#printed >= this.#max || this.#isFull()) return
    this.#printed += 1
    printLine(line())
    if (this.#printed >= this.#max) this.#over.abort()
  }

  #isFull(): boolean {
    const isFull = process.stdout.writableLength > WAITING_MAX_BYTES
    if (isFull) this.#leftOut += 1
    else if (this.#leftOut > 0) {
      process.stderr.write(`fairlead: ${this.#leftOut} messages left out, the reader was too slow\n`)
      this.#leftOut = 0
    }
    return isFull
  }
}

/** `12:00:01 greenhouse-1 telemetry temperature=21.5 humidity=40` */
export function tailLine(device: string, what: string, text: string): string {
  const clock = new Date().toTimeString().slice(0, 8)
  const shown = text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`
  return printable(`${clock} ${device} ${what} ${shown}`.trimEnd())
}

/** `temperature=21.5 door="open"` */
export function pairs(values: object): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? JSON.stringify(value) : String(value)}`)
    .join(' ')
}
