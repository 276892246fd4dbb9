import { expect, test } from 'vitest'
import { RecentEvents } from '../../gateway/core/recent-events.ts'
import type { DeviceEvent } from '../../protocol/messages.ts'
import { CoreRig } from '../helpers/core-rig.ts'
import { ManualClock } from '../helpers/manual-clock.ts'

const event = (name: string, data: DeviceEvent['data'] = {}): DeviceEvent => ({ type: 'event', seq: 1, name, data })
const names = (recent: RecentEvents, query = {}) =>
  recent.list({ limit: 9_999, ...query }).items.map(({ name }) => name)

test('events and log lines are listed newest first, page by page, as the filters say', () => {
  const recent = new RecentEvents(new ManualClock())
  recent.event('a', event('one', { n: 1 }))
  recent.log('a', { type: 'log', level: 'warn', text: 'hot' })
  recent.event('b', event('two'))
  const first = recent.list({ limit: 2 })
  expect(first.items).toMatchObject([
    { device: 'b', kind: 'event', name: 'two' },
    { device: 'a', kind: 'log', level: 'warn', text: 'hot' },
  ])
  expect(recent.list({ limit: 2, before: first.next })).toMatchObject({ items: [{ name: 'one', data: { n: 1 } }] })
  expect(recent.list({ limit: 2, before: first.next }).next).toBeUndefined()
  expect(names(recent, { device: 'a', kind: 'event' })).toEqual(['one'])
  expect(names(recent, { name: 'two' })).toEqual(['two'])
  recent.forget('a')
  expect(names(recent)).toEqual(['two'])
})

test('ids rise over a restart', async () => {
  const clock = new ManualClock()
  const before = new RecentEvents(clock)
  for (let i = 0; i < 10; i++) before.event('a', event('x'))
  await clock.advance(1)
  const after = new RecentEvents(clock)
  after.event('a', event('y'))
  const newest = before.list({ limit: 1 }).items[0]?.id ?? 0
  expect(after.list({ limit: 1 }).items[0]?.id).toBeGreaterThan(newest)
})

test('the oldest go beyond 5,000, and beyond 4 MiB', () => {
  const recent = new RecentEvents(new ManualClock())
  for (let i = 0; i < 12_000; i++) recent.event('a', event(`e${i}`))
  expect(names(recent)).toHaveLength(5_000)
  expect(names(recent).at(-1)).toBe('e7000')
  for (let i = 0; i < 500; i++) recent.event('a', event(`big${i}`, { text: 'x'.repeat(10_000) }))
  const left = names(recent)
  expect(left.length).toBeLessThan(420)
  expect(left.every((name) => name?.startsWith('big'))).toBe(true)
  recent.event('a', event('last'))
  expect(names(recent)[0]).toBe('last')
})

test('a device that speaks is heard once, and forgotten when it is deleted', async () => {
  const rig = new CoreRig()
  const device = await rig.ready('d1')
  device.send({ type: 'event', seq: 1, name: 'door', data: { open: true } })
  device.send({ type: 'event', seq: 1, name: 'door', data: { open: true } })
  device.send({ type: 'log', level: 'info', text: 'up' })
  expect(rig.core.plane.recent.list({ limit: 9 }).items).toMatchObject([
    { device: 'd1', kind: 'log', text: 'up' },
    { device: 'd1', kind: 'event', name: 'door', data: { open: true } },
  ])
  await rig.core.fleet.deleteDevice('d1')
  expect(rig.core.plane.recent.list({ limit: 9 }).items).toEqual([])
})
