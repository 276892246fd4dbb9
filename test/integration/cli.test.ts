import { createPrivateKey } from 'node:crypto'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { createListener } from '../../gateway/adapters/https-listener.ts'
import { issueServer, makeAuthority } from '../../gateway/adapters/tls/authority.ts'
import { ApiBench, rowsOf } from '../helpers/cli-bench.ts'
import { ADMIN_KEY, VIEWER_KEY } from '../helpers/rest.ts'
import type { CliAnswer } from '../helpers/run-cli.ts'

const cli = new ApiBench()
beforeEach(() => {
  cli.api.health = { ready: true, stopping: false, parts: { bus: { ready: true } } }
  cli.api.operator.devices.clear()
  cli.api.operator.tokens.clear()
  cli.api.operator.commands.length = 0
})

/** Runs it and checks what is true of every run: it ended by itself, and the key is nowhere to be read. */
async function fairlead(words: string, input?: string): Promise<CliAnswer> {
  const answer = await cli.user.run(words.split(' '), input)
  expect(answer.code).not.toBeNull()
  expect(answer.stdout + answer.stderr).not.toContain(ADMIN_KEY)
  return answer
}

function writeFile(path: string, content: object): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, JSON.stringify(content))
}

describe('devices', () => {
  test('add prints the token once, and the lines for the console of the device', async () => {
    cli.user.env = { ...cli.user.env, FAIRLEAD_PUBLIC_HOST: 'gateway.example,10.0.0.2' }
    const { code, stdout } = await fairlead('device add greenhouse-1 --model esp32-s3 --tag north --tag roof')
    expect(code).toBe(0)
    expect(stdout).toContain(`  gateway gateway.example ${cli.api.port}\n`)
    expect(stdout).toMatch(/^ {2}token signed\.greenhouse-1\.token-\d+$/m)
    expect(stdout.match(/signed\./g)).toHaveLength(1)
    expect(await cli.api.operator.device('greenhouse-1')).toMatchObject({ model: 'esp32-s3', tags: ['north', 'roof'] })
    expect((await fairlead('device show greenhouse-1 --json')).stdout).not.toContain('signed.')
  })

  test('--json prints what the API says, for programs', async () => {
    const { stdout } = await fairlead('device add a --json')
    expect(JSON.parse(stdout)).toMatchObject({ id: 'a', token: expect.any(String), presence: { state: 'offline' } })
  })

  test('list walks through all pages and away from a terminal is plain lines with tabs', async () => {
    for (let i = 0; i < 205; i++) await cli.api.operator.createDevice({ id: `d${1000 + i}`, tags: ['x', 'y'] })
    const answer = await fairlead('device list')
    expect(rowsOf(answer)).toHaveLength(205)
    expect(rowsOf(answer)[0]).toEqual(['d1000', 'offline', expect.any(String), '-', '-', 'x,y'])
    expect(JSON.parse((await fairlead('device list --json')).stdout).items).toHaveLength(205)
  })

  test('disable, enable, show and remove do so', async () => {
    await cli.api.operator.createDevice({ id: 'a' })
    expect(await fairlead('device disable a')).toMatchObject({ code: 0, stdout: 'Device a is disabled.\n' })
    expect((await fairlead('device show a')).stdout).toMatch(/^enabled +no$/m)
    expect(rowsOf(await fairlead('device list'))[0]?.[1]).toBe('disabled')
    expect((await fairlead('device enable a')).code).toBe(0)
    expect((await cli.api.operator.device('a')).enabled).toBe(true)
    expect((await fairlead('device remove a')).code).toBe(0)
    expect(cli.api.operator.devices.size).toBe(0)
  })

  test('text that would steer the terminal is shown, not obeyed', async () => {
    await cli.api.operator.createDevice({ id: 'a', model: '\u001b[2Jgone\u009b\u202e' })
    for (const words of ['device list', 'device show a', 'device show a --json']) {
      const { stdout } = await fairlead(words)
      expect(stdout).toContain('\\u001b[2Jgone\\u009b\\u202e')
    }
  })
})

