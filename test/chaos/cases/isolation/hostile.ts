import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import tls from 'node:tls'
import { WebSocket } from 'ws'

/** A hostile client, in a process of its own so that it takes no time from the devices that are measured. */

export interface HostileOrder {
  readonly port: number
  readonly ca: string
  /** Good tokens of two devices, each of which misbehaves in one way. */
  readonly framesToken: string
  readonly pingsToken: string
}

/** How often each thing ended how: close codes of sessions, statuses of handshakes. */
export type HostileCounts = Record<'bad frames' | 'pings' | 'handshakes', Record<string, number>>

/** Its own address, so that only it is banned. */
const LOCAL_ADDRESS = '127.0.0.66'
const HANDSHAKES_AT_ONCE = 16
const SILENT_SOCKETS = 200
const FLOOD_FRAMES = 200
const PAUSE_MS = 20

const counts: HostileCounts = { 'bad frames': {}, pings: {}, handshakes: {} }
let going = true

function note(kind: keyof HostileCounts, how: string | number): void {
  counts[kind][how] = (counts[kind][how] ?? 0) + 1
}

/** A session that does its worst as soon as it is open. Resolves when it is over. */
function session(order: HostileOrder, token: string, kind: 'bad frames' | 'pings'): Promise<void> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`wss://127.0.0.1:${order.port}/device/v1`, ['fairlead.v1'], {
      headers: { authorization: `Bearer ${token}` },
      ca: order.ca,
      localAddress: LOCAL_ADDRESS,
    })
    socket.on('open', () => {
      const hello = { type: 'hello', boot: String(Math.random()).slice(2), firmware: 'x', model: 'x', capabilities: [] }
      socket.send(JSON.stringify(hello))
    })
    socket.once('message', () => {
      if (kind === 'pings') pingWithoutEnd(socket)
      else for (let n = 0; n < FLOOD_FRAMES; n++) socket.send(`{"type":"telemetry","seq":"${'x'.repeat(1_000)}`)
    })
    socket.on('unexpected-response', (_request, response) => {
      note(kind, `HTTP ${response.statusCode}`)
      socket.terminate()
    })
    socket.on('error', () => {})
    socket.on('close', (code) => {
      if (socket.protocol !== '') note(kind, code)
      resolve()
    })
  })
}

/** Some at a time and reading the pongs: more at once is cut by ws without a word. */
function pingWithoutEnd(socket: WebSocket): void {
  const timer = setInterval(() => {
    for (let n = 0; n < 10; n++) socket.ping('flood')
  }, 5)
  socket.on('close', () => clearInterval(timer))
}

/** One handshake with a bad token. */
function handshake(order: HostileOrder): Promise<void> {
  return new Promise((resolve) => {
    const raw = connect({ port: order.port, host: '127.0.0.1', localAddress: LOCAL_ADDRESS })
    const socket = tls.connect({ socket: raw, host: '127.0.0.1', ca: order.ca })
    let text = ''
    socket.on('secureConnect', () => {
      const lines = ['GET /device/v1 HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket']
      const rest = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
      const last = [
        'Sec-WebSocket-Protocol: fairlead.v1',
        'Authorization: Bearer eyJhbGciOiJFUzI1NiJ9.e30.c2ln',
        '',
        '',
      ]
      socket.write([...lines, ...rest, ...last].join('\r\n'))
    })
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    const over = () => {
      raw.destroy()
      resolve()
    }
    raw.on('error', () => {})
    socket.on('error', over)
    raw.on('close', over)
    socket.on('close', () => {
      note('handshakes', text === '' ? 'reset' : text.slice(9, 12))
      over()
    })
  })
}

async function again(act: () => Promise<void>): Promise<void> {
  while (going) {
    await act()
    await delay(PAUSE_MS)
  }
}

/** Connects and says nothing, as many times at once. */
async function silence(order: HostileOrder): Promise<void> {
  const open = () => {
    const socket = connect({ port: order.port, host: '127.0.0.1', localAddress: LOCAL_ADDRESS })
    socket.on('error', () => {})
    socket.on('close', () => {
      if (going) setTimeout(open, PAUSE_MS)
    })
  }
  for (let n = 0; n < SILENT_SOCKETS; n++) open()
}

process.once('message', (order: HostileOrder) => {
  const handshakes = Array.from({ length: HANDSHAKES_AT_ONCE }, () => again(() => handshake(order)))
  const sessions = [
    again(() => session(order, order.framesToken, 'bad frames')),
    again(() => session(order, order.pingsToken, 'pings')),
  ]
  Promise.all([...handshakes, ...sessions, silence(order)])
    .then(() => process.send?.(counts, undefined, undefined, () => process.exit(0)))
    .catch((error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`, () => process.exit(1))
    })
  process.once('message', () => {
    going = false
  })
})
process.on('disconnect', () => process.exit(1))
