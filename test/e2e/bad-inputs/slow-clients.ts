import net from 'node:net'
import tls from 'node:tls'
import { expect } from 'vitest'
import { handshakeText, statusOf } from '../../helpers/raw-handshake.ts'
import type { TestGateway } from '../../helpers/start-gateway.ts'
import type { BadInput } from './world.ts'

/** Sockets of each kind. */
const COUNT = 50

/** What clients that take their time heard in the end, and after how long. */
export interface SlowClients {
  readonly tcp: Promise<readonly Heard[]>
  readonly tls: Promise<readonly Heard[]>
  readonly drip: Promise<Heard>
  readonly noHello: Promise<Heard>
}

interface Heard {
  readonly text: string
  readonly afterMs: number
}

/** They begin now and end while other things are tried. */
export function startSlowClients(gateway: TestGateway): SlowClients {
  const each = (open: () => net.Socket) => Promise.all(Array.from({ length: COUNT }, () => heard(open())))
  const secure = () => tls.connect({ port: gateway.port, host: '127.0.0.1', ca: gateway.ca })
  return {
    tcp: each(() => net.connect(gateway.port, '127.0.0.1')),
    tls: each(secure),
    drip: drip(secure()),
    noHello: noHello(gateway, secure()),
  }
}

function heard(socket: net.Socket): Promise<Heard> {
  const startedMs = performance.now()
  let text = ''
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  socket.on('end', () => socket.destroy())
  return new Promise((resolve) => socket.on('close', () => resolve({ text, afterMs: performance.now() - startedMs })))
}

/** One byte of a header each second. */
async function drip(socket: net.Socket): Promise<Heard> {
  const answer = heard(socket)
  socket.write('GET /device/v1 HTTP/1.1\r\nX-Slow: ')
  const timer = setInterval(() => socket.writable && socket.write('x'), 1_000)
  return answer.finally(() => clearInterval(timer))
}

async function noHello(gateway: TestGateway, socket: net.Socket): Promise<Heard> {
  const answer = heard(socket)
  const { token } = await gateway.enrol()
  socket.write(handshakeText({ token }))
  return answer
}

/** Far above what a limit allows, far below what Node would: two minutes. */
const CUT_MAX_MS = 40_000

/** The last rows of the table, since they take their seconds. */
export function slowClients(started: () => SlowClients): readonly BadInput[] {
  return [
    {
      id: 'B02',
      sends: 'one byte of a header each second',
      answer: '408',
      does: async () => expect(statusOf((await started().drip).text)).toBe(408),
    },
    {
      id: 'B02',
      sends: `${COUNT} TLS clients that say nothing`,
      answer: '408',
      does: () => allAnswered(started().tls, 408),
    },
    {
      id: 'B02',
      sends: `${COUNT} TCP clients that say nothing`,
      answer: 'cut after 10 s',
      does: () => allAnswered(started().tcp),
    },
    {
      id: 'B02',
      sends: 'no hello after the 101',
      answer: 'bye 4015 [S-1]',
      does: async () => expect((await started().noHello).text).toContain('"code":4015'),
    },
  ]
}

async function allAnswered(clients: Promise<readonly Heard[]>, status?: number): Promise<void> {
  const all = await clients
  expect(all.filter(({ afterMs }) => afterMs > CUT_MAX_MS)).toEqual([])
  if (status === undefined) expect(all.filter(({ text }) => text !== '')).toEqual([])
  else expect(new Set(all.map(({ text }) => statusOf(text)))).toEqual(new Set([status]))
}
