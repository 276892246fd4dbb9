import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { open, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { SqliteRegistry } from '../../gateway/adapters/sqlite/registry.ts'
import { newCommand, newDevice, newToken } from '../contract/registry-fixtures.ts'

/** Small enough to fill at once, large enough for an empty registry. */
const DISK_KIB = 2048
const NO_LIMIT = 1_000_000

/** Mounts a disk of our own; throws where that is not allowed. Mounting needs root. */
function mountSmallDisk(): string {
  const directory = mkdtempSync(join(tmpdir(), 'fairlead-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_KIB}k`, 'tmpfs', directory], { stdio: 'pipe' })
  } catch (error) {
    rmSync(directory, { recursive: true })
    throw error
  }
  return directory
}

function unmount(directory: string): void {
  execFileSync('umount', [directory], { stdio: 'pipe' })
  rmSync(directory, { recursive: true })
}

test('a full disk: nothing false is promised, reads go on, and it recovers when there is room', async ({ skip }) => {
  let directory: string
  try {
    directory = mountSmallDisk()
  } catch (error) {
    if (process.env.CI === 'true') throw error
    console.warn(`SKIPPED: the registry on a full disk, since none can be mounted: ${error}`)
    return skip('no disk can be mounted')
  }
  const registry = new SqliteRegistry({ file: join(directory, 'fairlead.db') })
  onTestFinished(async () => {
    await registry.stop()
    unmount(directory)
  })
  await registry.start()
  await registry.createDevice(newDevice('pump'), newToken('pump', 't'))
  const ballast = join(directory, 'ballast')
  await fill(directory, ballast)

  const stored: string[] = []
  const refusal = await insertUntilRefused(registry, stored)
  expect(refusal).toMatchObject({
    name: 'GatewayError',
    code: 'registry_unavailable',
    cause: { code: 'SQLITE_FULL' },
  })
  expect(registry.health()).toEqual({ ready: false, reason: expect.stringContaining('SQLITE_FULL') })
  expect((await registry.credential('pump', 't'))?.enabled).toBe(true)
  expect(await registry.nextSession()).toBe(1)

  await rm(ballast)
  await expect.poll(() => registry.health(), { timeout: 15_000 }).toEqual({ ready: true })
  expect(await registry.insertCommand(newCommand('with-room'), NO_LIMIT)).toBe('inserted')
  const found = (await registry.openCommands('pump')).map((command) => command.id)
  expect(found).toEqual([...stored, 'with-room'])

  await registry.stop()
  const check = new DatabaseSync(join(directory, 'fairlead.db'))
  expect(check.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
  check.close()
})

/** Leaves room for a few commands only. */
async function fill(directory: string, ballast: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  const handle = await open(ballast, 'w')
  await handle.write(Buffer.alloc(bavail * bsize - 128 * 1024))
  await handle.close()
}

async function insertUntilRefused(registry: SqliteRegistry, stored: string[]): Promise<unknown> {
  for (let i = 0; i < 10_000; i++) {
    const command = newCommand(`c${i}`, { params: { text: 'x'.repeat(2000) } })
    try {
      await registry.insertCommand(command, NO_LIMIT)
      stored.push(command.id)
    } catch (error) {
      return error
    }
  }
  throw new Error('the disk never became full')
}
