import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import * as limits from '../../protocol/limits.ts'

const readme = readFileSync(new URL('../../protocol/README.md', import.meta.url), 'utf8')
const kib = (bytes: number) => `${bytes / 1024} KiB`
const s = (ms: number) => `${ms / 1000} s`
const days = (seconds: number) => `${seconds / 86_400} days`
const count = (value: number) => value.toLocaleString('en-US')

test.each([
  ['L-2', kib(limits.DEVICE_FRAME_MAX_BYTES)],
  ['L-3', kib(limits.TELEMETRY_MAX_BYTES)],
  ['L-4', kib(limits.BUS_PAYLOAD_MAX_BYTES)],
  ['L-5', kib(limits.GATEWAY_FRAME_MAX_BYTES)],
  ['L-6', kib(limits.PARAMS_MAX_BYTES)],
  ['L-7', count(limits.POINTS_MAX)],
  ['L-8', `${limits.WINDOW_MAX_MESSAGES} messages, ${kib(limits.WINDOW_MAX_BYTES)}`],
  [
    'L-9',
    `${limits.DEVICE_MESSAGES_PER_S} messages/s, burst ${limits.DEVICE_MESSAGES_BURST}, ${kib(limits.DEVICE_BYTES_PER_S)}/s`,
  ],
  ['L-10', s(limits.HELLO_TIMEOUT_MS)],
  ['L-11', `${s(limits.PING_INTERVAL_MS)}, ${s(limits.PONG_TIMEOUT_MS)}`],
  ['L-12', `${limits.ACK_DELAY_MAX_MS} ms`],
  ['L-13', `${limits.MALFORMED_MAX} in ${s(limits.MALFORMED_WINDOW_MS)}`],
  ['L-14', count(limits.BOOTS_REMEMBERED)],
  ['L-15', `1 … ${count(limits.SEQ_MAX)}`],
  [
    'L-16',
    `${limits.LABEL_MAX_BYTES}; ${count(limits.LOG_TEXT_MAX_BYTES)}; ${count(limits.VALUE_TEXT_MAX_BYTES)} bytes`,
  ],
  ['L-17', count(limits.JSON_DEPTH_MAX)],
  ['L-18', count(limits.CAPABILITIES_MAX)],
  ['L-19', `${limits.COMMANDS_WAITING_MAX}; ${limits.COMMANDS_IN_FLIGHT_MAX}`],
  ['L-20', count(limits.COMMAND_IDS_REMEMBERED)],
  [
    'L-21',
    `${limits.COMMAND_TTL_MIN_S} s … ${days(limits.COMMAND_TTL_MAX_S)}, 1 s … ${limits.COMMAND_TIMEOUT_MAX_S / 3600} h`,
  ],
  ['L-22', days(limits.SLEEP_MAX_S)],
  ['L-28', `${kib(limits.REPORTED_MAX_BYTES)}; 2^${Math.log2(limits.REPORTED_VERSION_MAX)}`],
])('the README gives [%s] as it is in the code: %s', (tag, value) => {
  const row = readme.split('\n').find((line) => line.startsWith(`| **[${tag}]**`))
  expect(row?.split('|')[3]?.trim()).toBe(value)
})

test('a device remembers twice as many commands as can be unfinished, so none runs twice [L-20]', () => {
  expect(limits.COMMAND_IDS_REMEMBERED).toBeGreaterThanOrEqual(2 * limits.COMMANDS_IN_FLIGHT_MAX)
})

test('the largest settings fit the bus with the names and versions around them [L-4] [L-28]', () => {
  const versions = { desired: Number.MAX_SAFE_INTEGER, reported: Number.MAX_SAFE_INTEGER }
  const around = JSON.stringify({ desired: 0, reported: 0, versions })
  const states = limits.PARAMS_MAX_BYTES + limits.REPORTED_MAX_BYTES
  expect(states + around.length).toBeLessThan(limits.BUS_PAYLOAD_MAX_BYTES)
})

test('a silent device is noticed within 30 s [P-8]', () => {
  expect(limits.PING_INTERVAL_MS + limits.PONG_TIMEOUT_MS).toBeLessThan(30_000)
})

test('params fit one frame to a device with the message around them [L-5] [L-6]', () => {
  const around = JSON.stringify({
    type: 'command',
    id: 'i'.repeat(64),
    name: 'n'.repeat(64),
    params: 0,
    expires_in_ms: limits.COMMAND_TTL_MAX_S * 1000,
  })
  expect(limits.PARAMS_MAX_BYTES + around.length).toBeLessThan(limits.GATEWAY_FRAME_MAX_BYTES)
})
