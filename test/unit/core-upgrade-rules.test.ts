import { describe, expect, test } from 'vitest'
import { readUpgrade, type UpgradeRequest } from '../../gateway/core/upgrade-rules.ts'

const HEADERS = {
  host: 'gateway.local:8443',
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-protocol': 'fairlead.v1',
  authorization: 'Bearer abc.def-ghi_jkl',
}
type Change = { method?: string; target?: string; headers?: Record<string, string | string[] | undefined> }

function outcome({ headers, ...rest }: Change): string {
  const request: UpgradeRequest = {
    method: 'GET',
    target: '/device/v1',
    address: '192.0.2.1',
    ...rest,
    headers: { ...HEADERS, ...headers },
  }
  const answer = readUpgrade(request)
  return 'token' in answer ? `token ${answer.token}` : `${answer.status} ${answer.code}`
}

describe('a well-formed handshake [H-1]', () => {
  test.each<[string, Change]>([
    ['as the README shows it', {}],
    ['Upgrade in any case', { headers: { upgrade: 'WebSocket' } }],
    ['Bearer in any case', { headers: { authorization: 'bearer abc.def-ghi_jkl' } }],
    ['fairlead.v1 among others', { headers: { 'sec-websocket-protocol': 'mqtt, fairlead.v1 ,arduino' } }],
    ['the Origin of the Arduino client [H-7]', { headers: { origin: 'file://' } }],
    ['a harmless query', { target: '/device/v1?id=greenhouse-1' }],
  ])('%s', (_, change) => {
    expect(outcome(change)).toBe('token abc.def-ghi_jkl')
  })
})

describe('a handshake that is refused before the 101 [H-3]', () => {
  test.each<[string, string, Change]>([
    ['404 route_not_found', 'another path', { target: '/device/v2' }],
    ['404 route_not_found', 'a path below', { target: '/device/v1/' }],
    ['404 route_not_found', 'the path in capitals', { target: '/Device/v1' }],
    ['405 method_not_allowed', 'another method', { method: 'POST' }],
    ['426 upgrade_required', 'no Upgrade', { headers: { upgrade: undefined } }],
    ['426 upgrade_required', 'an upgrade to something else', { headers: { upgrade: 'h2c' } }],
    ['426 upgrade_required', 'version 8 [H-6]', { headers: { 'sec-websocket-version': '8' } }],
    ['426 upgrade_required', 'no version', { headers: { 'sec-websocket-version': undefined } }],
    ['426 upgrade_required', 'no subprotocol', { headers: { 'sec-websocket-protocol': undefined } }],
    ['426 upgrade_required', 'another subprotocol', { headers: { 'sec-websocket-protocol': 'fairlead.v2' } }],
    ['426 upgrade_required', 'the subprotocol in capitals', { headers: { 'sec-websocket-protocol': 'Fairlead.v1' } }],
    ['400 token_in_url', 'a token in the address [H-5]', { target: '/device/v1?token=abc' }],
    ['400 token_in_url', 'the same, encoded', { target: '/device/v1?%74oken=abc' }],
    ['400 token_in_url', 'the same, in capitals', { target: '/device/v1?x=1&Access_Token=abc' }],
    ['400 token_in_url', 'a JWT under any name', { target: '/device/v1?x=eyJhbGciOiJFUzI1NiJ9.e30.c2ln' }],
    ['400 token_in_url', 'behind a second question mark', { target: '/device/v1?a=1?b=2&token=abc' }],
    ['400 bad_request', 'no key', { headers: { 'sec-websocket-key': undefined } }],
    ['400 bad_request', 'a key of 15 bytes', { headers: { 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAA' } }],
    ['400 bad_request', 'a key twice', { headers: { 'sec-websocket-key': ['dGhlIHNhbXBsZSBub25jZQ==', 'x'] } }],
    ['403 foreign_origin', 'a web page [H-7]', { headers: { origin: 'https://example.org' } }],
    ['403 foreign_origin', 'an opaque origin', { headers: { origin: 'null' } }],
    ['401 invalid_token', 'no token [H-8]', { headers: { authorization: undefined } }],
    ['401 invalid_token', 'an empty token', { headers: { authorization: 'Bearer ' } }],
    ['401 invalid_token', 'another scheme', { headers: { authorization: 'Basic abc' } }],
    ['401 invalid_token', 'a token with a space', { headers: { authorization: 'Bearer abc def' } }],
    ['401 invalid_token', 'a token that never ends', { headers: { authorization: `Bearer ${'a'.repeat(5_000)}` } }],
  ])('%s: %s', (expected, _, change) => {
    expect(outcome(change)).toBe(expected)
  })
})

describe('the order of the checks [H-4]', () => {
  const allWrong = { upgrade: 'h2c', 'sec-websocket-key': 'x', origin: 'https://example.org', authorization: undefined }
  test.each<[string, Change]>([
    ['404', { target: '/other?token=a', method: 'POST', headers: allWrong }],
    ['405', { target: '/device/v1?token=a', method: 'POST', headers: allWrong }],
    ['426', { target: '/device/v1?token=a', headers: allWrong }],
    ['400', { target: '/device/v1?token=a', headers: { ...allWrong, upgrade: 'websocket' } }],
    ['403', { headers: { origin: 'https://example.org', authorization: undefined } }],
    ['401', { headers: { authorization: undefined } }],
  ])('%s comes before all that follows', (status, change) => {
    expect(outcome(change)).toMatch(new RegExp(`^${status} `))
  })
})

test('426 names what is spoken here [H-6], 405 the method, 401 the scheme [H-8]', () => {
  const read = (change: Partial<UpgradeRequest>) =>
    readUpgrade({ method: 'GET', target: '/device/v1', address: '192.0.2.1', headers: {}, ...change })
  expect(read({})).toMatchObject({ headers: { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' } })
  expect(read({ method: 'PUT' })).toMatchObject({ headers: { Allow: 'GET' } })
  expect(read({ headers: { ...HEADERS, authorization: 'x' } })).toMatchObject({
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
  })
})