describe('tokens', () => {
  test('add, list and revoke', async () => {
    await cli.api.operator.createDevice({ id: 'a' })
    const added = await fairlead('token add a --expires 90d --json')
    const { id, expires_at } = JSON.parse(added.stdout)
    expect(expires_at).toBeGreaterThan(Date.now() + 89 * 86_400_000)
    expect((await fairlead(`token revoke a ${id}`)).code).toBe(0)
    const listed = rowsOf(await fairlead('token list a'))
    expect(listed.map((row) => row[1])).toEqual(['live', 'revoked'])
  })

  test('rotate says whether the new one is on its way, and never its text', async () => {
    await cli.api.operator.createDevice({ id: 'a' })
    const { code, stdout } = await fairlead('token rotate a --overlap 0')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Token token-\d+ waits for the device to connect\.\n$/)
    expect([...cli.api.operator.tokens.values()].at(-1)).toMatchObject({ overlapS: 0 })
    expect(rowsOf(await fairlead('token list a')).map((row) => row[1])).toEqual(['live', 'pending'])
    expect(await fairlead('token rotate a')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching('rotation_in_progress'),
    })
  })
})

describe('settings', () => {
  beforeEach(async () => {
    cli.api.operator.shadows.clear()
    await cli.api.operator.createDevice({ id: 'a' })
  })

  test('set takes key=json, more than one; null removes', async () => {
    expect((await fairlead('settings set a interval_s=30 name="north" led={"on":true}')).code).toBe(0)
    const { code, stdout } = await fairlead('settings set a name=null interval_s=60')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^desired +\{"interval_s":60,"led":\{"on":true\}\}$/m)
    expect(stdout).toMatch(/^version +2, /m)
    expect(stdout).toMatch(/^its version +none yet$/m)
  })

  test('show says what the API says', async () => {
    await cli.api.operator.changeDesired('a', { on: true }, {})
    const { stdout } = await fairlead('settings show a --json')
    expect(JSON.parse(stdout)).toMatchObject({ desired: { on: true }, desired_version: 1, reported_version: 0 })
  })

  test.each(['interval_s', '=3', 'name=north', 'a='])('set of %s is wrong usage and changes nothing', async (word) => {
    const { code, stderr } = await fairlead(`settings set a ok=1 ${word}`)
    expect(code).toBe(2)
    expect(stderr).toContain(word)
    expect(cli.api.operator.shadows.size).toBe(0)
  })

  test('set without a setting is wrong usage', async () => {
    expect(await fairlead('settings set a')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('<key=json...>'),
    })
  })
})

