import { join } from 'node:path'
import { SqliteRegistry } from '../../gateway/adapters/sqlite/registry.ts'

/**
 * A process to be killed: inserts commands into the registry of the directory in argv, 20 at a time, and prints
 * `command <id>` only when the insert has resolved and `session <number>` for each number it was given.
 */
const WORKERS = 20
const [directory] = process.argv.slice(2)
if (!directory) throw new Error('usage: insert-until-killed <directory>')

const registry = new SqliteRegistry({ file: join(directory, 'fairlead.db') })
await registry.start()
const run = process.pid

async function insertForEver(worker: number): Promise<void> {
  const device = `d-${run}-${worker}`
  const createdAtMs = Date.now()
  await registry.createDevice({ id: device, tags: [], createdAtMs }, { id: 't', device, createdAtMs })
  for (let i = 0; ; i++) {
    const id = `${device}-${i}`
    const command = { id, device, name: 'n', params: { i }, ttlS: 3600, timeoutS: 30, createdAtMs }
    const answer = await registry.insertCommand(command, Number.MAX_SAFE_INTEGER)
    if (answer !== 'inserted') throw new Error(`unexpected answer: ${answer}`)
    process.stdout.write(`command ${id}\nsession ${await registry.nextSession()}\n`)
  }
}

await Promise.all(Array.from({ length: WORKERS }, (_, worker) => insertForEver(worker)))
