import { describe, expect, test } from 'vitest'
import { createLog, type LogOptions } from '../../gateway/adapters/log.ts'

/** Everything a hostile header, id or close reason may hold [B34]. */
const HOSTILE = 'a\r\nb\n{"level":"error"}\u001b[2J\u009b31m\u2028\u2029\u0085\u0000"}\\'

function record(options: Partial<LogOptions> = {}) {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  return { lines, log: createLog({ level: 'info', pretty: false, destination, ...options }) }
}

describe('log', () => {
  test('writes one JSON line per entry, with level, time, fields and message', () => {
    const { lines, log } = record()
    log.info({ device: 'greenhouse-1', port: 8443 }, 'listening')
    const entry = JSON.parse(lines.join(''))
    expect(entry).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      device: 'greenhouse-1',
      port: 8443,
      msg: 'listening',
    })
  })

  test('stays one valid line whatever is in it', () => {
    const { lines, log } = record()
    log.warn({ reason: HOSTILE, [HOSTILE]: 1, error: new Error(HOSTILE) }, HOSTILE)
    expect(lines).toHaveLength(1)
    const [line = ''] = lines
    expect(line.endsWith('\n')).toBe(true)
    expect(line.slice(0, -1)).not.toMatch(/[^\P{C}]|[\u2028\u2029]/u) // nothing that breaks a line or moves a cursor
    expect(JSON.parse(line)).toMatchObject({ reason: HOSTILE, [HOSTILE]: 1, msg: HOSTILE })
  })

  test('hides what looks like a credential, also in a child and one level down', () => {
    const { lines, log } = record()
    log.info({ token: 'hunter2', headers: { authorization: 'Bearer hunter2', cookie: 'hunter2' } }, 'a')
    log.info({ request: { headers: { authorization: 'Bearer hunter2' } }, config: { password: 'hunter2' } }, 'b')
    log.child({ token: 'hunter2', device: 'd' }).info({}, 'c')
    expect(lines.join('')).not.toContain('hunter2')
    expect(lines.join('').match(/\[redacted\]/g)).toHaveLength(6)
  })

  test('gives a child its fields in each line', () => {
    const { lines, log } = record()
    log.child({ device: 'd', session: 7 }).child({ node: 'n' }).error({ code: 4008 }, 'closed')
    expect(JSON.parse(lines.join(''))).toMatchObject({ level: 'error', device: 'd', session: 7, node: 'n', code: 4008 })
  })

  test('writes errors with their stack and cause', () => {
    const { lines, log } = record()
    log.error({ error: new Error('outer', { cause: new Error('inner') }) }, 'failed')
    const { error } = JSON.parse(lines.join(''))
    expect(error.message).toContain('outer')
    expect(error.stack).toContain('inner')
  })

  test('keeps quiet below its level', () => {
    const { lines, log } = record({ level: 'warn' })
    log.debug({}, 'no')
    log.info({}, 'no')
    log.warn({}, 'yes')
    expect(lines).toHaveLength(1)
  })

  test('survives fields that are not JSON', () => {
    const { lines, log } = record()
    const circle: Record<string, unknown> = { big: 10n }
    circle.self = circle
    log.info({ circle }, 'round')
    expect(JSON.parse(lines.join('')).msg).toBe('round')
  })

  test('shows a person readable text that cannot command the terminal', () => {
    const { lines, log } = record({ pretty: true })
    log.info({ reason: HOSTILE, error: new Error(HOSTILE) }, `started ${HOSTILE}`)
    const text = lines.join('')
    expect(text).toContain('INFO: started a')
    expect(text).toContain('\\u001b[2J')
    expect(text.replaceAll('\n', '')).not.toMatch(/[^\P{C}]|[\u2028\u2029]/u)
  })
})
