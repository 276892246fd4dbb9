import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { LockedError, lockFile } from '../../gateway/adapters/sqlite/data-lock.ts'

let directory: string
let file: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'fairlead-lock-'))
  file = join(directory, 'gateway.lock')
  return () => rmSync(directory, { recursive: true, force: true })
})

/** Another process that holds the lock and says so. */
async function holder() {
  const module = new URL('../../gateway/adapters/sqlite/data-lock.ts', import.meta.url).pathname
  const script = `import { lockFile } from ${JSON.stringify(module)}
    globalThis.lock = lockFile(${JSON.stringify(file)})
    console.log('held')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child
}

describe('the lock of the data directory', () => {
  test('has one holder, in this process and among processes', async () => {
    const mine = lockFile(file)
    expect(() => lockFile(file)).toThrow(LockedError)
    expect(() => lockFile(file)).toThrow(LockedError) // the try above did not end it
    mine.release()
    await holder()
    expect(() => lockFile(file)).toThrow(LockedError)
  })

  test('is free when it is released', () => {
    lockFile(file).release()
    lockFile(file).release()
  })

  test('is not left behind by a holder that is killed', async () => {
    const child = await holder()
    expect(() => lockFile(file)).toThrow(LockedError)
    child.kill('SIGKILL')
    await once(child, 'exit')
    lockFile(file).release()
  })

  test('says what is wrong when the file cannot be made', () => {
    writeFileSync(join(directory, 'plain'), '')
    expect(() => lockFile(join(directory, 'plain', 'below', 'gateway.lock'))).toThrow(/ENOTDIR|EEXIST/)
  })
})
