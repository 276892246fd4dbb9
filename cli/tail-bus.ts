import { once } from 'node:events'
import { connect, type MqttClient } from 'mqtt'
import type { Given } from './arguments.ts'
import { RefusedError, UnreachableError, UsageError } from './failures.ts'
import { jsonText, printable } from './print.ts'
import { readCa, readRunFile } from './settings.ts'
import { pairs, type TailOutput, tailLine } from './tail-output.ts'

const CONNECT_TIMEOUT_MS = 5_000

/** Prints what arrives on the bus until the output is full or interrupted. */
export async function tailBus(given: Given, device: string | undefined, output: TailOutput): Promise<void> {
  const base = given.text('base') ?? (process.env.FAIRLEAD_BASE_TOPIC || 'fairlead')
  const client = await open(given)
  client.on('message', (topic, payload) => {
    output.print(() => (given.isSet('json') ? toJson(topic, payload) : toText(topic.slice(base.length + 1), payload)))
  })
  await subscribe(client, `${base}/devices/${device ?? '+'}/#`)
  if (!output.over.aborted) await once(output.over, 'abort')
  client.removeAllListeners('close')
  await client.endAsync(true)
}

async function subscribe(client: MqttClient, filter: string): Promise<void> {
  try {
    await client.subscribeAsync(filter, { qos: 0 })
  } catch (error) {
    client.removeAllListeners('close')
    client.end(true)
    const { message } = error as Error
    const problem = { code: 'bus_refused', detail: message, filter }
    throw new RefusedError(`the bus does not let this user read ${filter}: ${message}`, problem)
  }
}

async function open(given: Given): Promise<MqttClient> {
  const [text, from] = findBroker(given)
  const url = URL.parse(text)
  if (url === null || !/^(mqtts?|wss?):$/.test(url.protocol)) {
    throw new UsageError(`${from}: not a URL such as mqtt://127.0.0.1:1883`)
  }
  const caPath = given.text('ca') ?? process.env.FAIRLEAD_CA
  const isSecure = url.protocol === 'mqtts:' || url.protocol === 'wss:'
  const ca = caPath && isSecure ? { ca: readCa(caPath) } : {}
  const client = connect(text, { connectTimeout: CONNECT_TIMEOUT_MS, ...ca })
  try {
    await firstConnection(client)
  } catch (error) {
    client.on('error', () => undefined) // it is being closed; the first failure is the one to tell
    client.end(true)
    const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message
    const where = `${url.protocol}//${url.host} (from ${from})` // without user and password
    throw new UnreachableError(`cannot reach the bus at ${where}: ${why}. Name it with --mqtt.`, { cause: error })
  }
  reportOutages(client)
  return client
}

function firstConnection(client: MqttClient): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  client.once('connect', () => resolve())
  client.once('error', reject)
  // MQTT.js keeps some errors, such as those of certificates, to itself and only closes.
  client.once('close', () => reject(new Error('it closed the connection; wrong port, wrong CA or no broker')))
  return promise
}

/** The client connects and subscribes again by itself; the reader learns that something may be missing. */
function reportOutages(client: MqttClient): void {
  let isAway = false
  client.on('error', (error) => process.stderr.write(`fairlead: bus: ${printable(error.message)}\n`))
  client.on('close', () => {
    if (!isAway) process.stderr.write('fairlead: the bus is away; trying again\n')
    isAway = true
  })
  client.on('connect', () => {
    if (isAway) process.stderr.write('fairlead: the bus is back\n')
    isAway = false
  })
}

function findBroker(given: Given): [string, string] {
  const flag = given.text('mqtt')
  if (flag !== undefined) return [flag, '--mqtt']
  if (process.env.FAIRLEAD_MQTT_URL) return [process.env.FAIRLEAD_MQTT_URL, 'FAIRLEAD_MQTT_URL']
  const run = readRunFile()
  if (run?.mqttUrl !== undefined) return [run.mqttUrl, run.path]
  throw new UsageError('which bus? No gateway runs here; name its broker with --mqtt mqtt://host:1883')
}

/** One line per message; what is not JSON is base64. */
function toJson(topic: string, payload: Uint8Array): string {
  const text = Buffer.from(payload).toString('utf8')
  try {
    return jsonText({ at: Date.now(), topic, payload: JSON.parse(text) })
  } catch {
    return jsonText({ at: Date.now(), topic, base64: Buffer.from(payload).toString('base64') })
  }
}

/** `12:00:01 greenhouse-1 telemetry temperature=21.5 humidity=40` */
function toText(topic: string, payload: Uint8Array): string {
  const [, device = '', ...rest] = topic.split('/')
  return tailLine(device, rest.join('/'), describe(payload))
}

function describe(payload: Uint8Array): string {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(payload).toString('utf8'))
  } catch {
    return `${payload.length} bytes`
  }
  const { points } = Object(value) as { points?: unknown }
  if (!Array.isArray(points)) return JSON.stringify(value)
  return points.map((point: unknown) => pairs(Object(Object(point).values))).join(' | ')
}
