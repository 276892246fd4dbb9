import { describe, expect, test } from 'vitest'
import type { Caller } from '../../gateway/core/access/ports.ts'
import { GatewayError } from '../../gateway/core/errors.ts'
import { LiveFeed } from '../../gateway/core/live/feed.ts'
import { type Identify, Viewers } from '../../gateway/core/live/viewers.ts'
import type { DeviceRow } from '../../gateway/core/records.ts'
import type { LiveMessage } from '../../protocol/live.ts'
import { ManualClock } from '../helpers/manual-clock.ts'
import { keptLog } from '../helpers/rest.ts'

const FIGURES = { online: 0, received: 0, published: 0, refused: 0, dropped: 0, bus_ready: true, bus_waiting: 0 }
const PRESENCE = { device: 'a', state: 'offline', session: 0, sinceMs: 0, reason: '', node: '' } as const
const KEPT = 1_000

type Items = { readonly items: readonly Record<string, unknown>[] }

/** What pages hear, on a clock that the test moves. */
function openPages(listDevices: () => Promise<DeviceRow[]> = async () => []) {
  const clock = new ManualClock()
  const { log, lines } = keptLog()
  const feed = new LiveFeed()
  const views = { epoch: () => 'run', registry: { listDevices }, presence: { of: () => PRESENCE } }
  const now = { alarms: () => [{ id: 'registry_unavailable' }], node: () => [] }
  const viewers = new Viewers({ clock, log, feed, ...views, figures: () => FIGURES, now })
  const pump = async () => {
    viewers.duties.find(({ name }) => name === 'live pages')?.run()
    await clock.advance(0)
  }
  const open = (identify: Identify = async () => caller('operator')) => {
    const heard: LiveMessage[] = []
    const socket = { bytesWaiting: 0, bytesAfterSend: 0 }
    const send = (text: string) => {
      heard.push(JSON.parse(text))
      socket.bytesWaiting = socket.bytesAfterSend
    }
    const link = { send, buffered: () => socket.bytesWaiting, ping() {}, close() {} }
    const viewer = viewers.open(caller('operator'), link, identify)
    const say = (type: 'subscribe' | 'unsubscribe', channel: string, cursor?: string) =>
      viewer.text(JSON.stringify({ type, channel, cursor }))
    const of = (channel: string) => heard.filter((message) => 'channel' in message && message.channel === channel)
    return { viewer, heard, say, of, socket }
  }
  return { clock, feed, lines, viewers, pump, open }
}

function caller(role: Caller['role']): Caller {
  return { kind: 'user', name: 'ada', role }
}

function said(feed: LiveFeed, device: string, id: number): void {
  feed.event(device, { type: 'event', seq: id, name: 'door', ageMs: 0, data: null }, { id, atMs: id }, 100)
}

const idsOf = (messages: readonly LiveMessage[]) =>
  (messages as readonly (LiveMessage & Items)[]).flatMap(({ items }) => items.map(({ id }) => id))

describe('the snapshot of a channel that is its history', () => {
  test('is all that is kept, in parts; only what comes after it is a change', async () => {
    const { feed, pump, open } = openPages()
    for (let id = 1; id <= KEPT; id++) said(feed, 'a', id)
    const page = open()
    page.say('subscribe', 'events')
    await pump()
    const parts = page.of('events')
    expect(parts.map(({ type }) => type)).not.toContain('changes')
    expect(parts.map((part) => 'more' in part && part.more)).toEqual([true, true, true, false])
    expect(idsOf(parts)).toEqual(Array.from({ length: KEPT }, (_, at) => at + 1))
    said(feed, 'a', KEPT + 1)
    await pump()
    expect(page.of('events').slice(parts.length)).toMatchObject([{ type: 'changes', items: [{ id: KEPT + 1 }] }])
  })

  test('of one device does not stop where others have said much', async () => {
    const { feed, pump, open } = openPages()
    for (let id = 1; id <= KEPT; id++) said(feed, id === KEPT ? 'rare' : 'a', id)
    const page = open()
    page.say('subscribe', 'events:rare')
    await pump()
    expect(page.of('events:rare')).toMatchObject([{ type: 'snapshot', more: false, items: [{ id: KEPT }] }])
    for (let id = KEPT + 1; id <= 2 * KEPT; id++) said(feed, id === 2 * KEPT ? 'rare' : 'a', id)
    await pump()
    expect(page.of('events:rare').slice(1)).toMatchObject([{ type: 'changes', items: [{ id: 2 * KEPT }] }])
  })

  test('ends when the device is deleted between two parts', async () => {
    const { feed, pump, open } = openPages()
    for (let n = 0; n < 500; n++) feed.telemetry('a', [{ ageMs: 0, values: { n } }], n, 10)
    const page = open()
    page.socket.bytesAfterSend = 1024 * 1024 // the page reads one message, and then nothing for a while
    page.say('subscribe', 'telemetry:a')
    await pump()
    feed.deleted('a')
    page.socket.bytesAfterSend = 0
    page.socket.bytesWaiting = 0
    await pump()
    expect(page.of('telemetry:a')).toMatchObject([
      { type: 'snapshot', more: true },
      { type: 'snapshot', more: false, items: [] },
    ])
  })

  test('after a gap is what was missed, in parts', async () => {
    const { feed, pump, open } = openPages()
    for (let id = 1; id <= KEPT; id++) said(feed, 'a', id)
    const page = open()
    page.say('subscribe', 'events', 'run.500')
    await pump()
    const parts = page.of('events')
    expect(parts).toMatchObject([
      { type: 'snapshot', recovered: true, more: true },
      { type: 'snapshot', recovered: true, more: false },
    ])
    expect(idsOf(parts)).toEqual(Array.from({ length: KEPT - 500 }, (_, at) => at + 501))
  })
})

describe('while the registry', () => {
  test('does not answer, channels that do not need it go on; the others are tried again each second', async () => {
    let asked = 0
    const { clock, lines, pump, open } = openPages(() => {
      asked += 1
      return Promise.reject(new GatewayError('registry_unavailable'))
    })
    const page = open()
    page.say('subscribe', 'fleet')
    page.say('subscribe', 'alarms')
    for (let n = 0; n < 5; n++) await pump()
    expect(page.of('alarms')).toMatchObject([{ type: 'snapshot', items: [{ id: 'registry_unavailable' }] }])
    expect([asked, lines.length]).toEqual([1, 1])
    await clock.advance(1_000)
    await pump()
    expect(asked).toBe(2)
  })

  test('is asked, a page that does not want the channel any more is not told of it', async () => {
    const answer = Promise.withResolvers<DeviceRow[]>()
    const { pump, open } = openPages(() => answer.promise)
    const page = open()
    page.say('subscribe', 'fleet')
    await pump()
    page.say('unsubscribe', 'fleet')
    answer.resolve([])
    await pump()
    expect(page.of('fleet')).toEqual([])
  })
})

test('of two answers to who a page is, the one that was asked for last counts', async () => {
  const answers: ReturnType<typeof Promise.withResolvers<Caller | undefined>>[] = []
  const { clock, viewers, open } = openPages()
  const page = open(() => {
    const answer = Promise.withResolvers<Caller | undefined>()
    answers.push(answer)
    return answer.promise
  })
  viewers.recheck()
  viewers.recheck()
  const [first, second] = answers
  second?.resolve(caller('viewer'))
  await clock.advance(0)
  first?.resolve(caller('operator'))
  await clock.advance(0)
  expect(page.viewer.caller.role).toBe('viewer')
  expect(page.heard.filter(({ type }) => type === 'role')).toEqual([{ type: 'role', role: 'viewer' }])
})
