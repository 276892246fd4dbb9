import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, expect, test } from 'vitest'
import { ConfigError, loadConfig, variableNames } from '../../gateway/config.ts'
import { DEFAULT_LIMITS } from '../../gateway/core/limits.ts'
import { isName } from '../../protocol/names.ts'

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('configuration', () => {
  test('needs nothing: the defaults are those of the documentation', () => {
    const config = loadConfig({})
    expect(config).toMatchObject({
      host: undefined,
      port: 8443,
      publicHosts: [],
      dataDir: resolve('data'),
      tls: { mode: 'private' },
      bus: { kind: 'embedded', host: '127.0.0.1', port: 1883, username: undefined, password: undefined },
      baseTopic: 'fairlead',
      databasePath: resolve('data/fairlead.db'),
      adminKey: undefined,
      logLevel: 'info',
      drainMs: 5000,
      limits: DEFAULT_LIMITS,
    })
    expect(isName(config.nodeId)).toBe(true)
  })

  test('tells Home Assistant of nothing unless tags or models say of what', () => {
    expect(loadConfig({}).homeAssistant).toBeUndefined()
    expect(loadConfig({ FAIRLEAD_HOME_ASSISTANT_PREFIX: 'ha' }).homeAssistant).toBeUndefined()
    const both = { FAIRLEAD_HOME_ASSISTANT_TAGS: 'roof, ha', FAIRLEAD_HOME_ASSISTANT_MODELS: '*' }
    expect(loadConfig(both).homeAssistant).toEqual({ prefix: 'homeassistant', tags: ['roof', 'ha'], models: ['*'] })
  })

  test('is frozen, all the way down', () => {
    const config = loadConfig({ FAIRLEAD_PUBLIC_HOST: 'a.example' })
    for (const part of [config, config.tls, config.bus, config.limits, config.publicHosts]) {
      expect(Object.isFrozen(part)).toBe(true)
    }
  })

  test('takes an empty or blank value as unset', () => {
    const empty = Object.fromEntries(variableNames().map((name) => [name, name.endsWith('PASSWORD') ? '' : ' ']))
    delete empty.FAIRLEAD_ADMIN_KEY
    expect(loadConfig(empty)).toEqual(loadConfig({}))
  })

  test('lists all problems at once, each with its variable, its value and what is expected', () => {
    const problems = problemsOf({ FAIRLEAD_PORT: '70000', FAIRLEAD_LOG_LEVEL: 'loud', FAIRLEAD_DRAIN_S: '-1' })
    expect(problems).toEqual([
      'FAIRLEAD_PORT must be a whole number from 0 to 65535, got "70000"',
      'FAIRLEAD_LOG_LEVEL must be one of debug, info, warn, error, got "loud"',
      'FAIRLEAD_DRAIN_S must be a whole number from 0 to 25, got "-1"',
    ])
  })

  test.each([
    ['FAIRLEAD_LOGLEVEL', 'FAIRLEAD_LOG_LEVEL'],
    ['FAIRLEAD_PROT', 'FAIRLEAD_PORT'],
    ['FAIRLEAD_MQTT_URI', 'FAIRLEAD_MQTT_URL'],
    ['FAIRLEAD_DATABASE_URI', 'FAIRLEAD_DATABASE_URL'],
  ])('asks whether %s was meant to be %s', (wrong, right) => {
    expect(problemsOf({ [wrong]: 'hidden' })).toEqual([`${wrong} is not known; did you mean ${right}?`])
  })

  test('does not guess for a name that is like none', () => {
    expect(problemsOf({ FAIRLEAD_SOMETHING_ELSE_ALTOGETHER: '1' })).toEqual([
      'FAIRLEAD_SOMETHING_ELSE_ALTOGETHER is not known',
    ])
  })

  test('leaves the variables of other programs alone', () => {
    expect(problemsOf({ PATH: '/bin', FAIRLEAD_URL: 'https://localhost:8443', FAIRLEAD_API_KEY: 'x' })).toEqual([])
  })

  test.each<[string, string]>([
    ['FAIRLEAD_PORT', '0x50'],
    ['FAIRLEAD_PORT', '8443.5'],
    ['FAIRLEAD_PORT', '1e3'],
    ['FAIRLEAD_HOST', 'http://x'],
    ['FAIRLEAD_HOST', 'a b'],
    ['FAIRLEAD_PUBLIC_HOST', 'a.example,,b.example'],
    ['FAIRLEAD_PUBLIC_HOST', 'a.example:8443'],
    ['FAIRLEAD_TLS', 'yes'],
    ['FAIRLEAD_TRUSTED_PROXIES', 'proxy.example'],
    ['FAIRLEAD_TRUSTED_PROXIES', '10.0.0.1,'],
    ['FAIRLEAD_TRUSTED_PROXIES', '10.0.0.0/33'],
    ['FAIRLEAD_TRUSTED_PROXIES', '0.0.0.0/0'],
    ['FAIRLEAD_TRUSTED_PROXIES', '::ffff:10.0.0.0/8'],
    ['FAIRLEAD_TOKEN_JWKS_URL', 'http://issuer.example/keys'],
    ['FAIRLEAD_TOKEN_JWKS_URL', 'https://user:secret@issuer.example/keys'],
    ['FAIRLEAD_TOKEN_JWKS_URL', 'file:///keys'],
    ['FAIRLEAD_BASE_TOPIC', 'a/+/b'],
    ['FAIRLEAD_BASE_TOPIC', '#'],
    ['FAIRLEAD_BASE_TOPIC', '/fairlead'],
    ['FAIRLEAD_BASE_TOPIC', '$SYS'],
    ['FAIRLEAD_BASE_TOPIC', 'a/b/c/d'],
    ['FAIRLEAD_NODE_ID', 'my node'],
    ['FAIRLEAD_NODE_ID', '_x'],
    ['FAIRLEAD_DATABASE_URL', 'mysql://x'],
    ['FAIRLEAD_MQTT_URL', 'localhost:1883'],
    ['FAIRLEAD_MQTT_URL', 'ws://localhost:1883'],
    ['FAIRLEAD_MQTT_URL', 'mqtt://localhost/path'],
    ['FAIRLEAD_MQTT_URL', 'mqtt://u%zz@localhost'],
    ['FAIRLEAD_HOME_ASSISTANT_TAGS', 'roof,,ha'],
    ['FAIRLEAD_HOME_ASSISTANT_MODELS', 'x'.repeat(65)],
    ['FAIRLEAD_HOME_ASSISTANT_PREFIX', 'homeassistant/#'],
    ['FAIRLEAD_MAX_CONNECTIONS', '0'],
    ['FAIRLEAD_PING_INTERVAL_MS', '999'],
    ['FAIRLEAD_MESSAGES_PER_S', 'NaN'],
  ])('refuses %s=%s with one problem that names it', (name, value) => {
    const problems = problemsOf({ [name]: value })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(new RegExp(`^${name} must be `))
  })

  test('refuses plain text to the network where no proxy is named that ends TLS', () => {
    for (const host of [undefined, '0.0.0.0', '192.168.1.2', 'gateway.example']) {
      const env = { FAIRLEAD_TLS: 'off', ...(host === undefined ? {} : { FAIRLEAD_HOST: host }) }
      expect(problemsOf(env)[0]).toMatch(/^FAIRLEAD_TRUSTED_PROXIES must be set/)
      expect(problemsOf({ ...env, FAIRLEAD_TRUSTED_PROXIES: '10.0.0.1, fd00::/8' })).toEqual([])
    }
    for (const host of ['127.0.0.1', 'localhost', '::1'])
      expect(problemsOf({ FAIRLEAD_TLS: 'off', FAIRLEAD_HOST: host })).toEqual([])
  })

  test('takes another issuer of tokens whole or not at all', () => {
    const jwks = { FAIRLEAD_TOKEN_JWKS_URL: 'https://issuer.example/keys' }
    expect(problemsOf(jwks)).toEqual(['FAIRLEAD_TOKEN_ISSUER must be set too when FAIRLEAD_TOKEN_JWKS_URL is'])
    expect(problemsOf({ FAIRLEAD_TOKEN_ISSUER: 'x', FAIRLEAD_TOKEN_AUDIENCE: 'y' })).toHaveLength(2)
    expect(loadConfig({ ...jwks, FAIRLEAD_TOKEN_ISSUER: 'x' }).tokenIssuer).toEqual({
      ...{ jwksUrl: 'https://issuer.example/keys', issuer: 'x', audience: 'fairlead-device' },
    })
  })

  test('says that PostgreSQL is not yet supported, and hides its password', () => {
    const [problem] = problemsOf({ FAIRLEAD_DATABASE_URL: 'postgres://gw:hunter2@db/fairlead' })
    expect(problem).toBe(
      'FAIRLEAD_DATABASE_URL names PostgreSQL, which is not yet supported, got "postgres://***@db/fairlead"',
    )
  })

  test('never shows the value of a secret', () => {
    const env = {
      FAIRLEAD_ADMIN_KEY: 'hunter2',
      FAIRLEAD_BROKER_PASSWORD: 'hunter2',
      FAIRLEAD_MQTT_URL: 'mqqt://gw:hunter2@broker',
    }
    expect(problemsOf(env)).toHaveLength(3)
    expect(problemsOf(env).join()).not.toContain('hunter2')
    expect(problemsOf({ FAIRLEAD_MQTT_URL: 'gw:hunter2@broker' }).join()).not.toContain('hunter2')
  })

  test('reads names and addresses of FAIRLEAD_PUBLIC_HOST', () => {
    expect(loadConfig({ FAIRLEAD_PUBLIC_HOST: 'iot.example.org, 203.0.113.7,fd00::1' }).publicHosts).toEqual([
      'iot.example.org',
      '203.0.113.7',
      'fd00::1',
    ])
  })

  test('takes an own certificate only with its key, and neither with TLS off', () => {
    expect(loadConfig({ FAIRLEAD_TLS_CERT: '/c.pem', FAIRLEAD_TLS_KEY: '/k.pem' }).tls).toEqual({
      mode: 'own',
      certPath: '/c.pem',
      keyPath: '/k.pem',
    })
    expect(loadConfig({ FAIRLEAD_TLS: 'off', FAIRLEAD_HOST: '127.0.0.1' }).tls).toEqual({ mode: 'off' })
    expect(problemsOf({ FAIRLEAD_TLS_CERT: '/c.pem' })).toEqual([
      'FAIRLEAD_TLS_KEY must be set too when FAIRLEAD_TLS_CERT is',
    ])
    expect(problemsOf({ FAIRLEAD_TLS_KEY: '/k.pem' })).toHaveLength(1)
    expect(
      problemsOf({ FAIRLEAD_TLS: 'off', FAIRLEAD_HOST: '::1', FAIRLEAD_TLS_CERT: '/c', FAIRLEAD_TLS_KEY: '/k' }),
    ).toHaveLength(1)
  })

  test('opens the embedded broker to other machines only with credentials', () => {
    expect(problemsOf({ FAIRLEAD_BROKER_HOST: '0.0.0.0' })).toHaveLength(2)
    expect(problemsOf({ FAIRLEAD_BROKER_HOST: '::', FAIRLEAD_BROKER_USERNAME: 'bus' })).toHaveLength(1)
    expect(problemsOf({ FAIRLEAD_BROKER_HOST: '::', FAIRLEAD_BROKER_PASSWORD: 'x' })).toHaveLength(1)
    expect(
      loadConfig({
        FAIRLEAD_BROKER_HOST: '0.0.0.0',
        FAIRLEAD_BROKER_USERNAME: 'bus',
        FAIRLEAD_BROKER_PASSWORD: ' with space ',
      }).bus,
    ).toMatchObject({ host: '0.0.0.0', username: 'bus', password: ' with space ' })
    for (const host of ['localhost', '127.1.2.3', '::1']) {
      expect(problemsOf({ FAIRLEAD_BROKER_HOST: host })).toEqual([])
    }
  })

  test('takes an external broker apart and excludes the settings of the embedded one', () => {
    const url = 'mqtts://gw:p%40ss@broker.example:8883'
    expect(loadConfig({ FAIRLEAD_MQTT_URL: url, FAIRLEAD_MQTT_CA: '/ca.pem' }).bus).toEqual({
      kind: 'external',
      url: 'mqtts://broker.example:8883',
      username: 'gw',
      password: 'p@ss',
      caPath: '/ca.pem',
    })
    expect(loadConfig({ FAIRLEAD_MQTT_URL: 'mqtt://[::1]:1884/' }).bus).toMatchObject({ url: 'mqtt://[::1]:1884' })
    expect(problemsOf({ FAIRLEAD_MQTT_URL: url, FAIRLEAD_BROKER_PORT: '1884' })).toHaveLength(1)
    expect(problemsOf({ FAIRLEAD_MQTT_CA: '/ca.pem' })).toHaveLength(1)
    expect(problemsOf({ FAIRLEAD_MQTT_URL: 'mqtt://b', FAIRLEAD_MQTT_CA: '/ca.pem' })).toHaveLength(1)
  })

  test('takes an API key of its own form or a long one', () => {
    const key = `flk_${'A'.repeat(43)}`
    expect(loadConfig({ FAIRLEAD_ADMIN_KEY: key }).adminKey).toBe(key)
    expect(loadConfig({ FAIRLEAD_ADMIN_KEY: 'x'.repeat(32) }).adminKey).toBe('x'.repeat(32))
    for (const bad of ['x'.repeat(31), 'x '.repeat(20), `${'ü'.repeat(40)}`, `${key}\n`]) {
      expect(problemsOf({ FAIRLEAD_ADMIN_KEY: bad })).toHaveLength(1)
    }
  })

  test('changes the limits that may be changed', () => {
    const { limits } = loadConfig({
      FAIRLEAD_MAX_CONNECTIONS: '100',
      FAIRLEAD_PING_INTERVAL_MS: '5000',
      FAIRLEAD_MESSAGES_PER_S: '1000',
    })
    expect(limits).toEqual({
      ...DEFAULT_LIMITS,
      maxConnections: 100,
      pingIntervalMs: 5000,
      messagesPerS: 1000,
      burst: 4000,
    })
  })
})

describe('.env.example', () => {
  const text = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8')
  const values = parseEnv(text)

  test('names the variables that the gateway reads, and no others', () => {
    expect(Object.keys(values).sort()).toEqual(variableNames())
  })

  test('gives the defaults', () => {
    expect(loadConfig(values)).toEqual(loadConfig({}))
  })
})
