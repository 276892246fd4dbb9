import { SimulatedDevice } from '../../../simulator/device.ts'
import type { ChaosCase, ChaosContext, Invariant } from '../case.ts'
import { type Cleanup, withCleanup } from '../support/cleanup.ts'
import { startGatewayUnderTest } from '../support/gateway-under-test.ts'
import { sleep, until } from '../support/wait.ts'

const DEVICES = 50
const RECORD_EVERY_MS = 500
/** Longer than ping interval or pong deadline alone, shorter than the silence after which a device gives up [S-11]. */
const FROZEN_MS = 20_000
const BEFORE_MS = 3_000
/** A whole round of pings and their deadlines after the thaw, and slack. */
const AFTER_MS = 30_000
const DRAINED_MAX_MS = 60_000

export const gatewayFrozen: ChaosCase = {
  name: 'gateway-frozen',
  title: 'SIGSTOP of the gateway for 20 s: when it goes on it blames no device for the silence',
  run: (context) => withCleanup((cleanup) => run(context, cleanup)),
}

async function run({ long, say }: ChaosContext, cleanup: Cleanup): Promise<readonly Invariant[]> {
  const gateway = await startGatewayUnderTest(cleanup)
  const devices: SimulatedDevice[] = []
  for (let n = 0; n < DEVICES; n++) {
    const { body } = await gateway.api('POST', 'devices', { id: `d${n}` })
    const device = new SimulatedDevice({ url: gateway.deviceUrl, ca: gateway.ca, token: body.token })
    cleanup.add(() => device.kill())
    device.start()
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
