import type { ChaosCase, ChaosContext, Invariant } from '../case.ts'
import { withCleanup } from '../support/cleanup.ts'
import { drawKills, killAgainAndAgain } from '../support/kill-loops.ts'
import { judgeWorld, openWorld } from '../support/world.ts'

/** Some 400 messages a second; each device stays far below its own rate, so that it can catch up. */
const DEVICES = 50
const RATE_PER_S = 8
/** A quarter of the commands is asked for on the bus, where they wait while the gateway is away. */
const BUS_SHARE = 0.25

export const gatewayKilled: ChaosCase = {
  name: 'gateway-killed',
  title: 'kill -9 of the gateway under load, with Mosquitto and a durable subscriber',
  run: (context) => withCleanup((cleanup) => run(context, cleanup)),
}

async function run(
  { random, long, say }: ChaosContext,
  cleanup: Parameters<typeof openWorld>[1],
): Promise<Invariant[]> {
  const kills = drawKills(long ? 200 : 20, random)
  const options = { bus: 'mosquitto', devices: DEVICES, ratePerS: RATE_PER_S, random, busShare: BUS_SHARE } as const
  const world = await openWorld(options, cleanup)
  world.herd.load()
  world.commander.start()
  const found = await killAgainAndAgain(world, kills, say)
  say('no more kills; waiting for what is on its way')
  return [...(await judgeWorld(world)), ...found]
}
