import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { startScript } from '../../gateway/start-script.ts'
import { launchGateway } from '../helpers/launch-gateway.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const { flags, entry } = startScript()
const file = relative(ROOT, entry)

test('npm start runs the gateway with the flag that keeps V8 from aborting', () => {
  expect(flags).toContain('--no-wasm-generic-wrapper')
  expect(file).toBe('gateway/main.ts')
})

test('the container runs what npm start runs', () => {
  const [, command = ''] = /^CMD (.+)$/m.exec(read('gateway/Dockerfile')) ?? []
  expect(JSON.parse(command)).toEqual(['node', ...flags, file])
})

test('who is told to start it with a file of settings is told the same flags', () => {
  const line = ['node', ...flags, '--env-file=.env', file].join(' ')
  expect(read('docs/operations.md')).toContain(line)
  expect(read('.env.example')).toContain(line)
})

test('a gateway that a test starts as a process of its own runs so too', async () => {
  const gateway = launchGateway({ FAIRLEAD_PORT: 'none' })
  expect(gateway.child.spawnargs.slice(1)).toEqual([...flags, entry])
  expect(await gateway.exited).toBe(1)
  expect(gateway.stderr()).toContain('FAIRLEAD_PORT')
})

test('tests and their threads have the flags: a thread inherits them from its process', async () => {
  const thread = new Worker('require("node:worker_threads").parentPort.postMessage(process.execArgv)', { eval: true })
  const [inThread] = await once(thread, 'message')
  expect(process.execArgv).toEqual(expect.arrayContaining([...flags]))
  expect(inThread).toEqual(process.execArgv)
})
