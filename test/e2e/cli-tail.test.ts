import { setTimeout } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type CliAnswer, type CliUser, operatorOf } from '../helpers/run-cli.ts'
import { startTestGateway } from '../helpers/start-gateway.ts'
import { startTcpProxy } from '../helpers/tcp-proxy.ts'

/** Runs `tail`, and does something again and again until it has seen enough: nobody is told when it looks on. */
async function tailed(user: CliUser, words: readonly string[], act: () => Promise<unknown>): Promise<CliAnswer> {
  let answer: CliAnswer | undefined
  const ended = user.run(['tail', ...words]).then((given) => {
    answer = given
  })
  while (answer === undefined) await Promise.race([ended, act().then(() => setTimeout(AGAIN_MS))])
  return answer
}
const AGAIN_MS = 200
const PATIENCE = { timeout: 20_000 }
const lines = ({ stdout }: CliAnswer) => stdout.trimEnd().split('\n')

describe('tail of a gateway', () => {
  test('shows what devices send and do, over the socket that browsers use', async () => {
    const gateway = await startTestGateway()
    const user = await operatorOf(gateway)
    const commands = { vent: () => ({ open: true }) }
    const { device } = await gateway.readyDevice('a', { commands })
    const kinds = ['telemetry', 'events', 'commands', 'logs']
    const answer = await tailed(user, ['a', '-n', '40', ...kinds.flatMap((kind) => ['--only', kind])], async () => {
      device.telemetry({ temperature: 21.5, door: 'open' })
      device.event('alarm', { level: 2 })
      device.log('warn', 'low \u001b[2J water')
      await gateway.api('POST', 'devices/a/commands?wait=10s', { name: 'vent' })
    })
    expect(answer).toMatchObject({ code: 0, stderr: '' })
    const shown = lines(answer).map((line) => line.slice('00:00:00 '.length))
    expect(shown).toHaveLength(40)
    for (const expected of [
      'a telemetry temperature=21.5 door="open"',
      'a event/alarm {"level":2}',
      'a log/warn low \\u001b[2J water',
      'a command vent succeeded {"open":true}',
    ])
      expect(shown).toContainEqual(expected)
  })

  test('of the fleet shows every device, its presence too; --json is an object a line', async () => {
    const gateway = await startTestGateway()
    const user = await operatorOf(gateway, 'viewer')
    await gateway.readyDevice('quiet')
    let n = 0
    const answer = await tailed(user, ['--json', '-n', '12'], async () => {
      const { device } = await gateway.readyDevice(`b${n++}`)
      await device.telemetry({ n }).settled
    })
    expect(answer).toMatchObject({ code: 0, stderr: '' })
    const items = lines(answer).map((line) => JSON.parse(line))
    expect(items).toContainEqual(
      expect.objectContaining({ channel: 'fleet', state: 'online', device: expect.any(String) }),
    )
    expect(items).toContainEqual(
      expect.objectContaining({ channel: 'telemetry', device: expect.any(String), values: { n: expect.any(Number) } }),
    )
    expect(items.filter(({ device }) => device === 'quiet')).toEqual([])
  })

  test('goes on after a break where it was, and says so', async () => {
    const gateway = await startTestGateway()
    const user = await operatorOf(gateway)
    const { device } = await gateway.readyDevice('a')
    const proxy = await startTcpProxy(gateway.port)
    user.env = { ...user.env, FAIRLEAD_URL: `https://127.0.0.1:${proxy.port}` }
    const { heard, ended } = user.start(['tail', 'a', '--only', 'telemetry', '--json', '-n', '60'])
    let n = 0
    const send = () => {
      if (n < 40 || heard.stderr.includes('away')) device.telemetry({ n: n++ }) // the others are for after the break
    }
    const timer = setInterval(send, 100)
    onTestFinished(() => clearInterval(timer))
    await expect.poll(() => heard.stdout, PATIENCE).not.toBe('')
    proxy.cut()
    await expect.poll(() => heard.stderr, PATIENCE).toContain('away')
    proxy.heal()
    const answer = await ended
    expect(answer.code).toBe(0)
    expect(answer.stderr).toMatch(/the gateway is away .*\n.*the gateway is back\n$/)
    const seen = lines(answer).map((line) => JSON.parse(line).values.n)
    expect(seen).toEqual(Array.from({ length: 60 }, (_, at) => seen[0] + at))
  })

  test('exits 1 for a key that is not taken or ends, 2 for what cannot be, 3 for a gateway that is not there', async () => {
    const gateway = await startTestGateway()
    const user = await operatorOf(gateway)
    const revoked = tailed(user, ['a'], () => gateway.api('DELETE', 'api-keys/cli-operator'))
    expect(await revoked).toMatchObject({ code: 1, stderr: expect.stringContaining('does not take the key') })
    expect(await user.run(['tail', '--only', 'all'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('presence'),
    })
    expect(await user.run(['tail', '--base', 'x'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--bus') })
    user.env = { ...user.env, FAIRLEAD_URL: 'https://127.0.0.1:1' }
    expect(await user.run(['tail'])).toMatchObject({ code: 3, stderr: expect.stringContaining('ECONNREFUSED') })
  })
})
