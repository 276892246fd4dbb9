import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { createLog } from '../../gateway/adapters/log.ts'
import { loadConfig } from '../../gateway/config.ts'
import { startGateway } from '../../gateway/gateway.ts'
import { readArguments } from '../../simulator/arguments.ts'
import { type BusClient, connectBusClient } from '../helpers/bus-client.ts'
import { describeWithMosquitto } from '../helpers/mosquitto.ts'
import { steadyPort } from '../helpers/steady-port.ts'

const ROOT = join(import.meta.dirname, '../..')
const START_TIMEOUT_MS = 30_000
const PASSWORDS = { MOSQUITTO_GATEWAY_PASSWORD: 'gateway-password', MOSQUITTO_APP_PASSWORD: 'app_password' }
const SECRETS = [...Object.keys(PASSWORDS), 'FAIRLEAD_ADMIN_KEY']

interface Service {
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly hostname?: string
  readonly profiles?: readonly string[]
  readonly command?: readonly string[]
  readonly entrypoint?: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly volumes: readonly string[]
  readonly ports?: readonly string[]
  readonly depends_on?: readonly string[] | Readonly<Record<string, object>>
  readonly read_only: boolean
  readonly cap_drop: readonly string[]
  readonly security_opt: readonly string[]
  readonly stop_grace_period: string
}

describe('docker-compose.yml', () => {
  const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')
  const compose = parse(text, { merge: true }) as {
    services: Record<string, Service>
    volumes: Record<string, unknown>
  }
  const services = Object.entries(compose.services)
  const service = (name: string): Service => {
    const found = compose.services[name]
    if (found === undefined) throw new Error(`there is no service ${name}`)
    return found
  }
  const asked = new Set([...text.matchAll(/(?<!\$)\$\{([A-Z_]+)/g)].map(([, name]) => name))
  const filledIn = (value: string) =>
    value.replace(/\$\{([A-Z_]+)(:[-?][^}]*)?\}/g, (_all, name: string) =>
      SECRETS.includes(name) ? 'x'.repeat(40) : '',
    )

  test('has a gateway, a broker, and simulated devices only on request', () => {
    expect(services.map(([name]) => name)).toEqual(['gateway', 'mosquitto', 'sim'])
    expect(services.filter(([, { profiles }]) => profiles === undefined).map(([name]) => name)).toEqual([
      'gateway',
      'mosquitto',
    ])
  })

  test('names only files that exist, volumes that it declares and services that it has', () => {
    const mounts = services.flatMap(([, { volumes }]) => volumes.map((mount) => mount.split(':')[0] ?? ''))
    const [paths, names] = [
      mounts.filter((mount) => mount.startsWith('.')),
      mounts.filter((mount) => !/^\./.test(mount)),
    ]
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
    expect([...new Set(names)].sort()).toEqual(Object.keys(compose.volumes).sort())
    const { build } = service('gateway')
    expect(existsSync(join(ROOT, build?.context ?? '', build?.dockerfile ?? ''))).toBe(true)
    for (const [, { depends_on = [] }] of services) {
      const needed = Array.isArray(depends_on) ? depends_on : Object.keys(depends_on)
      expect(needed.filter((name) => !(name in compose.services))).toEqual([])
    }
    const script = service('mosquitto').entrypoint?.at(-1)?.replace('/mosquitto/config', 'deploy/mosquitto') ?? ''
    expect(existsSync(join(ROOT, script))).toBe(true)
  })

  test('asks for the variables of deploy/compose.env.example and no others', () => {
    const example = readFileSync(join(ROOT, 'deploy/compose.env.example'), 'utf8')
    expect([...asked].sort()).toEqual(Object.keys(parseEnv(example)).sort())
  })

  test('gives each program settings that it takes', () => {
    const environment = (name: string) =>
      Object.fromEntries(Object.entries(service(name).environment).map(([key, value]) => [key, filledIn(value)]))
    const config = loadConfig(environment('gateway'))
    expect(config.bus).toMatchObject({ kind: 'external', url: 'mqtt://mosquitto:1883', username: 'gateway' })
    const [program, file = '', ...args] = service('sim').command ?? []
    expect(program).toBe('node')
    expect(existsSync(join(ROOT, file))).toBe(true)
    const around = { runningUrl: undefined, runningCaFile: undefined, isReadable: () => true, openFilesMax: 1024 }
    const read = readArguments(args, { env: environment('sim'), ...around })
    expect(read).toMatchObject({ kind: 'run', arguments: { devices: 20, caFile: '/data/tls/ca.pem' } })
    const host = read.kind === 'run' ? new URL(read.arguments.url).hostname : ''
    expect(host).toBe(service('gateway').hostname)
  })

  test('opens the ports that the programs listen on, the broker to this machine alone', () => {
    expect(service('gateway').ports).toEqual([`${loadConfig({}).port}:${loadConfig({}).port}`])
    const listener = /^listener (\d+)$/m.exec(readFileSync(join(ROOT, 'deploy/mosquitto/mosquitto.conf'), 'utf8'))?.[1]
    expect(service('mosquitto').ports).toEqual([`127.0.0.1:${listener}:${listener}`])
  })

  test.for(services)('gives %s no privileges and time to stop', ([, hardened]) => {
    expect(hardened).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      stop_grace_period: '30s',
    })
  })
})

