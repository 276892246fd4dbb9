import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory, testCertificates } from '../helpers/certificates.ts'
import { type RestAnswer, type SimulatorPeer, startPeer } from '../helpers/simulator-peer.ts'

const MAIN = fileURLToPath(new URL('../../simulator/main.ts', import.meta.url))

interface Run {
  readonly child: ChildProcess
  readonly output: { out: string; err: string }
  readonly code: Promise<number | null>
}

async function sim(args: readonly string[], env: Record<string, string> = {}): Promise<Run> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: await temporaryDirectory(),
    env: { PATH: process.env.PATH, FAIRLEAD_ADMIN_KEY: 'flk_test', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const output = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.err += text))
  const code = once(child, 'close').then(([exitCode]) => exitCode as number | null)
  return { child, output, code }
}

/** A REST plane where devices may exist already, with their two tokens. */
function scriptRest(peer: SimulatorPeer, existing: readonly string[], full: readonly string[] = []): string[] {
  const calls: string[] = []
  const tooMany = new Set(full)
  peer.rest = ({ method, url = '', headers }, body): RestAnswer => {
    calls.push(`${method} ${url}`)
    if (headers.authorization !== 'Bearer flk_test') return { status: 401 }
    const id = url.split('/')[4] ?? ''
    if (url === '/api/v1/devices') {
      const device = JSON.parse(body) as { id: string }
      if (existing.includes(device.id)) return { status: 409, body: { code: 'device_exists' } }
      return { status: 201, body: { id: device.id, token: `token-of-${device.id}` } }
    }
    if (method === 'DELETE') return tooMany.delete(id) ? { status: 204 } : { status: 404 }
    if (method === 'GET') {
      const tokens = [
        { id: 'gone', created_at: 1, revoked_at: 2 },
        { id: 'young', created_at: 9 },
        { id: 'old', created_at: 3 },
      ]
      return { status: 200, body: { items: tokens } }
    }
    if (tooMany.has(id)) return { status: 409, body: { code: 'too_many_tokens' } }
    return { status: 201, body: { id: 't9', token: `new-token-of-${id}`, expires_at: null } }
  }
  return calls
}

