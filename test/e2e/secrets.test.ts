import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { connectBusClient } from '../helpers/bus-client.ts'
import { addressOf, spawnGateway } from '../helpers/gateway-process.ts'
import type { GatewayProcess } from '../helpers/launch-gateway.ts'
import { describeWithMosquitto, startMosquitto } from '../helpers/mosquitto.ts'
import { temporaryDirectory } from '../helpers/start-gateway.ts'
import { Canaries, type Finding } from './secrets/canaries.ts'
import { liveKeys, livePeople, liveTokens } from './secrets/life.ts'
import { type HeardDevice, listenLive, welcomedDevice } from './secrets/listeners.ts'
import { Operator, type Said } from './secrets/operator.ts'

const LIFE_MS = 120_000

/*
 * What is stored or shown on purpose, and so is no canary here: the signing keys and the CA's key below the data directory,
 * which are what they protect with; the first key and the first link on stderr, once, for whoever started the gateway; a
 * key in the environment, where its owner put it; an answer that shows a secret the one time. Settings, telemetry and
 * params of commands are data: who puts a password there sends it to the bus.
 */

/** Every file below the folder, as it is on the disk, deleted pages of the database and its log too. */
async function searchFiles(canaries: Canaries, folder: string): Promise<Finding[]> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(['fairlead.db']))
  const found = files.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name)
    return canaries.search(relative(folder, path), await readFile(path))
  })
  return (await Promise.all(found)).flat()
}

/** Every document that can be read with this key, as the gateway is now. */
async function readAll(operator: Operator, admin: string): Promise<void> {
  const { body } = await operator.ask('', 'GET', 'openapi.json')
  const paths = body.paths as Record<string, Record<string, unknown>>
  for (const [path, methods] of Object.entries(paths)) {
    if (!('get' in methods)) continue
    const filled = path.replace('{id}', 'a').replaceAll(/\{\w+\}/g, 'none')
    for (const query of path.endsWith('/audit') ? ['?limit=200'] : [''])
      await operator.ask(admin, 'GET', filled + query)
  }
  await operator.ask('', 'GET', '/nonsense')
}

interface Run {
  readonly canaries: Canaries
  readonly dataDir: string
  readonly env: Record<string, string>
  readonly mqtt: string | undefined
}

/** The first start makes a key and a link and prints them, once, for the person who started it; nothing else may. */
async function firstStart({
  canaries,
  env,
  dataDir,
}: Run): Promise<{ gateway: GatewayProcess; admin: string; link: string }> {
  const gateway = spawnGateway(env)
  await addressOf(gateway, dataDir)
  const shown = () => /#\/welcome\/([\w-]{43})[\s\S]*FAIRLEAD_API_KEY=(flk_[\w-]{43})/.exec(gateway.stderr())
  await expect.poll(shown).not.toBeNull()
  const [, link = '', admin = ''] = shown() ?? []
  return {
    gateway,
    admin: canaries.note('first API key', admin),
    link: canaries.note('first login link', link),
  }
}

/** Everything that a gateway wrote, but for what the first start shows on purpose. */
function searchOutput({ canaries }: Run, gateway: GatewayProcess, shown: readonly string[]): Finding[] {
  let stderr = gateway.stderr()
  for (const secret of shown) {
    expect(stderr.split(secret), 'shown once').toHaveLength(2)
    stderr = stderr.replace(secret, '')
  }
  return [...canaries.search('stdout', gateway.stdout()), ...canaries.search('stderr', stderr)]
}

