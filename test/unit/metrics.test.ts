import { expect, test } from 'vitest'
import { createMetrics } from '../../gateway/adapters/metrics.ts'

async function lines(metrics: ReturnType<typeof createMetrics>, start: string): Promise<string[]> {
  return (await metrics.text()).split('\n').filter((line) => line.startsWith(start))
}

test('counts with and without a reason', async () => {
  const metrics = createMetrics()
  metrics.count('sessions_opened')
  metrics.count('sessions_closed', 'replaced')
  metrics.count('sessions_closed', 'replaced', 2)
  expect(await lines(metrics, 'fairlead_sessions_')).toEqual([
    'fairlead_sessions_opened_total 1',
    'fairlead_sessions_closed_total{reason="replaced"} 3',
  ])
})

test('counts reasons that are too many, or no words of the program, as other [S26]', async () => {
  const metrics = createMetrics()
  for (let i = 0; i < 10_000; i++) metrics.count('messages_refused', `device-${i}`)
  metrics.count('messages_dropped', 'a"}\n')
  metrics.count('messages_dropped', 'x'.repeat(65))
  const refused = await lines(metrics, 'fairlead_messages_refused_total')
  expect(refused).toHaveLength(65)
  expect(refused.at(-1)).toBe('fairlead_messages_refused_total{reason="other"} 9936')
  expect(await lines(metrics, 'fairlead_messages_dropped_total')).toEqual([
    'fairlead_messages_dropped_total{reason="other"} 2',
  ])
})

test('shows durations in seconds', async () => {
  const metrics = createMetrics()
  metrics.observe('publish_ms', 12)
  const shown = await lines(metrics, 'fairlead_publish_seconds')
  expect(shown).toContain('fairlead_publish_seconds_sum 0.012')
  expect(shown).toContain('fairlead_publish_seconds_bucket{le="0.01"} 0')
  expect(shown).toContain('fairlead_publish_seconds_bucket{le="0.025"} 1')
})

test('reads gauges at each scrape; the last registration counts', async () => {
  const metrics = createMetrics()
  let online = 3
  metrics.gauge('sessions_online', () => 99)
  metrics.gauge('sessions_online', () => online)
  expect(await lines(metrics, 'fairlead_sessions_online')).toEqual(['fairlead_sessions_online 3'])
  online = 4
  expect(await lines(metrics, 'fairlead_sessions_online')).toEqual(['fairlead_sessions_online 4'])
})

test('shows the process and the delay of its event loop, and says what format that is', async () => {
  const metrics = createMetrics()
  expect(await lines(metrics, 'nodejs_eventloop_lag_p99_seconds')).toHaveLength(1)
  expect(await lines(metrics, 'process_resident_memory_bytes')).toHaveLength(1)
  expect(metrics.contentType).toContain('text/plain')
})
