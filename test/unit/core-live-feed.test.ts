import { expect, test } from 'vitest'
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
