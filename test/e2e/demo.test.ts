import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from '../helpers/start-gateway.ts'

const DEMO = join(import.meta.dirname, '../../demo/main.ts')

/** The demo as a process of its own, with its data below this directory. */
function startDemo(directory: string) {
  const child = spawn(process.execPath, [DEMO], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
  }
  const exited = once(child, 'close').then(([code]) => code as number | null)
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await exited
  })
  return { child, exited, text: () => text }
}

test('a second demo in the same place leaves the first alone, and says where that one is', async () => {
  const directory = await temporaryDirectory()
  const first = startDemo(directory)
  await expect.poll(first.text, { timeout: 60_000 }).toContain('until you press Ctrl+C')
  const process = /process (\d+)/.exec(first.text())?.[1]
  const second = startDemo(directory)
  expect(await second.exited).toBe(1)
  expect(second.text()).toContain(`process ${process}`)
  expect(second.text()).toContain('stop it first')
  first.child.kill('SIGINT')
  expect(await first.exited).toBe(0)
})

test("a demo that was killed is in nobody's way", async () => {
  const directory = await temporaryDirectory()
  const first = startDemo(directory)
  await expect.poll(first.text, { timeout: 60_000 }).toContain('gateway ')
  const gateway = Number(/process (\d+)/.exec(first.text())?.[1])
  first.child.kill('SIGKILL')
  await first.exited
  process.kill(gateway, 'SIGKILL')
  const second = startDemo(directory)
  await expect.poll(second.text, { timeout: 60_000 }).toContain('until you press Ctrl+C')
})
