import { beforeEach, describe, expect, test } from 'vitest'
import { AckPacer } from '../../gateway/core/ack-pacer.ts'
import { ManualClock } from '../helpers/manual-clock.ts'

describe('acknowledgements are paced [A-3]', () => {
  let clock: ManualClock
  let startMs: number
  let flushedAtMs: number[]
  let pacer: AckPacer

  beforeEach(() => {
    clock = new ManualClock()
    startMs = clock.monotonicMs()
    flushedAtMs = []
    pacer = new AckPacer(clock, () => flushedAtMs.push(clock.monotonicMs() - startMs))
  })

  test('at once after a pause', async () => {
    pacer.request()
    await clock.advance(50)
    pacer.request()
    expect(flushedAtMs).toEqual([0, 50])
  })

  test('at most every 50 ms while they keep coming [L-12]', async () => {
    for (let ms = 0; ms < 200; ms += 5) {
      pacer.request()
      await clock.advance(5)
    }
    expect(flushedAtMs).toEqual([0, 50, 100, 150, 200])
  })

  test('withheld until they may go out [A-6]', async () => {
    pacer.request(startMs + 300)
    await clock.advance(299)
    expect(flushedAtMs).toEqual([])
    await clock.advance(1)
    expect(flushedAtMs).toEqual([300])
  })

  test('a later request that may go out sooner does not wait for the first', async () => {
    pacer.request(startMs + 300)
    pacer.request(startMs + 100)
    pacer.request(startMs + 200)
    await clock.advance(100)
    expect(flushedAtMs).toEqual([100])
    expect(clock.pending).toBe(0)
  })

  test('not at all once it is stopped', async () => {
    pacer.flushNow()
    pacer.request()
    pacer.stop()
    await clock.advance(1_000)
    expect(flushedAtMs).toEqual([0])
    expect(clock.pending).toBe(0)
  })
})
