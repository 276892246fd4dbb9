import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { isName } from '../../protocol/names.ts'
import { connectBusClient } from '../helpers/bus-client.ts'
import { type FlowNode, FlowRunner, topicMatches } from '../helpers/node-red.ts'
import { startTestGateway } from '../helpers/start-gateway.ts'
import { readToml, toMetrics, unknownSettings } from '../helpers/telegraf.ts'

const read = (name: string) => readFileSync(new URL(`../../docs/integrations/${name}`, import.meta.url), 'utf8')
const TS = 1_763_800_000_000

/** A gateway with one device that knows `restart`, and somebody on its bus. */
async function open() {
  const gateway = await startTestGateway()
  const bus = await connectBusClient(gateway.mqttUrl)
  onTestFinished(() => bus.close())
  const { device } = await gateway.readyDevice('greenhouse-1', { commands: { restart: () => ({ restarting: true }) } })
  return { gateway, bus, device }
}

test('the Telegraf snippet makes a metric of each point, with the time of its measurement', async () => {
  const tables = readToml(read('telegraf.conf'))
  expect(unknownSettings(tables)).toEqual([])
  const { topics } = tables.get('inputs.mqtt_consumer') ?? {}
  const { bus, device } = await open()
  for (const filter of topics as string[]) await bus.subscribe(filter)
  device.telemetryBatch([
    { ts: TS, values: { temperature: 21.5, door_open: true, mode: 'auto' } },
    { timeUnknown: true, values: { ts: 7 } },
  ])
  const { topic, text } = await bus.next(() => true)
  const [first, second, ...none] = toMetrics(tables, topic, text)
  const tags = { device: 'greenhouse-1' }
  expect(none).toEqual([])
  const fields = { temperature: 21.5, door_open: true, mode: 'auto' }
  expect(first).toEqual({ name: 'telemetry', tags, fields, timeMs: TS })
  expect(second).toMatchObject({ tags, fields: { ts: 7 } })
  expect(second?.timeMs).toBeGreaterThan(TS)
})

test('the readers of these tests refuse what they do not know', () => {
  expect(() => readToml('[[a]]\nb = 1.5')).toThrow()
  expect(() => readToml('b = 1')).toThrow()
  expect(() => readToml('[a]')).toThrow()
  expect(unknownSettings(readToml('[[inputs.mqtt_consumer]]\nqoss = 1'))).toHaveLength(1)
})

const flow = JSON.parse(read('node-red-flow.json')) as FlowNode[]
const ofType = (type: string) => flow.filter((node) => node.type === type)

test('the Node-RED flow is whole: every wire, tab and broker is there', () => {
  const ids = flow.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const { wires = [], z, broker, type } of flow) {
    for (const target of wires.flat()) expect(ids).toContain(target)
    if (type !== 'tab' && type !== 'mqtt-broker') expect(ofType('tab').map(({ id }) => id)).toContain(z)
    if (type.startsWith('mqtt ')) expect(ofType('mqtt-broker').map(({ id }) => id)).toContain(broker)
  }
  const reached = new Set(flow.flatMap(({ wires = [] }) => wires.flat()))
  const ends = flow.filter(({ type }) => ['function', 'debug', 'mqtt out'].includes(type))
  expect(ends.filter(({ id }) => !reached.has(id))).toEqual([])
})

test('the Node-RED flow shows telemetry, sends a command with an id of its own, and shows how it ended', async () => {
  const { bus, device } = await open()
  const sent: Promise<void>[] = []
  const runner = new FlowRunner(flow, ({ topic, payload, qos, retain }) => {
    expect([qos, retain]).toEqual([1, false])
    sent.push(bus.publish(String(topic), String(payload)))
  })
  const inputs = ofType('mqtt in')
  for (const { topic = '' } of inputs) await bus.subscribe(topic)
  const arrive = async (filter: string) => {
    const { topic, text } = await bus.next((message) => topicMatches(filter, message.topic))
    const input = inputs.find((node) => topicMatches(node.topic ?? '', topic))
    if (input) runner.leave(input, { topic, payload: JSON.parse(text) })
  }

  device.telemetryBatch([{ ts: TS, values: { temperature: 21.5 } }, { values: { temperature: 22 } }])
  await arrive('fairlead/devices/+/telemetry')
  const values = runner.arrived.get('fairlead-values') ?? []
  expect(values).toHaveLength(2)
  expect(values[0]).toEqual({ topic: 'greenhouse-1', payload: { temperature: 21.5 }, timestamp: TS })

  const [button] = ofType('inject')
  if (button === undefined) throw new Error('the flow has no button')
  for (let times = 0; times < 2; times += 1) {
    runner.press(button)
    await Promise.all(sent)
    await arrive('fairlead/devices/+/command/response/+')
  }
  const outcomes = runner.arrived.get('fairlead-outcome') ?? []
  expect(outcomes).toHaveLength(2)
  for (const { topic, command, payload } of outcomes) {
    expect([topic, isName(command)]).toEqual(['greenhouse-1', true])
    expect(payload).toMatchObject({ state: 'succeeded', id: command })
  }
  expect(new Set(outcomes.map(({ command }) => command)).size).toBe(2)
  expect(runner.statuses.at(-1)).toMatchObject({ fill: 'green', text: 'greenhouse-1: succeeded' })
})