describe('a run', () => {
  test('over TLS enrols its devices, sends, gets all acknowledged and exits 0', async () => {
    const tls = await testCertificates()
    const peer = await startPeer(tls)
    scriptRest(peer, [])
    peer.acknowledgeAll()
    const run = await sim([
      '--devices',
      '2',
      '--rate',
      '20',
      '--duration',
      '3s',
      '--url',
      peer.url,
      '--ca',
      tls.caPath,
      '--json',
    ])
    expect(await run.code, run.output.err).toBe(0)
    const report = JSON.parse(run.output.out)
    expect(report).toMatchObject({ devices: 2, ready: 2, unacked: 0, nacked: 0, failures: [] })
    expect(report.acked).toBeGreaterThan(0)
    expect(report.ackMs.count).toBe(report.acked)
    expect(peer.tokens.toSorted()).toEqual(['Bearer token-of-sim-1', 'Bearer token-of-sim-2'])
    expect(run.output.err).not.toContain('token-of')
  })

  test('gives a device that exists a new token, and revokes its oldest where it has two', async () => {
    const peer = await startPeer()
    const calls = scriptRest(peer, ['x-1', 'x-2'], ['x-2'])
    peer.acknowledgeAll()
    const file = join(await temporaryDirectory(), 'tokens.json')
    const run = await sim([
      '--devices',
      '2',
      '--prefix',
      'x',
      '--duration',
      '3s',
      '--url',
      peer.url,
      '--save-tokens',
      file,
    ])
    expect(await run.code, run.output.err).toBe(0)
    expect(calls).toContain('DELETE /api/v1/devices/x-2/tokens/old')
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual([
      { id: 'x-1', token: 'new-token-of-x-1' },
      { id: 'x-2', token: 'new-token-of-x-2' },
    ])
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const again = await sim(['--devices', '2', '--duration', '3s', '--url', peer.url, '--tokens', file])
    expect(await again.code, again.output.err).toBe(0)
    expect(calls.filter((call) => call === 'POST /api/v1/devices')).toHaveLength(2)
  })

  test('exits 1 when a device is never ready, and says why', async () => {
    const peer = await startPeer()
    scriptRest(peer, [])
    peer.refuseNext(403)
    const run = await sim(['--devices', '1', '--rate', '0', '--duration', '3s', '--url', peer.url])
    expect(await run.code).toBe(1)
    expect(run.output.out).toContain('FAILED: 1 of 1 devices never became ready')
    expect(run.output.err).toContain('sim-1: refused with HTTP 403')
  })

  test('ends with a summary on SIGINT, and says bye for its devices', async () => {
    const peer = await startPeer()
    scriptRest(peer, [])
    const run = await sim(['--devices', '1', '--rate', '0', '--url', peer.url])
    const { session } = await peer.greeted()
    session.welcome()
    session.command('c1', 'ping')
    await session.next('accepted') // so it has seen its welcome
    await session.next('result')
    run.child.kill('SIGINT')
    await session.next('bye')
    expect(await run.code).toBe(0)
    expect(run.output.out).toContain('devices ready     1 of 1')
  })

  test('leaves at once on a second SIGINT', async () => {
    const peer = await startPeer()
    scriptRest(peer, [])
    const run = await sim(['--devices', '1', '--rate', '50', '--url', peer.url])
    const { session } = await peer.greeted()
    session.welcome()
    await session.next('telemetry') // and never an ack: the first signal would wait for it
    run.child.kill('SIGINT')
    const again = setInterval(() => run.child.kill('SIGINT'), 300)
    onTestFinished(() => clearInterval(again))
    expect(await run.code).toBe(130)
    expect(run.output.out).toBe('')
  })
})

describe('nothing is done, with exit code 2,', () => {
  test('when arguments are wrong: all problems stand there', async () => {
    const run = await sim(['--devices', '0', '--nonsense'])
    expect(await run.code).toBe(2)
    expect(run.output.err).toBe(
      'sim: there is no option --nonsense\n' +
        'sim: --devices must be a whole number from 1 to 20000, not "0"\nTry: npm run sim -- --help\n',
    )
  })

  test('when no gateway is there', async () => {
    const run = await sim(['--url', 'wss://127.0.0.1:1'])
    expect(await run.code).toBe(2)
    expect(run.output.err).toBe('sim: no gateway at 127.0.0.1:1 (ECONNREFUSED); start one with: npm start\n')
  })

  test('when the admin key is refused', async () => {
    const peer = await startPeer()
    scriptRest(peer, [])
    const run = await sim(['--url', peer.url], { FAIRLEAD_ADMIN_KEY: 'wrong' })
    expect(await run.code).toBe(2)
    expect(run.output.err).toMatch(/^sim: adding sim-\d: the admin key was refused \(401\)\n$/)
  })

  test('when the CA is not the one of the gateway', async () => {
    const peer = await startPeer(await testCertificates())
    const run = await sim(['--url', peer.url, '--ca', (await testCertificates()).caPath])
    expect(await run.code).toBe(2)
    expect(run.output.err).toMatch(/certificate/)
  })

  test.each([
    ['not json', 'is not a JSON file'],
    ['[{"id":"a/b","token":"t"}]', 'must be a list'],
    ['[{"id":"a","token":"t"}]', 'has 1 tokens, 5 devices need one each'],
  ])('when the token file is %s', async (text, problem) => {
    const peer = await startPeer()
    const file = join(await temporaryDirectory(), 'tokens.json')
    await writeFile(file, text)
    const run = await sim(['--url', peer.url, '--tokens', file])
    expect(await run.code).toBe(2)
    expect(run.output.err).toContain(problem)
  })
})
