import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AskOptions, ask, expectProblem, type RunningApi, runApi } from '../helpers/rest.ts'

/** Every route that reads a body, with a field of it and a value of the wrong type. */
const WITH_BODY = [
  ['POST', '/api/v1/devices', 'id', 7],
  ['PATCH', '/api/v1/devices/a', 'enabled', 'yes'],
  ['POST', '/api/v1/devices/a/tokens', 'expires_in_s', 'soon'],
  ['POST', '/api/v1/devices/a/tokens/rotate', 'overlap_s', 'soon'],
  ['PATCH', '/api/v1/devices/a/shadow', 'desired', 7],
  ['POST', '/api/v1/devices/a/commands', 'name', ['x']],
  ['POST', '/api/v1/commands', 'name', ['x']],
  ['POST', '/api/v1/bans', 'device', 7],
] as const
const EVERY = [
  ...WITH_BODY.map(([method, path]) => [method, path] as const),
  ['GET', '/api/v1/devices'],
  ['GET', '/api/v1/devices/a'],
  ['DELETE', '/api/v1/devices/none'],
  ['GET', '/api/v1/devices/a/state'],
  ['GET', '/api/v1/devices/a/shadow'],
  ['GET', '/api/v1/devices/a/tokens'],
  ['DELETE', '/api/v1/devices/a/tokens/none'],
  ['GET', '/api/v1/devices/a/commands'],
  ['GET', '/api/v1/commands/c'],
  ['GET', '/api/v1/command-batches'],
  ['GET', '/api/v1/bans'],
  ['GET', '/api/v1/events'],
  ['DELETE', '/api/v1/bans/none'],
  ['GET', '/api/v1/command-batches/c'],
  ['GET', '/api/v1/command-batches/c/targets'],
  ['POST', '/api/v1/command-batches/c/cancel'],
  ['POST', '/api/v1/commands/c/cancel'],
] as const
const JSON_TYPE = { 'content-type': 'application/json' }

let api: RunningApi
beforeAll(async () => {
  api = await runApi()
  await api.operator.createDevice({ id: 'a' })
})
afterAll(() => api.close())

const text = (body: string, headers: Readonly<Record<string, string>> = JSON_TYPE): AskOptions => ({
  text: body,
  headers,
})

describe.each(WITH_BODY)('%s %s', (method, path, field, wrong) => {
  test.each([
    ['that is cut off', '{"a":'],
    ['that is not JSON', 'name=x'],
    ['with a comment', '{} // all'],
    ['that is empty', ''],
    ['with __proto__', '{"__proto__":{"polluted":true}}'],
    ['with __proto__ further in', '{"params":{"x":{"__proto__":{"polluted":true}}}}'],
    ['with an escaped __proto__', '{"\\u005f_proto__":{"polluted":true}}'],
    ['with constructor.prototype', '{"constructor":{"prototype":{"polluted":true}}}'],
    ['nested 20,000 deep', `{"params":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
    ['that is a list', '[]'],
    ['that is null', 'null'],
    ['that is text', '"x"'],
  ])('a body %s is 400', async (_what, body) => {
    expectProblem(await ask(api, method, path, text(body)), 400, 'bad_request')
    expect(Object.keys(Object.prototype)).toEqual([])
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  test('an unknown field is 400 and named', async () => {
    const answer = await ask(api, method, path, { json: { favourite_colour: 'red' } })
    expectProblem(answer, 400, 'bad_request')
    expect((answer.body as { detail: string }).detail).toMatch(/favourite_colour|(name|desired) is missing/)
  })

  test('a field of the wrong type is 400 and named', async () => {
    const answer = await ask(api, method, path, { json: { [field]: wrong } })
    expectProblem(answer, 400, 'bad_request')
    expect((answer.body as { detail: string }).detail).toContain(`body.${field}`)
  })

  test.each([
    'application/json\tx',
    'application/jsonx',
    'text/plain',
    'text/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    '/',
    'x',
  ])('the content type %j is 415', async (type) => {
    expectProblem(await ask(api, method, path, text('{}', { 'content-type': type })), 415, 'unsupported_media_type')
  })

  test('a body over the limit of the route is 413', async () => {
    expectProblem(await ask(api, method, path, text(`{"id":"${'x'.repeat(131_072)}"}`)), 413, 'too_large')
  })

  test('a body of 2 MiB is refused from its length, before it is sent', async () => {
    const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer flk_admin-of-the-tests\r\n`
    const answer = await speak(`${head}Content-Type: application/json\r\nContent-Length: 2097152\r\n\r\n{`)
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(answer).toContain('"code":"too_large"')
  })
})

describe('every route', () => {
  test.each(EVERY)('%s %s with an unknown query field is 400', async (method, path) => {
    for (const query of ['x=1', '__proto__=1', 'constructor=1', 'x[y]=1']) {
      expectProblem(await ask(api, method, `${path}?${query}`, { json: {} }), 400, 'bad_request')
    }
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  const withName = EVERY.filter(([, path]) => /\/(a|c|none)(\/|$)/.test(path))
  const hostile = [
    'x'.repeat(65),
    'x'.repeat(200),
    '..%2Fa',
    'a%00',
    '%2B',
    '%23',
    '.a',
    '__proto__',
    '%C3%A4',
    'a%0A',
    '%zz',
  ]
  test.each(withName)('%s %s with a hostile name in its path is 400 or 404', async (method, path) => {
    for (const name of hostile) {
      const answer = await ask(api, method, path.replace(/\/(a|c|none)(?=\/|$)/, `/${name}`), { json: { name: 'x' } })
      expect([400, 404]).toContain(answer.status)
      expectProblem(answer, answer.status, (answer.body as { code: string }).code)
      expect(answer.headers.get('cache-control'), name).toBe('no-store')
    }
  })

  test.each(EVERY)(
    '%s %s: no answer carries a version, and each carries the security headers',
    async (method, path) => {
      for (const options of [{}, { headers: { authorization: '' } }, text('{')]) {
        const { headers } = await ask(api, method, path, method === 'GET' ? { headers: options.headers } : options)
        expect(headers.get('server') ?? headers.get('x-powered-by')).toBeNull()
        expect(headers.get('strict-transport-security')).toBe('max-age=31536000')
        expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'")
        expect(headers.get('x-content-type-options')).toBe('nosniff')
        expect(headers.get('cache-control')).toBe('no-store')
      }
    },
  )
})

describe('what is not a request', () => {
  test.each([
    ['nonsense', 'HELLO\r\n\r\n', 400],
    [
      'both lengths',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['17 KiB of headers', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(17_000)}\r\n\r\n`, 431],
  ])('%s is answered and the connection closed', async (_what, bytes, status) => {
    expect(await speak(bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  })

  test('the gateway still works after all of it', async () => {
    expect((await ask(api, 'GET', '/api/v1/devices')).status).toBe(200)
    expect(api.lines.filter(({ level }) => level === 'error')).toEqual([])
  })
})

/** Sends the bytes on a connection of their own; everything that comes back until the other side closes it. */
function speak(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(api.port, '127.0.0.1', () => socket.write(bytes))
    let answer = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      answer += chunk
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}
