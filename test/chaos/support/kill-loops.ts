import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { ChaosContext, Invariant } from '../case.ts'
import { examples, spread } from './figures.ts'
import { sleep, until } from './wait.ts'
import type { World } from './world.ts'

/** The promise is 3 s. Judged by the processor time, which others do not change, for a core a few times slower. */
const READY_CPU_MAX_MS = 10_000
/** One kill in so many falls into the start of the gateway. */
const EARLY_EVERY = 5
const DEVICES_BACK_MAX_MS = 20_000

interface Kill {
  /** From the moment at which half of the devices are back; for an early one from the spawn. */
  readonly afterMs: number
  readonly early: boolean
  /** Which device loses its power meanwhile: a number in [0, 1). */
  readonly reboots: number
}

/** The faults, before the first of them: the same seed draws the same. */
export function drawKills(count: number, random: () => number): Kill[] {
  return Array.from({ length: count }, (_, index) => {
    const early = index % EARLY_EVERY === EARLY_EVERY - 1
    return { early, afterMs: early ? 50 + random() * 900 : 200 + random() * 1_800, reboots: random() }
  })
}

/** `kill -9` under load, again and again. What it found out about starts and the database. */
export async function killAgainAndAgain(
  { gateway, herd }: World,
  kills: readonly Kill[],
  say: ChaosContext['say'],
): Promise<Invariant[]> {
  const corrupt: string[] = []
  gateway.readyMs.length = 0
  gateway.readyCpuMs.length = 0
  for (const [index, { afterMs, early, reboots }] of kills.entries()) {
    if (!early) await until(() => herd.ready * 2 >= herd.animals.length, DEVICES_BACK_MAX_MS)
    await sleep(afterMs)
    await gateway.kill()
    const verdict = await integrityOf(gateway.dataDir)
    if (verdict !== 'ok') corrupt.push(`kill ${index + 1}: ${verdict}`)
    herd.animals[Math.floor(reboots * herd.animals.length)]?.device.reboot()
    gateway.launch()
    if (kills[index + 1]?.early !== true) await gateway.ready()
    if (index % 5 === 4) say(`${index + 1} of ${kills.length} kills, ${herd.acked} acknowledged`)
  }
  const slow = gateway.readyCpuMs.filter((ms) => ms > READY_CPU_MAX_MS)
  return [
    {
      statement: 'the database is whole after each kill',
      ...{ checked: kills.length, broken: corrupt.length, detail: examples(corrupt) },
    },
    {
      statement: `ready again with ${READY_CPU_MAX_MS / 1000} s of processor time at most (3 s by the clock wanted)`,
      ...{ checked: gateway.readyCpuMs.length, broken: slow.length },
      detail: `processor ${spread(gateway.readyCpuMs)}; clock ${spread(gateway.readyMs)}`,
    },
  ]
}

/** `PRAGMA integrity_check` on a copy of what the kill left: opening the file itself would already mend it. */
async function integrityOf(dataDir: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-integrity-'))
  try {
    for (const end of ['', '-wal']) {
      await copyFile(join(dataDir, `fairlead.db${end}`), join(folder, `copy.db${end}`)).catch((error: unknown) => {
        if (end === '') throw error // a log that is not there holds nothing
      })
    }
    const database = new DatabaseSync(join(folder, 'copy.db'))
    const rows = database.prepare('PRAGMA integrity_check').all()
    database.close()
    return rows.map((row) => String(row.integrity_check)).join(', ')
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
