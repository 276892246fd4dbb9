import { describe, expect, test } from 'vitest'
import { type ReadArguments, readArguments, type Surroundings } from '../../simulator/arguments.ts'

const around: Surroundings = {
  env: { FAIRLEAD_ADMIN_KEY: 'flk_1' },
  runningUrl: undefined,
  runningCaFile: undefined,
  isReadable: (path) => path !== 'missing',
  openFilesMax: 1_000,
}

const read = (line: string, more: Partial<Surroundings> = {}): ReadArguments =>
  readArguments(line === '' ? [] : line.split(' '), { ...around, ...more })

function problems(line: string, more: Partial<Surroundings> = {}): readonly string[] {
  const result = read(line, more)
  return result.kind === 'wrong' ? result.problems : []
}

test('nothing at all is five devices at the local gateway until Ctrl-C', () => {
  expect(read('')).toEqual({
    kind: 'run',
    arguments: {
      devices: 5,
      ratePerS: 1,
      rampMs: 0,
      payloadKeys: 2,
      url: 'wss://localhost:8443/device/v1',
      api: 'https://localhost:8443',
      adminKey: 'flk_1',
      prefix: 'sim',
      json: false,
    },
  })
})

test('every option is read', () => {
  const line =
    '--devices 50 --rate 0.5 --duration 2m --ramp 500ms --url wss://h:1 --api https://i:2 --ca c.pem --admin-key k ' +
    '--prefix load --payload 9 --seed 7 --save-tokens t.json --json'
  expect(read(line)).toMatchObject({
    arguments: {
      devices: 50,
      ratePerS: 0.5,
      durationMs: 120_000,
      rampMs: 500,
      url: 'wss://h:1/device/v1',
      api: 'https://i:2',
      caFile: 'c.pem',
      adminKey: 'k',
      prefix: 'load',
      payloadKeys: 9,
      seed: 7,
      saveTokensFile: 't.json',
      json: true,
    },
  })
})

test('a gateway that runs here gives the defaults, and a device address is good for REST too', () => {
  const running = { runningUrl: 'https://127.0.0.1:9000', runningCaFile: '/d/tls/ca.pem' }
  expect(read('', running)).toMatchObject({
    arguments: { url: 'wss://127.0.0.1:9000/device/v1', api: 'https://127.0.0.1:9000', caFile: '/d/tls/ca.pem' },
  })
  expect(read('--url ws://h:80/device/v1')).toMatchObject({ arguments: { api: 'http://h' } })
})

test('--help wins over everything wrong', () => {
  expect(read('--devices 0 --help')).toEqual({ kind: 'help' })
})

describe('a wrong command line', () => {
  test('is told all its problems at once', () => {
    const line =
      '--devices 0 --rate -1 --duration 10 --foo --seed 1.5 --payload 301 extra --prefix a/b --ca missing --ramp'
    const found = problems(line, { env: {} })
    expect(found).toHaveLength(11)
    for (const part of [
      '--foo',
      '"extra"',
      '--ramp needs',
      '--devices',
      '--rate',
      '--duration',
      '--seed',
      '--payload',
    ]) {
      expect(found.filter((problem) => problem.includes(part))).toHaveLength(1)
    }
  })

  test.each([
    ['--devices 1000000000', '--devices must be a whole number from 1 to 20000, not "1000000000"'],
    ['--devices 1e3', '--devices must be a whole number from 1 to 20000, not "1e3"'],
    ['--devices 1000', '1000 devices need 1064 open files, the limit is 1000 (see ulimit -n)'],
    ['--duration 5s --ramp 5s', '--ramp must be shorter than --duration'],
    ['--duration 30d', '--duration must be a time such as 500ms, 60s, 5m or 2h (at most 24 days), not "30d"'],
    ['--duration 9999h', '--duration must be a time such as 500ms, 60s, 5m or 2h (at most 24 days), not "9999h"'],
    ['--url ftp://h', '--url must be an address such as wss://host:port, not "ftp://h"'],
    ['--api h --url wss://h', '--api must be an address such as https://host:port, not "h"'],
    ['--tokens missing', 'cannot read the file missing'],
    ['--tokens a --save-tokens b', '--save-tokens saves new tokens, --tokens makes none: give one of them'],
  ])('%s', (line, problem) => {
    expect(problems(line)).toEqual([problem])
  })

  test('without a key or tokens says how to give them', () => {
    expect(problems('', { env: { FAIRLEAD_API_KEY: 'flk_1' } })).toEqual([])
    expect(problems('', { env: {} })).toMatchObject([expect.stringContaining('FAIRLEAD_ADMIN_KEY')])
    expect(problems('--tokens t.json', { env: {} })).toEqual([])
  })
})
