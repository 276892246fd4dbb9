import { Fields } from './fields.ts'
import { messageType, parseObject } from './frame.ts'
import type { JsonObject } from './json.ts'
import { CAPABILITIES_MAX, LABEL_MAX_BYTES, LOG_TEXT_MAX_BYTES, SEQ_MAX, SLEEP_MAX_S } from './limits.ts'
import { type CommandResult, type DeviceMessage, type Hello, LOG_LEVELS } from './messages.ts'
import { isBootId, isName } from './names.ts'
import type { Parsed } from './problem.ts'
import { readPoints, readTime } from './telemetry.ts'

/** A text frame from a device as a typed copy, or the reason it is refused. Never throws. [M-1] … [M-7] */
export function parseDeviceMessage(text: string): Parsed<DeviceMessage> {
  const parsed = parseObject(text)
  if (!parsed.ok) return parsed
  const source = parsed.message
  const type = messageType(source)
  if (type === undefined) return { ok: false, problem: { code: 'no_type' } }
  const fields = new Fields(source)
  const message = read(type, fields)
  if (message === undefined) return { ok: false, problem: { code: 'unknown_type' } }
  if (fields.problem === undefined) return { ok: true, message }
  return { ok: false, problem: fields.problem, ...placeInSequence(type, source) }
}

function read(type: string, f: Fields): DeviceMessage | undefined {
  switch (type) {
    case 'hello':
      return readHello(f)
    case 'telemetry':
      return { type, seq: f.seq(), boot: f.optionalBoot(), points: readPoints(f) }
    case 'event':
      return {
        type,
        seq: f.seq(),
        boot: f.optionalBoot(),
        name: f.name('name'),
        data: f.optionalAny('data') ?? null,
        ...readTime(f),
      }
    case 'accepted':
      return { type, id: f.name('id') }
    case 'progress':
      return {
        type,
        id: f.name('id'),
        percent: f.optionalInteger('percent', 0, 100),
        text: f.optionalText('text', LOG_TEXT_MAX_BYTES),
      }
    case 'result':
      return readResult(f)
    case 'reported':
      return { type, version: f.integer('version', 0, Number.MAX_SAFE_INTEGER), state: f.object('state') }
    case 'token_stored':
      return { type, tokenId: f.name('token_id'), sha256: f.sha256('sha256') }
    case 'log':
      return { type, level: f.oneOf('level', LOG_LEVELS), text: f.text('text', LOG_TEXT_MAX_BYTES) }
    case 'bye':
      return { type, sleepS: f.optionalInteger('sleep_s', 1, SLEEP_MAX_S) }
    default:
      return undefined
  }
}

function readHello(f: Fields): Hello {
  return {
    type: 'hello',
    boot: f.boot(),
    firmware: f.text('firmware', LABEL_MAX_BYTES),
    model: f.text('model', LABEL_MAX_BYTES),
    capabilities: readCapabilities(f),
    nextWakeS: f.optionalInteger('next_wake_s', 1, SLEEP_MAX_S),
  }
}

function readCapabilities(f: Fields): readonly string[] {
  const list = f.list('capabilities', CAPABILITIES_MAX)
  if (!list.every(isName)) f.refuse('bad_name', 'capabilities')
  return list as readonly string[]
}

/** [C-7] A failure says why; a success has no error. */
function readResult(f: Fields): CommandResult {
  const ok = f.boolean('ok')
  const result: CommandResult = { type: 'result', id: f.name('id'), ok, data: f.optionalAny('data') }
  if (ok) {
    if (f.has('error')) f.refuse('conflict', 'error')
    return result
  }
  const error = new Fields(f.object('error'))
  const detail = { code: error.name('code'), message: error.text('message', LOG_TEXT_MAX_BYTES) }
  if (error.problem) f.refuse(error.problem.code, error.problem.field)
  return { ...result, error: detail }
}

/** [M-7] A refused telemetry or event still names its place, so that a `nack` can consume it. */
function placeInSequence(type: string, source: JsonObject): { seq?: number; boot?: string } {
  if (type !== 'telemetry' && type !== 'event') return {}
  const { seq, boot } = source
  if (typeof seq !== 'number' || !Number.isInteger(seq) || seq < 1 || seq > SEQ_MAX) return {}
  if (boot === undefined) return { seq }
  return isBootId(boot) ? { seq, boot } : {}
}
