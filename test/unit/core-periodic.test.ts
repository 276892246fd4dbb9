import { expect, test } from 'vitest'
import { repeat } from '../../gateway/core/periodic.ts'
import { QuietLog } from '../helpers/core-fakes.ts'
import { ManualClock } from '../helpers/manual-clock.ts'

test('each duty is done at its own pace until they are stopped', async () => {
  const clock = new ManualClock()
  const done: string[] = []
  const duties = [
    { name: 'often', everyMs: 100, run: () => void done.push('often') },
    { name: 'seldom', everyMs: 250, run: () => void done.push('seldom') },
  ]
  const stop = repeat(duties, clock, new QuietLog())
  await clock.advance(520)
  stop()
  await clock.advance(10_000)
  expect(done.filter((name) => name === 'often')).toHaveLength(5)
  expect(done.filter((name) => name === 'seldom')).toHaveLength(2)
  expect(clock.pending).toBe(0)
})

test('a duty is not started again before it has ended, and not at all after the stop', async () => {
  const clock = new ManualClock()
  let started = 0
  let finish = (): void => {}
  const run = () => {
    started += 1
    return new Promise<void>((resolve) => {
      finish = resolve
    })
  }
  const stop = repeat([{ name: 'slow', everyMs: 100, run }], clock, new QuietLog())
  await clock.advance(1_000)
  expect(started).toBe(1)
  finish()
  await clock.advance(100)
  expect(started).toBe(2)
  stop()
  finish()
  await clock.advance(1_000)
  expect(started).toBe(2)
})

test('a duty that fails is logged and tried again, and others do not notice', async () => {
  const clock = new ManualClock()
  const log = new QuietLog()
  const done: string[] = []
  const duties = [
    {
      name: 'throws',
      everyMs: 100,
      run: () => {
        throw new Error('at once')
      },
    },
    { name: 'rejects', everyMs: 100, run: () => Promise.reject(new Error('later')) },
    { name: 'good', everyMs: 100, run: () => void done.push('good') },
  ]
  const stop = repeat(duties, clock, log)
  await clock.advance(300)
  stop()
  expect(done).toHaveLength(3)
  expect(log.at('warn')).toHaveLength(6)
})
