import type { ChildMessage, ChildOrder } from './apart.ts'
import type { ChaosCase } from './case.ts'
import { streamOf } from './seed.ts'

/** One case, in a process that leads its own group. Told by its parent which one, and dies with it. */

process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL')) // nobody is left to hear the result

async function work({ name, seed, long, cases }: ChildOrder): Promise<void> {
  const { CASES } = (await import(cases)) as { CASES: readonly ChaosCase[] }
  const chosen = CASES.find((one) => one.name === name)
  if (chosen === undefined) throw new Error(`there is no case ${name}`)
  const say = (line: string) => tell({ said: line })
  const invariants = await chosen.run({ random: streamOf(seed, name), long, say })
  tell({ invariants }, () => process.exit(0))
}

function tell(message: ChildMessage, done: () => void = () => {}): void {
  process.send?.(message, undefined, undefined, done)
}

process.once('message', (order: ChildOrder) => {
  work(order).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`, () => process.exit(1))
  })
})
