import { openTcpProxy, type TcpProxy } from '../../helpers/tcp-proxy.ts'
import type { ChaosCase, ChaosContext, Invariant } from '../case.ts'
import { type Cleanup, withCleanup } from '../support/cleanup.ts'
import { endure, type Outage } from '../support/outage.ts'
import { judgeWorld, openWorld, putUnderLoad, type World, type WorldOptions } from '../support/world.ts'

/** Some 400 messages a second. An hour of a device's rate is caught up within the burst that a device may have. */
const LOAD = { bus: 'mosquitto', devices: 50, ratePerS: 8 } as const
/** Quicker than by default, so that a device that nobody pings would be lost within the shortest outage. */
const HEARTBEAT = { FAIRLEAD_PING_INTERVAL_MS: '2000', FAIRLEAD_PONG_TIMEOUT_MS: '7000' }

export const brokerStopped: ChaosCase = {
  name: 'broker-stopped',
  title: 'Mosquitto (with persistence) is stopped and comes back',
  run: (context) =>
    withCleanup((cleanup) =>
      run(context, cleanup, {}, ({ mosquitto }) =>
        (context.long ? [10_000, 60_000] : [10_000]).map((durationMs) => ({
          name: `stopped ${durationMs / 1000} s`,
          ...{ durationMs, total: true },
          begin: () => mosquitto?.stop(),
          end: () => mosquitto?.restart(),
        })),
      ),
    ),
}

export const brokerFrozen: ChaosCase = {
  name: 'broker-frozen',
  title: 'Mosquitto is frozen (SIGSTOP): its sockets stay open and say nothing',
  run: (context) =>
    withCleanup((cleanup) =>
      run(context, cleanup, {}, ({ mosquitto }) =>
        (context.long ? [5_000, 12_000, 30_000] : [12_000]).map((durationMs) => ({
          name: `frozen ${durationMs / 1000} s`,
          ...{ durationMs, total: true },
          begin: () => mosquitto?.freeze(),
          end: () => mosquitto?.thaw(),
        })),
      ),
    ),
}

export const brokerSlow: ChaosCase = {
  name: 'broker-slow',
  title: 'the cable to Mosquitto is long, thin, chopped, silent, and torn',
  run: (context) =>
    withCleanup(async (cleanup) => {
      let cable: TcpProxy | undefined
      const brokerUrl: WorldOptions['brokerUrl'] = async ({ port }) => {
        const proxy = await openTcpProxy(port, context.random)
        cleanup.add(() => proxy.close())
        cable = proxy
        return `mqtt://127.0.0.1:${proxy.port}`
      }
      return await run(context, cleanup, { brokerUrl }, () => (cable ? slowOutages(cable, context.long) : []))
    }),
}

function slowOutages(cable: TcpProxy, long: boolean): Outage[] {
  const scale = long ? 4 : 1
  const end = () => cable.heal()
  const outage = (name: string, seconds: number, begin: () => void, total = false): Outage => ({
    ...{ name, durationMs: seconds * 1_000 * scale, total, begin, end },
  })
  return [
    outage('300 ms ± 200', 3, () => cable.poison({ kind: 'latency', latencyMs: 300, jitterMs: 200 })),
    outage('32 KiB/s', 4, () => cable.poison({ kind: 'bandwidth', bytesPerS: 32 * 1024 })),
    outage('pieces of 200 bytes', 3, () => cable.poison({ kind: 'slicer', bytes: 200, variation: 150, delayMs: 1 })),
    outage('silent', 12, () => cable.blackhole(), true),
    outage('torn', 5, () => cable.cut(), true),
  ]
}

async function run(
  { random, say }: ChaosContext,
  cleanup: Cleanup,
  options: Pick<WorldOptions, 'brokerUrl'>,
  outagesOf: (world: World) => Outage[],
): Promise<Invariant[]> {
  const world = await openWorld({ ...LOAD, ...options, env: HEARTBEAT, random }, cleanup)
  putUnderLoad(world)
  const found = await endure(world, outagesOf(world), say)
  return [...(await judgeWorld(world)), ...found]
}