async function wholeLife(run: Run): Promise<void> {
  const { canaries, dataDir } = run
  const first = await firstStart(run)
  const address = await addressOf(first.gateway, dataDir)
  const operator = await Operator.at(address)
  const bus = await connectBusClient(run.mqtt ?? address.mqtt_url, brokerLogin(run))
  onTestFinished(() => bus.close())
  await bus.subscribe('#')
  const live: Said[] = []
  await listenLive(operator, { authorization: `Bearer ${first.admin}` }, live)
  const cookie = await livePeople(operator, canaries, first.link)
  await listenLive(operator, { cookie, origin: operator.origin }, live)
  await liveKeys(operator, canaries, first.admin)
  const token = await liveTokens(operator, canaries, first.admin)
  await readAll(operator, first.admin)
  const device = await welcomedDevice(operator, token)

  first.gateway.child.kill('SIGKILL')
  await first.gateway.exited
  const findings = await searchFiles(canaries, dataDir)

  const admin = canaries.note('API key from the environment', `flk_${randomBytes(32).toString('base64url')}`)
  const second = spawnGateway({ ...run.env, FAIRLEAD_ADMIN_KEY: admin })
  const again = await Operator.at(await addressOf(second, dataDir))
  await readAll(again, admin)
  const other = await welcomedDevice(again, token)
  second.child.kill('SIGTERM')
  expect(await second.exited).toBe(0)

  const commandLine = first.gateway.child.spawnargs.join(' ')
  const others: Said[] = [
    { what: 'process arguments', text: commandLine },
    ...operator.answers,
    ...again.answers,
    ...live,
  ]
  findings.push(...(await searchFiles(canaries, dataDir)))
  findings.push(...searchOutput(run, first.gateway, [first.link, first.admin]), ...searchOutput(run, second, []))
  for (const { what, text } of [...others, ...framesOf([device, other])]) findings.push(...canaries.search(what, text))
  for (const { topic, payload } of bus.messages) findings.push(...canaries.search(`bus, ${topic}`, payload))
  expect(Math.min(live.length, operator.answers.length, bus.messages.length), 'it listened').toBeGreaterThan(10)
  expect(findings).toEqual([])
}

/** What the embedded broker asks for; an external one has it in its URL. */
function brokerLogin({ env, mqtt }: Run): { username?: string; password?: string } {
  return mqtt === undefined ? { username: env.FAIRLEAD_BROKER_USERNAME, password: env.FAIRLEAD_BROKER_PASSWORD } : {}
}

/** Devices that were offered nothing hear no secret either. */
function framesOf(devices: readonly HeardDevice[]): Said[] {
  return devices.flatMap(({ frames }) => frames.map((text) => ({ what: 'frame to a device', text })))
}

async function openRun(): Promise<{ canaries: Canaries; dataDir: string; env: Record<string, string> }> {
  const dataDir = await temporaryDirectory()
  const env = { FAIRLEAD_HOST: '127.0.0.1', FAIRLEAD_PORT: '0', FAIRLEAD_NODE_ID: 'node-1', FAIRLEAD_DRAIN_S: '0' }
  return { canaries: new Canaries(), dataDir, env: { ...env, FAIRLEAD_DATA_DIR: dataDir, FAIRLEAD_LOG_LEVEL: 'debug' } }
}

test(
  'no secret leaves by any door in its whole life, with the embedded broker and its password',
  async () => {
    const run = await openRun()
    const password = run.canaries.note(
      'password of the embedded broker',
      `bus ${randomBytes(12).toString('base64url')}/&`,
    )
    const env = { FAIRLEAD_BROKER_PORT: '0', FAIRLEAD_BROKER_USERNAME: 'backend', FAIRLEAD_BROKER_PASSWORD: password }
    await wholeLife({ ...run, env: { ...run.env, ...env }, mqtt: undefined })
  },
  LIFE_MS,
)

describeWithMosquitto('with an external broker', () => {
  test(
    'no secret leaves by any door, the password in its URL neither',
    async () => {
      const mosquitto = await startMosquitto()
      onTestFinished(() => mosquitto.remove())
      const run = await openRun()
      const password = run.canaries.note(
        'password in FAIRLEAD_MQTT_URL',
        `bus ${randomBytes(12).toString('base64url')}/&`,
      )
      const url = mosquitto.url.replace('mqtt://', `mqtt://gateway:${encodeURIComponent(password)}@`)
      await wholeLife({ ...run, env: { ...run.env, FAIRLEAD_MQTT_URL: url }, mqtt: mosquitto.url })
    },
    LIFE_MS,
  )
})

test('the search finds each form in which a secret could get out', () => {
  const canaries = new Canaries()
  const secret = canaries.note('canary', 'a "quoted" secret/ä with 1234567890')
  const json = JSON.stringify(secret)
  const written = [
    ...[secret, json, JSON.stringify(json), [...secret].reverse().join(''), encodeURIComponent(secret)],
    ...[Buffer.from(secret).toString('hex'), Buffer.from(`x${secret}yz`).toString('base64')],
    ...[Buffer.from(`xx${secret}`).toString('base64url'), new URLSearchParams({ q: secret }).toString()],
  ]
  for (const text of written) expect(canaries.search('here', `before ${text} after`), text).not.toEqual([])
  expect(canaries.search('here', 'nothing of it')).toEqual([])
})
