import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Bus, BusRequest, Log, Metrics } from '../../gateway/core/ports.ts'
import { topicsUnder } from '../../protocol/topics.ts'
import { type BusClient, connectBusClient } from '../helpers/bus-client.ts'

/** What every Bus must do, whatever broker is behind it. */

export interface BusUnderTest {
  /** Started; it may still have to connect. */
  readonly bus: Bus
  /** Where an independent client finds the broker. */
  readonly url: string
  /** Stops what was started, also when the test stopped the bus itself. */
  close(): Promise<void>
}

export interface BusSettings {
  readonly base: string
  readonly node: string
  readonly onRequest: (request: BusRequest) => Promise<void>
  readonly log: Log
  readonly metrics: Metrics
}

export const quietLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => quietLog,
}

/** Counts by `name:reason`. */
export function countingMetrics(): Metrics & { readonly counts: Map<string, number> } {
  const counts = new Map<string, number>()
  return {
    counts,
    count: (name, reason = '', by = 1) => {
      const key = `${name}:${reason}`
      counts.set(key, (counts.get(key) ?? 0) + by)
    },
    observe: () => {},
  }
}

export async function untilReady(bus: Bus): Promise<void> {
  await expect.poll(() => bus.health(), { timeout: 20_000 }).toEqual({ ready: true })
}

/** The outbox's bound in messages [gateway/core/bus-outbox.ts]. */
const MESSAGES_MAX = 100_000