describe('commands', () => {
  beforeEach(async () => {
    await cli.api.operator.createDevice({ id: 'a' })
  })

  test('send stores it with its times and says its id', async () => {
    const { code, stdout } = await fairlead('command send a set_led {"on":true} --ttl 2h --timeout 5m --json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ state: 'queued', params: { on: true }, ttl_s: 7200, timeout_s: 300 })
  })

  test('send --wait shows the result and exits 0 when it succeeded', async () => {
    const waiting = fairlead('command send a read --wait 20s')
    await expect.poll(() => cli.api.operator.commands.length, { timeout: 20_000 }).toBe(1)
    cli.api.operator.advance(cli.api.operator.commands[0]?.id ?? '', { kind: 'result', ok: true, data: { rssi: -60 } })
    const { code, stdout } = await waiting
    expect(code).toBe(0)
    expect(stdout).toMatch(/^result +\{"rssi":-60\}$/m)
  })

  test('send --wait exits 1 when it failed, and says why', async () => {
    const waiting = fairlead('command send a read --wait 20s')
    await expect.poll(() => cli.api.operator.commands.length, { timeout: 20_000 }).toBe(1)
    const error = { code: 'jammed', message: 'the flap is stuck' }
    cli.api.operator.advance(cli.api.operator.commands[0]?.id ?? '', { kind: 'result', ok: false, error })
    const { code, stdout } = await waiting
    expect(code).toBe(1)
    expect(stdout).toMatch(/^error +the flap is stuck \(jammed\)$/m)
  })

  test('send --wait exits 1 when there is no end in time, and says how to look again', async () => {
    const { code, stderr } = await fairlead('command send a read --wait 1s')
    expect(code).toBe(1)
    expect(stderr).toMatch(/fairlead command show command-\d+/)
  })

  test('list, show and cancel', async () => {
    const { id } = await cli.api.operator.submitCommand('a', { name: 'read' })
    expect(rowsOf(await fairlead('command list a'))[0]?.slice(0, 4)).toEqual([id, 'a', 'queued', 'read'])
    expect((await fairlead(`command cancel ${id}`)).stdout).toMatch(/^state +cancelled$/m)
    expect((await fairlead(`command show ${id}`)).stdout).toMatch(/^history +queued .+, cancelled .+$/m)
  })
})

describe('status', () => {
  test('exits 0 when all is ready, and needs no key', async () => {
    cli.user.env = { FAIRLEAD_URL: cli.api.url }
    const { code, stdout } = await fairlead('status')
    expect(code).toBe(0)
    expect(stdout).toBe(`${cli.api.url} is ready\nbus\tready\t\n`)
  })

  test('exits 1 when something is not, and says what', async () => {
    cli.api.health = { ready: false, stopping: false, parts: { bus: { ready: false, reason: 'no connection' } } }
    const { code, stdout } = await fairlead('status')
    expect(code).toBe(1)
    expect(stdout).toContain('bus\tnot ready\tno connection')
  })
})

describe('wrong usage exits 2 and says what is wrong', () => {
  test.each([
    ['devise list', 'did you mean "device list"?'],
    ['device lsit', 'did you mean "device list"?'],
    ['device', 'there are add, list, show, change, remove'],
    ['device add', '<id> is missing'],
    ['device show a b', '"b" is too much'],
    ['devices', 'did you mean "device"?'],
    ['device add a --colour x', 'there is no flag --colour; --help shows those that there are'],
    ['device add a --modle x', 'there is no flag --modle; did you mean "--model"?'],
    ['device add a --tag', '--tag'],
    ['command send a b {', 'not a JSON object'],
    ['command send a b [1]', 'not a JSON object'],
    ['command send a b --ttl soon', '--ttl is not a time'],
    ['command send a b --ttl 0s', '--ttl is not a time'],
    ['command send a b --wait 2m', '--wait is at most 60s'],
    ['command list a -n x', '--limit is not a number'],
    ['device list --url gateway:8443', '--url: not a URL'],
    ['device list --url ftp://x', '--url: not a URL'],
    ['tail a/b', 'not a device id'],
  ])('%s', async (words, message) => {
    const { code, stdout, stderr } = await fairlead(words)
    expect(stderr).toContain(message)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  test('no key at all', async () => {
    cli.user.env = { FAIRLEAD_URL: cli.api.url }
    const { code, stderr } = await fairlead('device list')
    expect(code).toBe(2)
    expect(stderr).toContain('fairlead login')
  })

  test('no gateway named and none running here', async () => {
    cli.user.env = {}
    const { code, stderr } = await fairlead('device list')
    expect(code).toBe(2)
    expect(stderr).toContain('npm start')
  })
})

describe('help', () => {
  test.each(['help', '--help', '-h'])('%s shows every command', async (words) => {
    const { code, stdout } = await fairlead(words)
    expect(code).toBe(0)
    for (const command of ['device add <id>', 'token revoke', 'command send', 'tail', 'status', 'login']) {
      expect(stdout).toContain(command)
    }
  })

  test.each(['help device', 'device --help', 'device -h'])('%s shows the commands for devices', async (words) => {
    const { code, stdout } = await fairlead(words)
    expect(code).toBe(0)
    expect(stdout).toContain('device add <id>  ')
    expect(stdout).not.toContain('token add')
  })

  test.each(['help command send', 'command send --help'])('%s shows its flags', async (words) => {
    const { code, stdout } = await fairlead(words)
    expect(code).toBe(0)
    expect(stdout).toContain('--ttl <time>')
  })
})

describe('what the gateway refuses exits 1', () => {
  test('with its reason, and as JSON when that was asked for', async () => {
    const { code, stdout, stderr } = await fairlead('device show none')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toBe('fairlead: There is no such device. (device_not_found)\n')
    const json = await fairlead('device show none --json')
    expect(JSON.parse(json.stderr)).toMatchObject({ status: 404, code: 'device_not_found' })
  })

  test('a key it does not know: says where the key came from, not what it is', async () => {
    cli.user.env = { ...cli.user.env, FAIRLEAD_API_KEY: 'flk_of-another-gateway' }
    const { code, stderr } = await fairlead('device list')
    expect(code).toBe(1)
    expect(stderr).toContain('FAIRLEAD_API_KEY')
    expect(stderr).not.toContain('flk_of-another-gateway')
  })

  test('a role that is too low', async () => {
    cli.user.env = { ...cli.user.env, FAIRLEAD_API_KEY: VIEWER_KEY }
    const { code, stderr } = await fairlead('device add a')
    expect(code).toBe(1)
    expect(stderr).toContain('needs the role admin')
  })
})

describe('no gateway reached exits 3', () => {
  test('says what was tried and what may help', async () => {
    const { code, stderr } = await fairlead('device list --url http://127.0.0.1:1')
    expect(code).toBe(3)
    expect(stderr).toContain('http://127.0.0.1:1 (from --url): ECONNREFUSED')
    expect(stderr).toContain('npm start')
  })

  test('a run.json left behind by a gateway that has ended is recognised', async () => {
    cli.user.env = { FAIRLEAD_API_KEY: ADMIN_KEY }
    const endedPid = 2 ** 22 + 1 // greater than any process id of Linux
    writeFile(join(cli.user.dataDir, 'run.json'), { pid: endedPid, url: 'http://127.0.0.1:1' })
    const { code, stderr } = await fairlead('device list')
    expect(code).toBe(3)
    expect(stderr).toContain(`(process ${endedPid}) has ended`)
  })

  test('something else that answers is not taken for a gateway', async () => {
    const other = createServer((_request, response) => response.writeHead(404).end('<h1>It works!</h1>'))
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { code, stderr } = await fairlead(
      `device list --url http://127.0.0.1:${(other.address() as AddressInfo).port}`,
    )
    other.close()
    expect(code).toBe(3)
    expect(stderr).toContain('not a Fairlead gateway')
  })

  test('a certificate that is not trusted is refused, and accepted with its CA', async () => {
    const authority = await makeAuthority(Date.now())
    const signer = { cert: authority.cert, key: createPrivateKey(authority.key) }
    const pair = await issueServer(signer, ['127.0.0.1'], Date.now())
    const server = createListener({ tls: pair })
    server.on('request', (_request, response) => response.end('{"ready":true,"stopping":false,"parts":{}}'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    const ca = join(cli.user.home, 'ca.pem')
    writeFileSync(ca, authority.cert)
    const refused = await fairlead(`status --url ${url}`)
    const accepted = await fairlead(`status --url ${url} --ca ${ca}`)
    const missing = await fairlead(`status --url ${url} --ca ${ca}.none`)
    server.close()
    expect(refused.code).toBe(3)
    expect(refused.stderr).toContain('--ca')
    expect(accepted).toMatchObject({ code: 0, stdout: expect.stringContaining('is ready') })
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be read') })
  })
})

describe('finding the gateway', () => {
  test('the run.json of a gateway in this directory is enough', async () => {
    cli.user.env = { FAIRLEAD_ADMIN_KEY: ADMIN_KEY }
    writeFile(join(cli.user.dataDir, 'run.json'), { pid: process.pid, url: cli.api.url })
    expect((await fairlead('device list')).code).toBe(0)
  })

  test('login reads the key from stdin, checks it and keeps it for this user alone', async () => {
    cli.user.env = {}
    const file = join(cli.user.configDir, 'fairlead', 'cli.json')
    const login = await fairlead(`login ${cli.api.url}`, `${ADMIN_KEY}\n`)
    expect(login).toMatchObject({ code: 0, stdout: expect.stringContaining(file) })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ url: `${cli.api.url}/`, key: ADMIN_KEY })
    expect((await fairlead('device list')).code).toBe(0)
  })

  test('login with a key that is wrong keeps nothing', async () => {
    cli.user.env = {}
    expect((await fairlead(`login ${cli.api.url}`, 'flk_wrong\n')).code).toBe(1)
    expect((await fairlead(`login ${cli.api.url}`, '')).code).toBe(2)
    expect((await fairlead('device list')).code).toBe(2)
  })

  test('the key of the login is not sent to another gateway', async () => {
    cli.user.env = {}
    await fairlead(`login ${cli.api.url}`, `${ADMIN_KEY}\n`)
    const { code, stderr } = await fairlead(`device list --url ${cli.api.url.replace('127.0.0.1', 'localhost')}`)
    expect(code).toBe(2)
    expect(stderr).toContain('no API key')
  })

  test('a login file that is broken is named', async () => {
    cli.user.env = {}
    const file = join(cli.user.configDir, 'fairlead', 'cli.json')
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, '{')
    expect(await fairlead('device list')).toMatchObject({ code: 2, stderr: expect.stringContaining(file) })
  })
})

describe('searching', () => {
  test('command list shows all devices, or those in a state; dead-letters what could not be taken', async () => {
    for (const id of ['a', 'b']) await fairlead(`device add ${id}`)
    for (const device of ['a', 'b']) await cli.api.operator.submitCommand(device, { name: 'x' })
    expect(rowsOf(await fairlead('command list')).map((cells) => cells[1])).toEqual(['b', 'a'])
    expect(rowsOf(await fairlead('command list a --state open --since 1h')).map((cells) => cells[1])).toEqual(['a'])
    const wrong = await fairlead('command list --state done')
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('query.state')])
    const letter = { topic: 't/x', reason: 'bad_request', detail: 'not_json', bytes: 1, payload: '{' }
    cli.api.operator.letters.push({ id: 1, atMs: 5, ...letter })
    expect(rowsOf(await fairlead('dead-letters -n 3'))).toEqual([
      [expect.any(String), 'bad_request', 'not_json', 't/x', '{'],
    ])
  })
})

