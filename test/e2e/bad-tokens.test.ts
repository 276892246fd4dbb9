import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { REFUSALS } from '../helpers/bad-tokens.ts'
import { handshakeText, statusOf } from '../helpers/raw-handshake.ts'
import { connectTls, everything } from '../helpers/raw-sockets.ts'
import { startTestGateway, type TestGateway } from '../helpers/start-gateway.ts'
import { type Forgery, forgeToken, gatewayKey } from '../helpers/tokens.ts'

/** Ahead of the gateway's clock, so that no second that passes meanwhile makes a bad time good. */
const AHEAD_MS = 2_000
/** An address has 60 failed handshakes a minute. */
const ADDRESSES = 4

async function answerTo(gateway: TestGateway, token: string, localAddress = '127.0.0.1'): Promise<string> {
  const { port, ca } = gateway
  const socket = await connectTls(port, ca, { socket: connect({ port, host: '127.0.0.1', localAddress }) })
  const answer = everything(socket)
  socket.on('data', (chunk) => chunk.toString().includes(' 101 ') && socket.destroy())
  socket.write(handshakeText({ token }))
  return answer
}

test('[H-8] every token that is wrong in one way gets one identical 401, and the log says why', async () => {
  const gateway = await startTestGateway()
  const { tokenId } = await gateway.enrol('device-1')
  const key = await gatewayKey(join(gateway.dataDir, 'keys'))
  const nowMs = Date.now() + AHEAD_MS
  const forge = (forgery: Forgery) =>
    forgeToken(key, nowMs, { ...forgery, claims: { jti: tokenId, ...forgery.claims } })
  expect(statusOf(await answerTo(gateway, forge({})))).toBe(101) // the forger knows how
  const answers = new Set<string>()
  for (const [index, [what, , bad]] of REFUSALS.entries()) {
    const forged = bad(key, nowMs)
    const token = typeof forged === 'string' ? forged : forge(forged)
    const answer = await answerTo(gateway, token, `127.0.0.${2 + (index % ADDRESSES)}`)
    expect(statusOf(answer), what).toBe(401)
    answers.add(answer)
  }
  expect(REFUSALS.length).toBeGreaterThanOrEqual(40)
  expect(answers.size).toBe(1)
  const refused = gateway.logLines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'token refused')
  expect(refused).toHaveLength(REFUSALS.length)
  expect(new Set(refused.map(({ reason }) => reason)).size).toBeGreaterThan(10)
}, 60_000)
