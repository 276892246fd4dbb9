import { describe, expect, test } from 'vitest'
import { LiveFeed } from '../../gateway/core/live/feed.ts'

const POINT = { ageMs: 0, values: { temperature: 21.5 } } as const

test('telemetry is one record for the channel of its device and for that of all', () => {
  const feed = new LiveFeed()
  feed.telemetry('a', [POINT], 1_000, 100)
  const [ofDevice] = feed.history({ kind: 'telemetry', device: 'a' })?.from(0, 1) ?? []
  const [ofAll] = feed.history({ kind: 'telemetry' })?.from(0, 1) ?? []
  expect(ofDevice).toBe(ofAll)
  expect(ofDevice?.items()).toEqual([{ device: 'a', ts: 1_000, values: { temperature: 21.5 } }])
})

describe('telemetry kept for plots', () => {
  const MESSAGE_BYTES = 8 * 1024
  const TOTAL_MAX_BYTES = 16 * 1024 * 1024

  /** Each device sends until it has more than it may keep, and is then silent for ever. */
  function feedOf(devices: number): LiveFeed {
    const feed = new LiveFeed()
    for (let id = 0; id < devices; id++) {
      for (let n = 0; n < 10; n++) feed.telemetry(`d${id}`, [POINT], n, MESSAGE_BYTES)
    }
    return feed
  }
  const keptOf = (feed: LiveFeed, id: number) => {
    const history = feed.history({ kind: 'telemetry', device: `d${id}` })
    return history === undefined ? 0 : history.end - history.start
  }

  test('is bounded over all devices together, also over those that are silent', () => {
    const devices = 1_000
    const feed = feedOf(devices)
    const messages = Array.from({ length: devices }, (_, id) => keptOf(feed, id)).reduce((sum, kept) => sum + kept, 0)
    expect(messages * MESSAGE_BYTES).toBeLessThanOrEqual(TOTAL_MAX_BYTES)
  })

  test('is shared evenly: a device does not lose by being there before the others', () => {
    const feed = feedOf(500)
    const kept = new Set(Array.from({ length: 500 }, (_, id) => keptOf(feed, id)))
    expect([...kept]).toHaveLength(1)
    expect(Math.min(...kept)).toBeGreaterThan(1)
  })

  test('is at least the newest message of each device, whatever its size', () => {
    const feed = feedOf(3_000)
    expect(keptOf(feed, 0)).toBe(1)
    expect(keptOf(feed, 2_999)).toBe(1)
  })

  test('of a deleted device is forgotten', () => {
    const feed = feedOf(2)
    feed.deleted('d0')
    expect([keptOf(feed, 0), keptOf(feed, 1)]).toEqual([0, 7])
  })
})
