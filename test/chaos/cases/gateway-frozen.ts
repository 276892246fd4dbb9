import { SimulatedDevice } from '../../../simulator/device.ts'
import { openTcpProxy } from '../../helpers/tcp-proxy.ts'
import type { ChaosCase, ChaosContext, Invariant } from '../case.ts'
import { type Cleanup, withCleanup } from '../support/cleanup.ts'
import { startGatewayUnderTest } from '../support/gateway-under-test.ts'
import { sleep, until } from '../support/wait.ts'

const DEVICES = 50
const RECORD_EVERY_MS = 500
const PING_INTERVAL_MS = 5_000
const PONG_TIMEOUT_MS = 8_000
/** Longer than a pong may take: whoever counts through the freeze blames each device whose pong was on its way. */
const FROZEN_MS = 20_000
/** On a cable so long, each way, that is every second device at any moment. */
const LATENCY_MS = 1_250
/** The devices are more patient [S-11]: what is looked for is whether the gateway ends a session. */
const SILENCE_SLACK_MS = 60_000
const BEFORE_MS = 8_000
/** A round of pings and their deadlines after the thaw. */
const AFTER_MS = 14_000
const DRAINED_MAX_MS = 60_000

export const gatewayFrozen: ChaosCase = {
  name: 'gateway-frozen',
  title: 'SIGSTOP of the gateway for 20 s: when it goes on it blames no device for the silence',
  run: (context) => withCleanup((cleanup) => run(context, cleanup)),
}

async function run({ random, long, say }: ChaosContext, cleanup: Cleanup): Promise<readonly Invariant[]> {
  const gateway = await startGatewayUnderTest(cleanup, {
    FAIRLEAD_PING_INTERVAL_MS: String(PING_INTERVAL_MS),
    FAIRLEAD_PONG_TIMEOUT_MS: String(PONG_TIMEOUT_MS),
  })
  const cable = await openTcpProxy(gateway.port, random)
  cleanup.add(() => cable.close())
  cable.delay(LATENCY_MS)
  const url = `wss://127.0.0.1:${cable.port}`
  const { ca } = gateway
  const devices: SimulatedDevice[] = []
  for (let n = 0; n < DEVICES; n++) {
    const { body } = await gateway.api('POST', 'devices', { id: `d${n}` })
    const device = new SimulatedDevice({ url, ca, token: body.token, silenceSlackMs: SILENCE_SLACK_MS })
    cleanup.add(() => device.kill())
    setTimeout(() => device.start(), n * (PING_INTERVAL_MS / DEVICES)) // so that their pings are spread
    devices.push(device)
  }
  await Promise.all(devices.map(({ ready }) => ready))
  const sender = setInterval(() => {
    for (const device of devices) device.telemetry({ at: Date.now() })
  }, RECORD_EVERY_MS)
  cleanup.add(() => clearInterval(sender))
  const freezes = long ? 5 : 1
  for (let round = 0; round < freezes; round++) {
    await sleep(BEFORE_MS)
    gateway.freeze()
    await sleep(FROZEN_MS)
    gateway.thaw()
    say('thawed')
    await sleep(AFTER_MS)
  }
  clearInterval(sender)
  const drained = await until(() => devices.every(({ unacked }) => unacked === 0), DRAINED_MAX_MS)
  const again = devices.filter(({ connection }) => connection.sessions > 1)
  const byes = [...new Set(again.map(({ lastBye, closeCode }) => lastBye?.code ?? closeCode ?? 'no close frame'))]
  return [
    {
      statement: 'every device keeps its session over a freeze of 20 s',
      checked: DEVICES * freezes,
      broken: again.length,
      ...(again.length > 0 ? { detail: `ended with ${byes.join(', ')}` } : {}),
    },
    {
      statement: 'every record from before, meanwhile and after is acknowledged',
      checked: devices.reduce((sum, { counts }) => sum + counts.acked, 0),
      broken: drained === undefined ? devices.reduce((sum, { unacked }) => sum + unacked, 0) : 0,
    },
    {
      statement: 'the gateway says in its log that it stood still',
      checked: freezes,
      broken: Number(!gateway.log.includes('the process was suspended')),
    },
  ]
}
