import { connect, createServer, type Socket } from 'node:net'
import tls from 'node:tls'
import { SimulatedDevice } from '../../../simulator/device.ts'
import type { ChaosCase, ChaosContext, Invariant } from '../case.ts'
import { enrolMany } from '../crowd/crowd.ts'
import { descriptors, descriptorsBack } from '../crowd/figures.ts'
import { withCleanup } from '../support/cleanup.ts'
import { type GatewayUnderTest, startGatewayUnderTest } from '../support/gateway-under-test.ts'

const RESETS = 10_000
/** The short form stops here, however many it has made by then. */
const SHORT_MAX_MS = 40_000
const PARALLEL = 64
/** A phase that is not reached in this time is reset where it is. */
const PHASE_MAX_MS = 10_000
/** While all this goes on a device comes, and must be served. */
const VISITOR_MAX_MS = 60_000
/** The gateway shares its processors with those who reset. */
const DEVICES = 16

const HEAD = 'GET /device/v1 HTTP/1.1\r\nHost: gateway\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
const REST =
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: fairlead.v1\r\n'

/** How far a handshake comes before its TCP connection is reset. */
const PHASES = [
  'after TCP',
  'in the middle of the ClientHello',
  'after TLS',
  'after half of the headers',
  'during the token check',
  'right after the 101',
  'during hello',
  'right after hello',
] as const
type Phase = (typeof PHASES)[number]

/** Connections that are reset (RST, not closed) at every moment of their handshake, thousands of them. */
export const handshakeResets: ChaosCase = {
  name: 'handshake-resets',
  title: 'TCP resets in every phase of the handshake',
  alone: true,
  run: (context) =>
    withCleanup(async (cleanup) => {
      const env = { FAIRLEAD_LOG_LEVEL: 'error', FAIRLEAD_CONNECTS_PER_MINUTE: '10000' }
      const gateway = await startGatewayUnderTest(cleanup, env)
      const members = await enrolMany(gateway, DEVICES)
      const visitorToken = members.pop()?.token ?? ''
      const tokens = members.map(({ token }) => token)
      const reset = resetter(gateway, tokens, context.random)
      for (const phase of PHASES) await reset.one(phase) // what is made once (threads, files) is there now
      const base = await descriptors(gateway.pid)
      const visits = new Visitor(gateway, visitorToken)
      await resetMany(reset, context)
      const visited = await visits.stop()
      const leaked = await descriptorsBack(gateway.pid, base)
      return invariants(reset.counts, { visited, leaked, falls: gateway.falls.length })
    }),
}

interface Resetter {
  readonly counts: Map<Phase, number>
  one(phase: Phase): Promise<void>
}

