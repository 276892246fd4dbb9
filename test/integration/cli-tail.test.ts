import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { Aedes } from 'aedes'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CliBench } from '../helpers/cli-bench.ts'

let broker: Aedes
let server: Server
let url: string
const cli = new CliBench()
beforeAll(async () => {
  broker = await Aedes.createBroker({
    authorizeSubscribe: (_client, subscription, done) =>
      done(null, subscription.topic.startsWith('secret/') ? null : subscription),
  })
  server = createServer(broker.handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  url = `mqtt://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
})
afterAll(async () => {
  await new Promise<void>((resolve) => broker.close(() => resolve()))
  server.close()
})

const publish = (topic: string, payload: string | Buffer) =>
  new Promise<void>((resolve, reject) =>
    broker.publish({ cmd: 'publish', qos: 1, retain: false, dup: false, topic, payload }, (error) =>
      error ? reject(error) : resolve(),
    ),
  )

/** Starts `tail`, publishes once it has subscribed, and gives what it printed when it has enough. */
async function tailed(words: readonly string[], messages: readonly (readonly [string, string | Buffer])[]) {
  const subscribed = new Promise<void>((resolve) => broker.once('subscribe', () => resolve()))
  const running = cli.user.run(['tail', ...words])
  await subscribed
  for (const [topic, payload] of messages) await publish(topic, payload)
  return running
}

const POINTS = '{"boot":"b","seq":1,"points":[{"ts":1,"values":{"temperature":21.5,"door":"open"}}]}'

describe('tail of a bus', () => {
  test('prints one line per message: the device, what it is and the values', async () => {
    const answer = await tailed(
      ['--mqtt', url, '-n', '3'],
      [
        ['fairlead/devices/a/telemetry', POINTS],
        ['fairlead/nodes/n/state', '"not of a device"'],
        ['fairlead/devices/b/event/alarm', '{"data":{"level":2}}'],
        ['fairlead/devices/b/telemetry/camera', Buffer.from([0xff, 0xd8, 0x00])],
      ],
    )
    expect(answer).toMatchObject({ code: 0, stderr: '' })
    expect(answer.stdout.split('\n').map((line) => line.slice('00:00:00 '.length))).toEqual([
      'a telemetry temperature=21.5 door="open"',
      'b event/alarm {"data":{"level":2}}',
      'b telemetry/camera 3 bytes',
      '',
    ])
  })

  test('of one device prints no other; --json is one object per line', async () => {
    const answer = await tailed(
      ['b', '--json', '-n', '2', '--mqtt', url, '--base', 'site/one'],
      [
        ['site/one/devices/a/telemetry', POINTS],
        ['site/one/devices/b/telemetry', POINTS],
        ['site/one/devices/b/telemetry/camera', Buffer.from([0xff])],
      ],
    )
    const lines = answer.stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    expect(lines).toEqual([
      { at: expect.any(Number), topic: 'site/one/devices/b/telemetry', payload: JSON.parse(POINTS) },
      { at: expect.any(Number), topic: 'site/one/devices/b/telemetry/camera', base64: '/w==' },
    ])
  })

  test('shows text that would steer the terminal instead of obeying it', async () => {
    const { stdout } = await tailed(
      ['--mqtt', url, '-n', '1'],
      [['fairlead/devices/a/log', JSON.stringify({ level: 'info', text: '\u001b[2J\u009bx' })]],
    )
    expect(stdout).toContain('u001b[2J\\u009bx')
    for (const steering of ['\u001b', '\u009b']) expect(stdout).not.toContain(steering)
  })

  test('finds the bus of the gateway that runs in this directory', async () => {
    mkdirSync(cli.user.dataDir, { recursive: true })
    writeFileSync(join(cli.user.dataDir, 'run.json'), JSON.stringify({ pid: process.pid, mqtt_url: url }))
    const answer = await tailed(['--bus', '-n', '1'], [['fairlead/devices/a/telemetry', POINTS]])
    expect(answer.code).toBe(0)
  })

  test('without a bus to name exits 2; a bus that is not there exits 3 and shows no password', async () => {
    expect(await cli.user.run(['tail', '--bus'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--mqtt') })
    const answer = await cli.user.run(['tail', '--mqtt', 'mqtt://me:hunter2@127.0.0.1:1'])
    expect(answer).toMatchObject({ code: 3, stderr: expect.stringContaining('mqtt://127.0.0.1:1 (from --mqtt)') })
    expect(answer.stderr).not.toContain('hunter2')
  })

  test('a bus that does not let it read exits 1 and says so', async () => {
    const answer = await cli.user.run(['tail', '--mqtt', url, '--base', 'secret'])
    expect(answer).toMatchObject({ code: 1, stderr: expect.stringContaining('secret/devices/+/#') })
  })
})
