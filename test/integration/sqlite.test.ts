import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import type { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { SqliteRegistry } from '../../gateway/adapters/sqlite/registry.ts'
import { startScript } from '../../gateway/start-script.ts'
import { announcementContract } from '../contract/announcement-store.contract.ts'
import { registryContract } from '../contract/registry.contract.ts'
import { newCommand, newDevice, newToken } from '../contract/registry-fixtures.ts'

/** More open commands than any of these tests makes. */
const NO_LIMIT = 1_000_000

const openSqlite = async () => {
  const directory = await newDirectory()
  let registry = await started(directory)
  return {
    registry,
    async reopen() {
      await registry.stop()
      registry = await started(directory)
      return registry
    },
    async dispose() {
      await registry.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
registryContract('SQLite', openSqlite)

describe('announcements in SQLite', () => {
  let opened: Awaited<ReturnType<typeof openSqlite>>
  beforeEach(async () => {
    opened = await openSqlite()
  })
  afterEach(() => opened.dispose())
  announcementContract(() => opened)
})

let directory: string
let file: string
beforeEach(async () => {
  directory = await newDirectory()
  file = join(directory, 'fairlead.db')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

function newDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'fairlead-sqlite-'))
}

async function started(where: string): Promise<SqliteRegistry> {
  const registry = new SqliteRegistry({ file: join(where, 'fairlead.db') })
  await registry.start()
  return registry
}

/** A started registry that is stopped when the test ends, however it ends. */
async function running(where = directory): Promise<SqliteRegistry> {
  const registry = await started(where)
  onTestFinished(() => registry.stop())
  return registry
}

/** Another program that holds the write lock, as a backup does. */
function lockWrites(): () => void {
  const other = new DatabaseSync(file)
  other.exec('BEGIN IMMEDIATE')
  return () => other.close()
}

async function fillOnce(): Promise<void> {
  const registry = await started(directory)
  const ids = Array.from({ length: 200 }, (_, i) => `d${i}`)
  await Promise.all(ids.map((id) => registry.createDevice(newDevice(id, { tags: ['x'.repeat(200)] }), newToken(id))))
  await registry.stop()
}

describe('the file', () => {
  test('only its owner can read it, its log and its index', async () => {
    const registry = await running()
    await registry.createDevice(newDevice('d'), newToken('d'))
    for (const path of [file, `${file}-wal`, `${file}-shm`]) expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  test('a clean stop leaves one file with everything in it', async () => {
    await fillOnce()
    await expect(stat(`${file}-wal`)).rejects.toThrow('ENOENT')
    const registry = await running()
    expect(await registry.listDevices({ limit: 1000 })).toHaveLength(200)
  })

  test('one of a newer version is refused and left as it is', async () => {
    await fillOnce()
    const other = new DatabaseSync(file)
    other.exec('PRAGMA user_version = 4711')
    other.close()
    await refusesAndLeaves(/fairlead\.db has version 4711.*start a newer gateway/)
  })

  test('one that is not a database is refused and left as it is', async () => {
    await writeFile(file, 'this was a text\n'.repeat(1000))
    await refusesAndLeaves(/fairlead\.db is damaged/)
  })

  test('one with a damaged page is refused and left as it is', async () => {
    await fillOnce()
    const handle = await open(file, 'r+')
    const { size } = await handle.stat()
    for (let page = 2; page * 4096 < size; page += 2) await handle.write(Buffer.alloc(4000, 0xa5), 0, 4000, page * 4096)
    await handle.close()
    await refusesAndLeaves(/fairlead\.db is damaged/)
  })

  test('a directory that cannot be made is named', async () => {
    await writeFile(join(directory, 'plain-file'), '')
    const registry = new SqliteRegistry({ file: join(directory, 'plain-file', 'below', 'fairlead.db') })
    await expect(registry.start()).rejects.toMatchObject({
      code: 'registry_unavailable',
      message: expect.stringContaining(join('plain-file', 'below', 'fairlead.db')),
    })
  })

  async function refusesAndLeaves(message: RegExp): Promise<void> {
    const before = await readFile(file)
    const registry = new SqliteRegistry({ file: join(directory, 'fairlead.db') })
    const refusal = await registry.start().catch((error: unknown) => error)
    expect(refusal).toMatchObject({ name: 'GatewayError', code: 'registry_unavailable' })
    expect(String(refusal)).toMatch(message)
    expect(registry.health()).toMatchObject({ ready: false, reason: expect.stringMatching(message) })
    await expect(registry.device('d')).rejects.toMatchObject({ code: 'registry_unavailable' })
    expect(before.equals(await readFile(file))).toBe(true)
  }
})

describe('the writer', () => {
  test('takes 500 inserts at once, in the order in which they were asked', async () => {
    const registry = await running()
    await registry.createDevice(newDevice('pump'), newToken('pump'))
    const ids = Array.from({ length: 500 }, (_, i) => `c${i}`)
    const answers = await Promise.all(ids.map((id) => registry.insertCommand(newCommand(id), NO_LIMIT)))
    expect(new Set(answers)).toEqual(new Set(['inserted']))
    expect((await registry.openCommands('pump')).map((command) => command.id)).toEqual(ids)
  })

  test('refuses a request that is wrong by itself without spoiling those beside it', async () => {
    const registry = await running()
    await registry.createDevice(newDevice('pump'), newToken('pump'))
    const answers = await Promise.allSettled([
      registry.insertCommand(newCommand('before'), NO_LIMIT),
      registry.createDevice(newDevice('half'), newToken('half', 't', { createdAtMs: 1.5 })),
      registry.insertCommand(newCommand('after'), NO_LIMIT),
    ])
    expect(answers.map((answer) => answer.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(answers[1]).toMatchObject({ reason: { name: 'GatewayError', code: 'internal' } })
    expect(await registry.device('half')).toBeUndefined()
    expect(await registry.openCommands('pump')).toHaveLength(2)
    expect(registry.health()).toEqual({ ready: true })
  })

  test('never delays a read, however long it waits itself', async () => {
    const registry = await running()
    await registry.createDevice(newDevice('d'), newToken('d', 't'))
    const unlock = lockWrites()
    let written = false
    const write = registry.createDevice(newDevice('later'), newToken('later')).then(() => {
      written = true
    })
    for (let i = 0; i < 100; i++) expect((await registry.credential('d', 't'))?.token?.id).toBe('t')
    expect(await registry.nextSession()).toBe(1)
    expect(written).toBe(false)
    unlock()
    await write
    expect(await registry.device('later')).toBeDefined()
  })

  test('has a bounded queue: the newest is refused, the others are written', async () => {
    const registry = await running()
    await registry.createDevice(newDevice('pump'), newToken('pump'))
    const unlock = lockWrites()
    const ids = Array.from({ length: 10_003 }, (_, i) => `c${i}`)
    const asked = ids.map((id) => registry.insertCommand(newCommand(id), NO_LIMIT))
    for (const newest of asked.slice(10_000)) {
      await expect(newest).rejects.toMatchObject({ code: 'registry_unavailable' })
    }
    unlock()
    expect(new Set(await Promise.all(asked.slice(0, 10_000)))).toEqual(new Set(['inserted']))
    expect(await registry.openCommands('pump')).toHaveLength(10_000)
  })

  test('that cannot write says so, and recovers by itself', async () => {
    const registry = await running()
    const unlock = lockWrites()
    const refused = registry.createDevice(newDevice('d'), newToken('d'))
    await expect(refused).rejects.toMatchObject({ code: 'registry_unavailable', cause: { code: 'SQLITE_BUSY' } })
    expect(registry.health()).toEqual({ ready: false, reason: expect.stringContaining('SQLITE_BUSY') })
    unlock()
    await expect.poll(() => registry.health(), { timeout: 15_000 }).toEqual({ ready: true })
    expect(await registry.createDevice(newDevice('d'), newToken('d'))).toBe('created')
  })
})

describe('session numbers', () => {
  test('rise without a gap from block to block', async () => {
    const registry = await running()
    for (let expected = 1; expected <= 250_000; expected++) {
      const number = await registry.nextSession()
      if (number !== expected) throw new Error(`${number} came instead of ${expected}`)
    }
  })

  test('that were not used are given back by a clean stop', async () => {
    const first = await started(directory)
    const taken = await Promise.all([first.nextSession(), first.nextSession()])
    await first.stop()
    expect(taken).toEqual([1, 2])
    expect(await (await running()).nextSession()).toBe(3)
  })

  test('do not wait for the disk while it reserves the next block', async () => {
    const registry = await running()
    const unlock = lockWrites()
    const numbers: number[] = []
    for (let i = 0; i < 99_999; i++) numbers.push(await registry.nextSession())
    unlock()
    for (let i = 0; i < 100_001; i++) numbers.push(await registry.nextSession())
    expect(numbers.at(-1)).toBe(200_000)
  })
})

describe('a thread that dies', () => {
  test.each(['registry-writer', 'registry-reader'])('%s: what waited is rejected, and it comes back', async (name) => {
    const workers = new Map<string, Worker>()
    const remember = (worker: Worker) => workers.set(worker.threadName ?? '', worker)
    process.on('worker', remember)
    onTestFinished(() => {
      process.off('worker', remember)
    })
    const registry = await running()
    await registry.createDevice(newDevice('kept'), newToken('kept'))
    const unlock = name === 'registry-writer' ? lockWrites() : () => {}
    const write = registry.createDevice(newDevice('d'), newToken('d')).catch((error: unknown) => error)
    const ended = workers.get(name)?.terminate()
    unlock() // a thread ends only when its call into SQLite returns
    await ended
    expect(registry.health()).toEqual({ ready: false, reason: expect.stringContaining(name.replace('registry-', '')) })
    if (name === 'registry-writer') expect(await write).toMatchObject({ code: 'registry_unavailable' })
    else await expect(registry.device('kept')).rejects.toMatchObject({ code: 'registry_unavailable' })
    await expect.poll(() => registry.health(), { timeout: 15_000 }).toEqual({ ready: true })
    expect(await registry.createDevice(newDevice('new'), newToken('new'))).toBe('created')
    expect((await registry.listDevices({ limit: 9 })).map((row) => row.id)).toEqual(
      expect.arrayContaining(['kept', 'new']),
    )
  })
})

describe('kill -9', () => {
  test('loses no command that was acknowledged and repeats no session number', async () => {
    const commands: string[] = []
    const sessions: number[] = []
    for (let kill = 1; kill <= 3; kill++) await insertAndKill(kill * 300, commands, sessions)
    const check = new DatabaseSync(file)
    expect(check.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    expect(check.prepare('PRAGMA foreign_key_check').all()).toEqual([])
    check.close()
    const registry = await running()
    const found = await Promise.all(commands.map((id) => registry.command(id)))
    expect(commands.filter((_, i) => found[i]?.history.length !== 1)).toEqual([])
    expect(new Set(sessions).size).toBe(sessions.length)
    expect(await registry.nextSession()).toBeGreaterThan(Math.max(...sessions))
  })

  /** Kills the child at once when `count` lines were read; what it said until then is counted too. */
  async function insertAndKill(count: number, commands: string[], sessions: number[]): Promise<void> {
    const script = new URL('../helpers/insert-until-killed.ts', import.meta.url).pathname
    const child = spawn(process.execPath, [...startScript().flags, script, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(child, 'exit')
    let lines = 0
    for await (const line of createInterface({ input: child.stdout })) {
      const [kind, value = ''] = line.split(' ')
      if (kind === 'command') commands.push(value)
      if (kind === 'session') sessions.push(Number(value))
      if (++lines === count) child.kill('SIGKILL')
    }
    expect(await ended).toEqual([null, 'SIGKILL'])
  }
})

describe('the audit log', () => {
  test('the engine itself refuses to change or delete an entry', async () => {
    const registry = await started(directory)
    await registry.appendAudit([{ atMs: 1, actor: 'key:first', action: 'deleteDevice', outcome: 'ok' }])
    await registry.stop()
    const other = new DatabaseSync(file)
    expect(() => other.exec("UPDATE audit SET actor = 'key:nobody'")).toThrow('never changed')
    expect(() => other.exec('DELETE FROM audit')).toThrow('never deleted')
    other.close()
  })
})
