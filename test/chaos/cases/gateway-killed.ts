import type { ChaosCase, ChaosContext, Invariant } from '../case.ts'
import { type Cleanup, withCleanup } from '../support/cleanup.ts'
import { drawKills, killAgainAndAgain } from '../support/kill-loops.ts'
import {
  judgeFalls,
  judgePresence,
  judgeWorld,
  openWorld,
  putUnderLoad,
  settle,
  type WorldOptions,
} from '../support/world.ts'

/** Some 400 messages a second; each device stays far below its own rate, so that it can catch up. */
const LOAD = { devices: 50, ratePerS: 8 } as const
/** A quarter of the commands is asked for on the bus, where they wait while the gateway is away. */
const BUS_SHARE = 0.25
const COMMANDS_MAX_MS = 120_000
/** The broker inside keeps nothing for the absent: what has not come by then never does. */
const QUIET_MS = 3_000

export const gatewayKilled: ChaosCase = {
  name: 'gateway-killed',
  title: 'kill -9 of the gateway under load, with Mosquitto and a durable subscriber',
  run: (context) =>
    withCleanup(async (cleanup) => {
      const world = await underLoad({ bus: 'mosquitto', busShare: BUS_SHARE, ...LOAD, random: context.random }, cleanup)
      const kills = drawKills(context.long ? 200 : 20, context.random)
      const found = await killAgainAndAgain(world, kills, context.say)
      context.say('no more kills; waiting for what is on its way')
      return [...(await judgeWorld(world)), ...found]
    }),
}

export const gatewayKilledEmbedded: ChaosCase = {
  name: 'gateway-killed-embedded',
  title: 'kill -9 of the gateway and the broker inside it: what its documented limits lose',
  run: (context) => withCleanup((cleanup) => runEmbedded(context, cleanup)),
}

/** [U-9] Its subscribers' sessions die with it, so telemetry may be lost here, and how much is only printed. */
async function runEmbedded({ random, long, say }: ChaosContext, cleanup: Cleanup): Promise<Invariant[]> {
  const world = await underLoad({ bus: 'embedded', ...LOAD, random }, cleanup)
  const { history, commander } = world
  const found = await killAgainAndAgain(world, drawKills(long ? 200 : 8, random), say)
  const settled = await settle(world, QUIET_MS)
  const lost = history.lost().length
  const percent = ((100 * lost) / Math.max(1, history.ackedCount)).toFixed(2)
  const [, inOrder, notInvented] = history.invariants()
  const commands = await commander.judge(COMMANDS_MAX_MS)
  const care = await world.caretaker.judge()
  return [
    {
      ...{ statement: 'what a crash of the embedded broker loses', checked: history.ackedCount, broken: lost },
      ...{ detail: `${percent} % of what was acknowledged, as documented`, informative: true },
    },
    ...(inOrder && notInvented ? [inOrder, notInvented] : []),
    settled,
    // Of the ends on the bus those are lost that nobody could hear; REST has them all.
    ...commands.map((one) => (one.statement.endsWith('is on the bus') ? { ...one, informative: true } : one)),
    ...care,
    await judgePresence(world),
    ...judgeFalls(world),
    ...found,
  ]
}

async function underLoad(options: WorldOptions, cleanup: Cleanup) {
  const world = await openWorld(options, cleanup)
  putUnderLoad(world)
  return world
}
