import { expect } from 'vitest'
import type { RawDevice } from '../../helpers/raw-device.ts'
import { binary, close, frame, more, OPCODE, ping, text } from '../../helpers/raw-frames.ts'
import { telemetry } from '../conformance/case.ts'
import { type BadInput, expectOneLine, type World } from './world.ts'

/** Frames that the WebSocket layer or a limit ends the session for. Each way of each group: websocket-conformance-*. */
const closed =
  (frames: readonly Buffer[], code: number) =>
  async (world: World): Promise<void> => {
    const { raw } = await world.device()
    await raw.write([Buffer.concat(frames)])
    await raw.until('the close', () => raw.ended)
    expect(raw.closeCode).toBe(code)
  }

const PROTOCOL = ['sessions_closed', 'protocol_error'] as const
const UTF8 = ['sessions_closed', 'bad_utf8'] as const
const FRAGMENTS = ['sessions_closed', 'too_many_fragments'] as const
const SIZE = ['sessions_closed', 'too_big'] as const
const FLOOD = ['sessions_closed', 'window_overstepped'] as const
const open = { fin: false }
const broken = (digits: string) => telemetry(Buffer.from(digits, 'hex'))
const cutPoint = telemetry(Buffer.from('f0908080', 'hex')).subarray(0, 60)

export const frames: readonly BadInput[] = [
  {
    id: 'B12',
    sends: 'a frame without mask',
    answer: '1002',
    does: closed([text('{}', { masked: false })], 1002),
    counts: PROTOCOL,
    logs: 'protocol_error',
  },
  { id: 'B12', sends: 'reserved bits', answer: '1002', does: closed([text('{}', { rsv: 4 })], 1002), counts: PROTOCOL },
  { id: 'B12', sends: 'opcode 3', answer: '1002', does: closed([frame(3)], 1002), counts: PROTOCOL },
  {
    id: 'B12',
    sends: 'a ping of 126 bytes',
    answer: '1002',
    does: closed([ping('x'.repeat(126))], 1002),
    counts: PROTOCOL,
  },
  { id: 'B12', sends: 'a ping in fragments', answer: '1002', does: closed([ping('x', open)], 1002), counts: PROTOCOL },
  { id: 'B12', sends: 'a continuation of nothing', answer: '1002', does: closed([more('x')], 1002), counts: PROTOCOL },
  { id: 'B12', sends: 'close code 1005', answer: '1002', does: closed([close(1005)], 1002), counts: PROTOCOL },
  {
    id: 'B13',
    sends: 'bytes that are no UTF-8',
    answer: '1007',
    does: closed([text(broken('fffe'))], 1007),
    counts: UTF8,
    logs: 'bad_utf8',
  },
  {
    id: 'B13',
    sends: 'a surrogate in UTF-8',
    answer: '1007',
    does: closed([text(broken('eda080'))], 1007),
    counts: UTF8,
  },
  {
    id: 'B13',
    sends: 'half a code point over fragments',
    answer: '1007',
    does: closed(
      [text(cutPoint.subarray(0, 58), open), more(Buffer.from([0xf0, 0x90]), open), more(Buffer.from('"'))],
      1007,
    ),
    counts: UTF8,
  },
  {
    id: 'B14',
    sends: 'a header that promises 65,537 bytes',
    answer: '1009 from the header [L-2]',
    does: closed([frame(OPCODE.binary, '', { claimedBytes: 65_537n })], 1009),
    counts: SIZE,
    logs: 'too_big',
  },
  {
    id: 'B14',
    sends: 'a header that promises 2^52 bytes',
    answer: '1009 from the header',
    does: closed([frame(OPCODE.text, '', { claimedBytes: 2n ** 52n })], 1009),
    counts: SIZE,
  },
  {
    id: 'B14',
    sends: '10 MB in one frame',
    answer: '1009',
    does: closed([binary(Buffer.alloc(10 * 1024 * 1024))], 1009),
    counts: SIZE,
  },
  {
    id: 'B15',
    sends: '65 fragments of one byte that never end',
    answer: '1008 [L-24]',
    does: closed([text('x', open), ...Array(64).fill(more('x', open))], 1008),
    counts: FRAGMENTS,
    logs: 'too_many_fragments',
  },
  {
    id: 'B15',
    sends: '200 empty fragments that never end',
    answer: '1008',
    does: closed([text('', open), ...Array(199).fill(more('', open))], 1008),
    counts: FRAGMENTS,
  },
  { id: 'B16', sends: 'pings without end, each pong read', answer: 'bye 4013 [S-7]', does: pingFlood, counts: FLOOD },
  { id: 'B16', sends: '5,000 pings at once, no pong read', answer: 'cut', does: pingsUnread },
  {
    id: 'B22',
    sends: 'a device that reads nothing of what it caused',
    answer: '4008 [S-9], the command waits for its next session',
    does: readsNothing,
    counts: ['sessions_closed', 'slow_consumer'],
  },
  {
    id: 'B34',
    sends: 'a close reason with CR, LF and ESC',
    answer: 'its code again, and no broken line in the log',
    does: hostileReason,
  },
]

async function pingFlood(world: World): Promise<void> {
  const { raw } = await world.device()
  let sent = 0
  while (sent < 2_000 && raw.closeCode === undefined && !raw.ended) {
    await raw.write([ping('again')])
    sent += 1
    await raw.until('its pong or the end', () => raw.pongs.length >= sent || raw.closeCode !== undefined)
  }
  await raw.until('the close', () => raw.ended)
  expect(raw.of('bye')).toMatchObject([{ code: 4013 }])
  expect(raw.closeCode).toBe(4013)
}

/** A `bye` may get through or not: the peer is hostile, so nobody waits for it. */
async function pingsUnread(world: World): Promise<void> {
  const { raw } = await world.device()
  await raw.write([Buffer.concat(Array(5_000).fill(ping('x'.repeat(100))))])
  await raw.until('the end', () => raw.ended)
  expect([undefined, 4013]).toContain(raw.closeCode)
}

/** Each refused message has its answer; a device that takes none of them fills the queue towards itself [L-23]. */
async function readsNothing(world: World): Promise<void> {
  const { raw, id, token } = await world.device()
  const before = await world.metric('sessions_closed', 'slow_consumer')
  raw.pauseReading()
  const { body } = await world.gateway.api('POST', `devices/${id}/commands`, { name: 'ping' })
  await floodUntil(raw, async () => (await world.metric('sessions_closed', 'slow_consumer')) > before)
  raw.destroy()
  const again = world.gateway.device(token, { commands: { ping: () => 'pong' } })
  again.start()
  await again.ready
  const state = async () => (await world.gateway.api('GET', `commands/${body.id}`)).body.state
  await expect.poll(state).toBe('succeeded')
  await again.stop()
}

async function floodUntil(raw: RawDevice, isOver: () => Promise<boolean>): Promise<void> {
  let seq = 1
  await expect
    .poll(
      async () => {
        const refusals = Array.from({ length: 5_000 }, () => text(`{"type":"event","seq":${seq++},"name":"a b"}`))
        await raw.write([Buffer.concat(refusals)])
        return isOver()
      },
      { timeout: 30_000, interval: 20 },
    )
    .toBe(true)
}

async function hostileReason(world: World): Promise<void> {
  const { raw } = await world.device()
  const from = world.gateway.logLines.length
  await raw.write([close(4000, 'a\r\n\u001b[2J"}\u2028')])
  await raw.until('the end', () => raw.ended)
  expect(raw.closeCode).toBe(4000)
  for (const line of world.gateway.logLines.slice(from)) expectOneLine(line)
}