export function busContract(name: string, open: (settings: BusSettings) => Promise<BusUnderTest>): void {
  describe(`bus: ${name}`, () => {
    const topics = topicsUnder('site/fairlead')
    const requests: BusRequest[] = []
    let onRequest: (request: BusRequest) => Promise<void>
    let opened: BusUnderTest
    let bus: Bus
    let client: BusClient

    beforeEach(async () => {
      requests.length = 0
      onRequest = async () => {}
      opened = await open({
        base: 'site/fairlead',
        node: 'node-1',
        log: quietLog,
        metrics: countingMetrics(),
        onRequest: async (request) => {
          requests.push(request)
          await onRequest(request)
        },
      })
      bus = opened.bus
      await untilReady(bus)
      client = await connectBusClient(opened.url)
    })

    afterEach(async () => {
      await client.close()
      await opened.close()
    })

    test('a confirmed message reaches an independent subscriber', async () => {
      await client.subscribe('site/fairlead/#')
      await bus.publish(topics.telemetry('dev-1'), '{"seq":1}')
      const message = await client.next(({ topic }) => topic === topics.telemetry('dev-1'))
      expect(message.text).toBe('{"seq":1}')
      expect(message.retained).toBe(false)
    })

    test('2,000 messages at once, some retained, arrive complete and in the order of each topic', async () => {
      await client.subscribe('site/fairlead/devices/#')
      const sent = Array.from({ length: 2_000 }, (_, index) => ({
        topic: topics.telemetry(`dev-${index % 7}`),
        text: `${index}`,
        retain: index % 5 === 0,
      }))
      await Promise.all(sent.map(({ topic, text, retain }) => bus.publish(topic, text, { retain })))
      await expect.poll(() => client.messages.length, { timeout: 20_000 }).toBe(sent.length)
      for (let device = 0; device < 7; device += 1) {
        const topic = topics.telemetry(`dev-${device}`)
        const arrived = client.messages.filter((message) => message.topic === topic).map(({ text }) => text)
        expect(arrived).toEqual(sent.filter((message) => message.topic === topic).map(({ text }) => text))
      }
    })

    test('a retained message is kept for later subscribers, and an empty one clears it', async () => {
      await bus.publish(topics.availability('dev-1'), '{"state":"online"}', { retain: true })
      await expect
        .poll(async () => (await client.retained(topics.availability('dev-1')))?.text)
        .toBe('{"state":"online"}')
      await bus.publish(topics.availability('dev-1'), '', { retain: true })
      await expect.poll(() => client.retained(topics.availability('dev-1'))).toBeUndefined()
    })

    test('a binary payload arrives byte for byte [U-5]', async () => {
      const payload = Uint8Array.from({ length: 20_000 }, (_, index) => (index * 7) % 256)
      await client.subscribe(topics.channel('dev-1', 'frames'))
      await bus.publish(topics.channel('dev-1', 'frames'), payload.subarray(3))
      const message = await client.next(() => true)
      expect(message.payload.equals(payload.subarray(3))).toBe(true)
    })

    test('a command request comes in with its topic and payload', async () => {
      await client.publish(topics.commandRequest('dev-1', 'c-1'), '{"name":"blink"}')
      await expect.poll(() => requests.length).toBe(1)
      const [request] = requests
      expect(request?.topic).toBe(topics.commandRequest('dev-1', 'c-1'))
      expect(Buffer.from(request?.payload ?? []).toString()).toBe('{"name":"blink"}')
      expect(request?.retained).toBe(false)
    })

    test('a retained command request is marked as such', async () => {
      await client.publish(topics.commandRequest('dev-1', 'c-2'), '{"name":"blink"}', { retain: true })
      await expect.poll(() => requests.map(({ retained }) => retained)).toEqual([true])
    })

    test('nothing that the gateway publishes comes back as a request [U-2]', async () => {
      await bus.publish(topics.commandStatus('dev-1', 'c-3'), '{"state":"queued"}')
      await bus.publish(topics.commandResponse('dev-1', 'c-3'), '{"state":"succeeded"}')
      await bus.publish(topics.telemetry('dev-1'), '{}')
      await client.publish(topics.commandRequest('dev-1', 'last'), '{}')
      await expect.poll(() => requests.map(({ topic }) => topic)).toEqual([topics.commandRequest('dev-1', 'last')])
    })

    test('a request that cannot be stored does not keep the next one out', async () => {
      onRequest = async ({ topic }) => {
        if (topic.endsWith('/bad')) throw new Error('registry is away')
      }
      await client.publish(topics.commandRequest('dev-1', 'bad'), '{}')
      await client.publish(topics.commandRequest('dev-1', 'good'), '{}')
      await expect.poll(() => requests.map(({ topic }) => topic)).toContain(topics.commandRequest('dev-1', 'good'))
    })

    test('the node is online while it runs and offline when it stops [U-11]', async () => {
      const state = topics.nodeState('node-1')
      await expect.poll(async () => (await client.retained(state))?.text).toContain('"state":"online"')
      await client.subscribe(state)
      await bus.stop(2_000)
      const last = await client.next(({ text }) => text.includes('offline'))
      expect(JSON.parse(last.text)).toMatchObject({ state: 'offline' })
    })

    test('backlog counts messages and bytes until they are confirmed', async () => {
      expect(bus.backlog()).toEqual({ messages: 0, bytes: 0 })
      const topic = topics.telemetry('dev-1')
      const all = Array.from({ length: 50 }, () => bus.publish(topic, 'x'.repeat(100)))
      expect(bus.backlog()).toEqual({ messages: 50, bytes: 50 * (100 + topic.length) })
      await Promise.all(all)
      expect(bus.backlog()).toEqual({ messages: 0, bytes: 0 })
    })

    test('when the outbox is full the newest message is refused and the others arrive', async () => {
      const all = Array.from({ length: MESSAGES_MAX }, () => bus.publish(topics.telemetry('dev-1'), 'x'))
      await expect(bus.publish(topics.telemetry('dev-1'), 'one too many')).rejects.toMatchObject({ code: 'bus_full' })
      expect(bus.backlog().messages).toBe(MESSAGES_MAX)
      await Promise.all(all)
      await bus.publish(topics.telemetry('dev-1'), 'room again')
    })

    test.each(['', 'a/+', 'a/#', 'a\0b'])('%j is refused for ever: it is no topic to publish on', async (topic) => {
      await expect(bus.publish(topic, 'x')).rejects.toMatchObject({ code: 'bus_refused' })
    })

    test('stop waits for what is not confirmed, and refuses what comes later', async () => {
      await client.subscribe('site/fairlead/devices/#')
      const before = Array.from({ length: 300 }, (_, index) => bus.publish(topics.telemetry('dev-1'), `${index}`))
      const stopped = bus.stop(5_000)
      await expect(bus.publish(topics.telemetry('dev-1'), 'late')).rejects.toMatchObject({ code: 'stopping' })
      expect(bus.health().ready).toBe(false)
      await Promise.all(before)
      await stopped
      await client.next(({ text }) => text === '299')
      expect(client.messages.map(({ text }) => text)).toEqual(before.map((_, index) => `${index}`))
    })
  })
}