describe('connections and quarantine', () => {
  test('device connections shows them, device show the quarantine, device release ends it', async () => {
    await fairlead('device add a')
    const device = await cli.api.operator.device('a')
    cli.api.operator.devices.set('a', { ...device, quarantine: { sinceMs: 0, untilMs: 300_000 } })
    const connection = { device: 'a', session: 7, connectedAtMs: 1_000, address: '192.0.2.1', messages: 3 }
    cli.api.operator.connected.push({ id: 1, ...connection, endedAtMs: 2_000, reason: 'replaced', firmware: '1.4.0' })
    cli.api.operator.connected.push({ id: 2, ...connection, session: 8 })
    const shown = rowsOf(await fairlead('device connections a'))
    expect(shown.map((cells) => cells.slice(1))).toEqual([
      ['-', 'open', '8', '192.0.2.1', '-', '-'],
      ['1970-01-01T00:00:02.000Z', 'replaced', '7', '192.0.2.1', '1.4.0', '3'],
    ])
    expect((await fairlead('device show a')).stdout).toMatch(/^quarantine +until 1970-01-01T00:05:00\.000Z/m)
    expect((await fairlead('device release a')).stdout).toBe('Device a may connect.\n')
    expect((await cli.api.operator.device('a')).quarantine).toBeUndefined()
    expect((await fairlead('device release none')).code).toBe(1)
  })
})

describe('audit', () => {
  test('shows who did what, newest first, and filters', async () => {
    cli.api.memory.audit.length = 0
    await fairlead('device add a')
    await fairlead('device disable a')
    const lines = rowsOf(await fairlead('audit'))
    expect(lines.map((cells) => [cells[1], cells[2], cells[3], cells[4]])).toEqual([
      ['key:admin', 'updateDevice', 'devices/a', 'ok'],
      ['key:admin', 'createDevice', 'devices/a', 'ok'],
    ])
    expect(rowsOf(await fairlead('audit --action createDevice --since 1h -n 5'))).toHaveLength(1)
    const { stdout } = await fairlead('audit --device a --json')
    expect(JSON.parse(stdout)).toMatchObject({ items: [{ detail: { enabled: false } }, {}], next: null })
  })

  test('is for admins', async () => {
    cli.user.env = { ...cli.user.env, FAIRLEAD_API_KEY: VIEWER_KEY }
    const { code, stderr } = await fairlead('audit')
    expect(code).toBe(1)
    expect(stderr).toContain('needs the role admin')
  })
})
