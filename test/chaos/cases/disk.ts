import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { launchGateway } from '../../helpers/launch-gateway.ts'
import type { ChaosCase, ChaosContext, Invariant } from '../case.ts'
import { inject, straceInstalled } from '../disk/injected.ts'
import { SmallDisk } from '../disk/small-disk.ts'
import { type Operated, Work } from '../disk/work.ts'
import { type Cleanup, withCleanup } from '../support/cleanup.ts'
import { type GatewayUnderTest, startGatewayUnderTest } from '../support/gateway-under-test.ts'

const TROUBLE_SHORT_MS = 6_000
const TROUBLE_LONG_MS = 60_000
const SLOW_FSYNC_US = 2_000_000

/** What a disk can do to the gateway, and what must come of changes meanwhile. */
interface Trouble {
  readonly name: string
  /** Returns what ends it. */
  readonly begin: (gateway: GatewayUnderTest, disk: SmallDisk) => Promise<() => Promise<void>>
  /** Changes are refused, or only slow. */
  readonly refuses: boolean
}

const TROUBLES: readonly Trouble[] = [
  { name: 'a full disk', begin: full, refuses: true },
  { name: 'a disk that fails (EIO)', begin: ({ pid }) => inject(pid, 'fsync,fdatasync', 'error=EIO'), refuses: true },
  {
    name: 'a disk without room for the log (ENOSPC)',
    begin: ({ pid }) => inject(pid, 'pwrite64', 'error=ENOSPC'),
    refuses: true,
  },
  {
    name: 'an fsync of 2 s',
    begin: ({ pid }) => inject(pid, 'fsync,fdatasync', `delay_enter=${SLOW_FSYNC_US}`),
    refuses: false,
  },
]

export const disk: ChaosCase = {
  name: 'disk',
  title: 'the disk is full, fails, is slow or holds garbage: sockets and telemetry go on, nothing accepted is lost',
  run: (context) => withCleanup((cleanup) => run(context, cleanup)),
}

async function run({ long, say }: ChaosContext, cleanup: Cleanup): Promise<readonly Invariant[]> {
  const small = smallDisk(say)
  if (small === undefined) return []
  cleanup.add(() => small.remove())
  const file = join(small.directory, 'fairlead.db')
  const gateway = await startGatewayUnderTest(cleanup, { FAIRLEAD_DATABASE_URL: `sqlite:${file}` })
  const work = new Work(gateway)
  await work.begin(cleanup)
  const found: Invariant[] = []
  for (const trouble of troubles(say)) {
    const end = await trouble.begin(gateway, small)
    const operated = await work.operate(long ? TROUBLE_LONG_MS : TROUBLE_SHORT_MS)
    await end()
    const recoveredMs = await work.recovers()
    const after = await work.operate(1_000)
    say(
      `${trouble.name}: ${operated.taken} changes taken, ${operated.refused} refused; well after ${recoveredMs?.toFixed(0)} ms`,
    )
    found.push(...judge(trouble, operated, after, recoveredMs))
  }
  found.push(...(await work.judgeDevices()))
  await gateway.kill()
  await gateway.start()
  found.push(await work.judgeAccepted())
  await gateway.kill()
  found.push(integrity(file), await refusesGarbage(gateway, file))
  return found
}

/** Says so where it may not mount; in CI, where nothing may be left out, that is a failure. */
function smallDisk(say: (line: string) => void): SmallDisk | undefined {
  try {
    return new SmallDisk()
  } catch (error) {
    if (process.env.CI === 'true') throw error
    say(`SKIPPED: no disk of its own can be mounted, which needs root: ${error}`)
    return undefined
  }
}

function troubles(say: (line: string) => void): readonly Trouble[] {
  if (straceInstalled()) return TROUBLES
  if (process.env.CI === 'true') throw new Error('strace is not installed: a failing disk cannot be tried')
  say('SKIPPED: strace is not installed, so only the full disk is tried')
  return TROUBLES.slice(0, 1)
}

async function full(_gateway: GatewayUnderTest, small: SmallDisk): Promise<() => Promise<void>> {
  await small.fill()
  return () => small.makeRoom()
}

function judge({ name, refuses }: Trouble, during: Operated, after: Operated, recoveredMs?: number): Invariant[] {
  const strange = [...during.strange, ...after.strange]
  const asked = during.taken + during.refused + during.strange.length
  const detail =
    strange.length > 0 ? strange.slice(0, 2).join('; ') : `${during.taken} taken, ${during.refused} refused`
  const refusedRightly = refuses ? Number(during.refused === 0) : during.refused
  return [
    {
      statement: `${name}: changes are ${refuses ? 'refused with 503 registry_unavailable' : 'slow, and taken'}; reads go on`,
      checked: asked,
      broken: strange.length + refusedRightly,
      detail,
    },
    {
      statement: `${name}: telemetry of every device is acknowledged meanwhile`,
      checked: during.devices,
      broken: during.stalled,
    },
    ...(refuses
      ? [
          {
            statement: `${name}: /readyz is 503 and says why`,
            checked: 1,
            broken: Number(during.notReady === ''),
            detail: during.notReady,
          },
        ]
      : []),
    {
      statement: `${name}: it recovers by itself`,
      checked: 1,
      broken: Number(recoveredMs === undefined || after.refused > 0),
      detail: recoveredMs === undefined ? 'not ready again' : `after ${(recoveredMs / 1000).toFixed(1)} s`,
    },
  ]
}

function integrity(file: string): Invariant {
  const database = new DatabaseSync(file)
  const row = database.prepare('PRAGMA integrity_check').get()
  database.close()
  return {
    statement: 'the database is whole after all of it',
    checked: 1,
    broken: Number(row?.integrity_check !== 'ok'),
  }
}

/** [B27] A file that is damaged is named and left as it is. */
async function refusesGarbage({ dataDir }: GatewayUnderTest, file: string): Promise<Invariant> {
  const bytes = await readFile(file)
  bytes.fill(0x5a, bytes.length / 2, bytes.length / 2 + 8_192)
  await writeFile(file, bytes)
  const { exited, stderr, stdout } = launchGateway({
    FAIRLEAD_DATA_DIR: dataDir,
    FAIRLEAD_HOST: '127.0.0.1',
    FAIRLEAD_PORT: '0',
    FAIRLEAD_BROKER_PORT: '0',
    FAIRLEAD_DATABASE_URL: `sqlite:${file}`,
  })
  const code = await exited
  const line = `${stderr()}\n${stdout()}`.split('\n').find((one) => one.includes('is damaged')) ?? ''
  const isUntouched = bytes.equals(await readFile(file))
  return {
    statement: 'a damaged database refuses the start, is named, and left as it is',
    checked: 1,
    broken: Number(code !== 1 || !line.includes(file) || !isUntouched),
    detail: `exit code ${code}: ${line.slice(0, 200)}`,
  }
}
