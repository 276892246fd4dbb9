import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import WebSocket from 'ws'
import { createListener } from '../../gateway/adapters/https-listener.ts'
import { serveBrowsers } from '../../gateway/adapters/websocket/browsers.ts'
import type { Caller } from '../../gateway/core/access/ports.ts'
import { LiveFeed } from '../../gateway/core/live/feed.ts'
import { Viewers } from '../../gateway/core/live/viewers.ts'
import { ManualClock } from '../helpers/manual-clock.ts'
import { keptLog } from '../helpers/rest.ts'

const CALLER: Caller = { kind: 'key', name: 'test', role: 'operator' }
const FIGURES = { online: 0, received: 0, published: 0, refused: 0, dropped: 0, bus_ready: true, bus_waiting: 0 }
const PRESENCE = { device: 'a', state: 'offline', session: 0, sinceMs: 0, reason: '', node: '' } as const
/** Above this nothing more is written to a page. */
const BUFFERED_MAX_BYTES = 256 * 1024
const PAGES_OF_CALLER_MAX = 20
/** The heartbeat is not content. */
const PINGS_BYTES = 64
const LINE = { type: 'log', level: 'info', text: 'x'.repeat(8_000) } as const

/** The live socket on a true listener, with a clock that the test moves. */
async function openLive(admit: () => Promise<Caller> = async () => CALLER) {
  const clock = new ManualClock()
  const { log } = keptLog()
  const feed = new LiveFeed()
  const views = { epoch: () => 'run', registry: { listDevices: async () => [] }, presence: { of: () => PRESENCE } }
  const now = { alarms: () => [], node: () => [] }
  const viewers = new Viewers({ clock, log, feed, ...views, figures: () => FIGURES, now })
  const server = createListener({ tls: 'off' })
  const sockets: Socket[] = []
  server.on('connection', (socket: Socket) => sockets.push(socket))
  serveBrowsers({ server, viewers, admit, identify: async () => CALLER, log })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const open = () => {
    const page = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/live/v1`)
    onTestFinished(() => page.terminate())
    return page
  }
  const say = () => feed.log('a', LINE, { id: 1, atMs: clock.wallMs() })
  const pump = () => viewers.duties.find(({ name }) => name === 'live pages')?.run()
  return { clock, viewers, open, say, pump, waiting: () => sockets[0]?.writableLength ?? 0 }
}

test('a page that does not read for 30 s is closed with 4008, and told so when it reads again', async () => {
  const { clock, viewers, open, say, pump, waiting } = await openLive()
  const page = open()
  await once(page, 'open')
  const heard: string[] = []
  page.on('message', (data) => heard.push(String(data)))
  page.send(JSON.stringify({ type: 'subscribe', channel: 'logs:a' }))
  await expect.poll(() => heard.some((text) => text.includes('"snapshot"'))).toBe(true)
  page.pause()
  const fill = () => {
    for (let n = 0; n < 100; n++) say()
    pump()
    return waiting()
  }
  await expect.poll(fill, { timeout: 30_000, interval: 5 }).toBeGreaterThan(BUFFERED_MAX_BYTES)
  const full = waiting()
  await clock.advance(29_000)
  fill()
  expect(waiting(), 'nothing more is written').toBeLessThanOrEqual(full + PINGS_BYTES)
  expect(viewers.size).toBe(1)
  await clock.advance(2_000)
  pump()
  page.resume()
  const [code] = (await once(page, 'close')) as [number]
  expect(code).toBe(4008)
  expect(JSON.parse(heard.at(-1) ?? '')).toMatchObject({ type: 'bye', code: 4008, reconnect: true })
  await expect.poll(() => viewers.size).toBe(0)
})

test('pages of one caller that come in the same moment are counted like all others', async () => {
  const admitted = Promise.withResolvers<Caller>()
  let asking = 0
  const { viewers, open } = await openLive(() => {
    asking += 1
    return admitted.promise
  })
  const answers = Array.from({ length: PAGES_OF_CALLER_MAX + 5 }, () => answerTo(open()))
  await expect.poll(() => asking).toBe(answers.length)
  admitted.resolve(CALLER)
  const statuses = await Promise.all(answers)
  expect(statuses.filter((status) => status === 101)).toHaveLength(PAGES_OF_CALLER_MAX)
  expect(statuses.filter((status) => status === 429)).toHaveLength(5)
  expect(viewers.size).toBe(PAGES_OF_CALLER_MAX)
})

/** The status of the handshake. */
function answerTo(page: WebSocket): Promise<number | undefined> {
  return new Promise((resolve) => {
    page.on('error', () => {}) // follows a refusal
    page.on('open', () => resolve(101))
    page.on('unexpected-response', (_request, response) => resolve(response.statusCode))
  })
}