async function resetMany(reset: Resetter, { long, say, random }: ChaosContext): Promise<void> {
  const startedMs = performance.now()
  let begun = 0
  const work = async () => {
    while (begun < RESETS && (long || performance.now() - startedMs < SHORT_MAX_MS)) {
      begun += 1
      await reset.one(PHASES[Math.floor(random() * PHASES.length)] ?? 'after TCP')
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  say(`${begun} resets in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`)
}

function resetter(gateway: GatewayUnderTest, tokens: readonly string[], random: () => number): Resetter {
  const counts = new Map<Phase, number>(PHASES.map((phase) => [phase, 0]))
  const clientHello = recordClientHello()
  let session: Buffer | undefined // resumed: a full handshake would cost the machine more than it shows
  return {
    counts,
    async one(phase) {
      const raw = connect({ port: gateway.port, host: '127.0.0.1', noDelay: true })
      const token = tokens[Math.floor(random() * tokens.length)] ?? ''
      const reached = await reach(raw, phase, { token, ca: gateway.ca, clientHello: await clientHello, session })
      if (reached.session !== undefined) session = reached.session
      if (reached.there) counts.set(phase, (counts.get(phase) ?? 0) + 1)
      raw.resetAndDestroy()
    },
  }
}

interface Means {
  readonly token: string
  readonly ca: string
  readonly clientHello: Buffer
  readonly session: Buffer | undefined
}

/** Goes as far as the phase. Never rejects: `there` says whether it came so far. */
function reach(raw: Socket, phase: Phase, means: Means): Promise<{ there: boolean; session?: Buffer }> {
  return new Promise((resolve) => {
    let session: Buffer | undefined
    const timer = setTimeout(() => done(false), PHASE_MAX_MS)
    const done = (there: boolean) => {
      clearTimeout(timer)
      resolve({ there, session })
    }
    raw.on('error', () => done(false))
    raw.on('close', () => done(false))
    raw.on('connect', () => {
      if (phase === 'after TCP') return done(true)
      if (phase === 'in the middle of the ClientHello') {
        const half = means.clientHello.subarray(0, means.clientHello.length / 2)
        return void raw.write(half, () => done(true))
      }
      const secure = tls.connect({ socket: raw, host: '127.0.0.1', session: means.session, ca: means.ca })
      secure.on('error', () => done(false))
      secure.on('session', (made) => {
        session = made
      })
      secure.on('secureConnect', () => speak(secure, phase, means.token, () => done(true)))
    })
  })
}

/** From the end of TLS on. */
function speak(secure: tls.TLSSocket, phase: Phase, token: string, there: () => void): void {
  if (phase === 'after TLS') return there()
  if (phase === 'after half of the headers') return void secure.write(HEAD, there)
  const request = `${HEAD}${REST}Authorization: Bearer ${token}\r\n\r\n`
  if (phase === 'during the token check') return void secure.write(request, there)
  secure.write(request)
  let text = ''
  const read = (chunk: Buffer) => {
    text += chunk.toString('latin1')
    if (!text.includes('\r\n\r\n')) return
    secure.off('data', read)
    if (!text.startsWith('HTTP/1.1 101')) return void secure.destroy()
    if (phase === 'right after the 101') return there()
    const hello = textFrame(JSON.stringify({ type: 'hello', boot: 'b', firmware: 'x', model: 'x', capabilities: [] }))
    secure.write(phase === 'during hello' ? hello.subarray(0, hello.length / 2) : hello, there)
  }
  secure.on('data', read)
}

/** A masked text frame with a mask of zeros. */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload])
}

/** The first bytes that a TLS client says. */
async function recordClientHello(): Promise<Buffer> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const bytes = new Promise<Buffer>((resolve) => server.once('connection', (socket) => socket.once('data', resolve)))
  const client = tls.connect({ port, host: '127.0.0.1' })
  client.on('error', () => {})
  const hello = await bytes
  client.destroy()
  server.close()
  return hello
}

/** A device that comes, delivers one message and leaves, again and again. */
class Visitor {
  #going = true
  readonly #visits: Promise<{ made: number; failed: number }>

  constructor(gateway: GatewayUnderTest, token: string) {
    this.#visits = this.#visit(gateway, token)
  }

  stop(): Promise<{ made: number; failed: number }> {
    this.#going = false
    return this.#visits
  }

  async #visit(gateway: GatewayUnderTest, token: string) {
    const visits = { made: 0, failed: 0 }
    do {
      const device = new SimulatedDevice({ url: gateway.deviceUrl, ca: gateway.ca, token })
      const outcome = device.telemetry({ n: visits.made }).settled
      device.start()
      const late = new Promise((resolve) => setTimeout(resolve, VISITOR_MAX_MS, 'late'))
      visits.made += 1
      if ((await Promise.race([outcome, late])) !== 'acked') visits.failed += 1
      await device.stop()
    } while (this.#going)
    return visits
  }
}

interface Outcome {
  readonly visited: { readonly made: number; readonly failed: number }
  readonly leaked: number
  readonly falls: number
}

function invariants(counts: ReadonlyMap<Phase, number>, { visited, leaked, falls }: Outcome): Invariant[] {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  const detail = [...counts].map(([phase, count]) => `${count} ${phase}`).join(', ')
  return [
    { statement: 'a reset connection never ends the gateway', checked: total, broken: falls, detail },
    {
      statement: 'every phase of the handshake was reached by many',
      checked: PHASES.length,
      broken: [...counts.values()].filter((count) => count < 10).length,
    },
    { statement: 'no reset connection leaves a descriptor behind', checked: total, broken: leaked },
    {
      statement: 'meanwhile a device that comes is served',
      checked: visited.made,
      broken: visited.failed,
      detail: `${visited.made} visits`,
    },
  ]
}