/** The broker of docker-compose.yml: its own start script, settings and rules, in a folder in place of /mosquitto. */
describeWithMosquitto('the broker of the compose file', () => {
  let folder = ''
  let url = ''
  let broker: ChildProcess

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fairlead-compose-'))
    const port = await steadyPort()
    url = `mqtt://127.0.0.1:${port}`
    for (const name of ['run', 'data']) mkdirSync(join(folder, name), { mode: 0o700 })
    cpSync(join(ROOT, 'deploy/mosquitto'), join(folder, 'config'), { recursive: true })
    for (const name of readdirSync(join(folder, 'config'))) {
      const path = join(folder, 'config', name)
      const text = readFileSync(path, 'utf8').replaceAll('/mosquitto/', `${folder}/`)
      writeFileSync(path, text.replace('listener 1883', `listener ${port} 127.0.0.1${asRoot()}`))
    }
    const env = { ...PASSWORDS, PATH: `${process.env.PATH}:/usr/sbin` }
    broker = spawn('/bin/sh', [join(folder, 'config/start.sh')], { env, stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    broker.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    await vi.waitFor(
      async () => {
        if (broker.exitCode !== null) throw new Error(`the broker exited with ${broker.exitCode}: ${said}`)
        await (await asUser('app')).close()
      },
      { timeout: START_TIMEOUT_MS },
    )
  }, 2 * START_TIMEOUT_MS)

  afterAll(async () => {
    if (broker.exitCode === null) {
      broker.kill('SIGTERM')
      await once(broker, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  })

  const asUser = (username: 'gateway' | 'app'): Promise<BusClient> =>
    connectBusClient(url, {
      username,
      password: username === 'app' ? PASSWORDS.MOSQUITTO_APP_PASSWORD : PASSWORDS.MOSQUITTO_GATEWAY_PASSWORD,
    })

  test('stores no password in the clear', () => {
    const stored = readFileSync(join(folder, 'run/passwords'), 'utf8')
    expect(stored).toMatch(/^gateway:\$\d\$.+\napp:\$\d\$.+\n$/)
    expect(stored).not.toContain(PASSWORDS.MOSQUITTO_APP_PASSWORD)
  })

  test('refuses whoever has no password or a wrong one', async () => {
    await expect(connectBusClient(url)).rejects.toThrow(/not authori[sz]ed/i)
    await expect(connectBusClient(url, { username: 'app', password: 'wrong' })).rejects.toThrow(/not authori[sz]ed/i)
  })

  test('brings telemetry from the gateway to applications, and requests back', async () => {
    const gateway = await asUser('gateway')
    const app = await asUser('app')
    await app.subscribe('fairlead/#')
    await gateway.subscribe('fairlead/devices/+/command/request/+')
    await gateway.publish('fairlead/devices/d1/telemetry', '{"seq":1}')
    await app.publish('fairlead/devices/d1/command/request/c1', '{"name":"ping"}')
    const up = await app.next(({ topic }) => topic === 'fairlead/devices/d1/telemetry')
    const down = await gateway.next(({ topic }) => topic === 'fairlead/devices/d1/command/request/c1')
    expect([up.text, down.text]).toEqual(['{"seq":1}', '{"name":"ping"}'])
    await Promise.all([gateway.close(), app.close()])
  })

  test('takes the gateway, which then is ready and known as online', async () => {
    const withPassword = url.replace('://', `://gateway:${PASSWORDS.MOSQUITTO_GATEWAY_PASSWORD}@`)
    const config = loadConfig({
      FAIRLEAD_HOST: '127.0.0.1',
      FAIRLEAD_PORT: '0',
      FAIRLEAD_DATA_DIR: join(folder, 'gateway'),
      FAIRLEAD_MQTT_URL: withPassword,
      FAIRLEAD_NODE_ID: 'gateway',
      FAIRLEAD_TLS: 'off',
    })
    const gateway = await startGateway(config, createLog({ level: 'error', pretty: false }))
    try {
      const isReady = async () => (await fetch(`http://127.0.0.1:${gateway.address.port}/readyz`)).status
      await expect.poll(isReady, { timeout: START_TIMEOUT_MS }).toBe(200)
      const app = await asUser('app')
      await app.subscribe('fairlead/nodes/gateway/state')
      const shown = await app.next(({ retained }) => retained)
      expect(JSON.parse(shown.text)).toMatchObject({ state: 'online' })
      await app.close()
    } finally {
      await gateway.stop()
    }
  })

  test('lets no application speak for a device or a node', async () => {
    const gateway = await asUser('gateway')
    const app = await asUser('app')
    await app.subscribe('fairlead/#')
    const forged = ['fairlead/devices/d1/telemetry', 'fairlead/devices/d1/availability', 'fairlead/nodes/n1/state']
    for (const topic of forged) await app.publish(topic, 'forged').catch(() => {}) // 3.1.1 cannot say no
    await gateway.publish('fairlead/nodes/n1/state', 'genuine')
    await app.next(({ text }) => text === 'genuine')
    expect(app.messages.map(({ text }) => text)).not.toContain('forged')
    await Promise.all([gateway.close(), app.close()])
  })
})

/** Mosquitto that root starts gives up its rights, and could not read a folder of root. */
function asRoot(): string {
  return process.getuid?.() === 0 ? '\nuser root' : ''
}
