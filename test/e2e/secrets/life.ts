import { createHash, randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import type { Canaries } from './canaries.ts'
import { connectDevice, welcomedDevice } from './listeners.ts'
import type { Operator } from './operator.ts'

/** The life of each kind of secret: made, used, mistaken, put into wrong places, replaced, revoked. */

const random = () => randomBytes(9).toString('base64url')
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** As people choose them: with what some encodings change. */
const passwordOf = (canaries: Canaries, name: string) =>
  canaries.note(name, `harbour "${random()}" & lantern/ä ${random()}`)

/** Logins by link and password, right and wrong; the cookie at the end is good. */
export async function livePeople(operator: Operator, canaries: Canaries, link: string): Promise<string> {
  const [first, second, wrong] = ['password', 'new password', 'wrong password'].map((name) =>
    passwordOf(canaries, name),
  )
  const cookieOf = (cookie: string) => {
    canaries.note('cookie', cookie.slice(cookie.indexOf('=') + 1))
    return cookie
  }
  const asPage = { headers: { origin: operator.origin } }
  const wrongLink = canaries.note('link that nobody made', randomBytes(32).toString('base64url'))
  await operator.ask('', 'POST', 'session/link/check', { body: { token: link }, ...asPage })
  await operator.ask('', 'POST', 'session/link', {
    body: { token: wrongLink, name: 'mia', password: first },
    ...asPage,
  })
  await operator.ask('', 'POST', 'session/link', { body: { token: link, name: 'two words', password: first } })
  const login = { token: link, name: 'mia', password: first }
  const byLink = await operator.ask('', 'POST', 'session/link', { body: login, ...asPage, shows: true })
  const cookie = cookieOf(byLink.cookie)
  await operator.ask('', 'POST', 'session', { body: { name: 'mia', password: wrong } })
  await operator.ask('', 'POST', 'session', { body: { name: first, password: 'mia' } }) // the fields mixed up
  await operator.ask('', 'POST', 'session', { text: `{"name":"mia","password":${JSON.stringify(first)}` })
  await operator.ask(cookie, 'PUT', 'session/password', { body: { current_password: wrong, new_password: second } })
  const change = { current_password: first, new_password: second }
  const changed = await operator.ask(cookie, 'PUT', 'session/password', { body: change, shows: true })
  const stale = await operator.ask(cookie, 'GET', 'session')
  if (changed.status !== 200 || stale.status !== 401) throw new Error(`password: ${changed.status}, ${stale.status}`)
  return cookieOf(changed.cookie)
}

/** Keys that are made, kept to scopes, used, revoked, mistaken and put into wrong places; links for people too. */
export async function liveKeys(operator: Operator, canaries: Canaries, admin: string): Promise<void> {
  const make = async (name: string, more: object = {}) => {
    const made = await operator.ask(admin, 'POST', 'api-keys', { body: { name, role: 'admin', ...more }, shows: true })
    return canaries.note(`API key ${name}`, made.body.key)
  }
  const revoked = await make('revoked')
  const narrow = await make('narrow', { scopes: ['tokens:add'] })
  const wrong = canaries.note('API key that nobody made', `flk_${randomBytes(32).toString('base64url')}`)
  for (const key of [revoked, narrow, wrong]) await operator.ask(key, 'GET', 'devices')
  for (const path of [`devices?api_key=${revoked}`, `devices/${revoked}`]) await operator.ask(admin, 'GET', path)
  for (const path of [`api-keys/${narrow}`, `users/${narrow}`, `devices/${narrow}`])
    await operator.ask(admin, 'DELETE', path)
  await operator.ask('', 'POST', 'session', { body: { name: narrow, password: narrow } })
  await operator.ask(admin, 'DELETE', 'api-keys/revoked')
  await operator.ask(revoked, 'GET', 'devices')
  const added = await operator.ask(admin, 'POST', 'users', { body: { name: 'anna', role: 'viewer' }, shows: true })
  canaries.note('login link of a new user', added.body.link.token)
  const again = await operator.ask(admin, 'POST', 'users/anna/login-link', { shows: true })
  canaries.note('login link of a user', again.body.token)
  await operator.ask(admin, 'DELETE', `users/${again.body.token}`)
  await operator.ask(admin, 'DELETE', 'users/anna')
}

/** Tokens that are issued once, by import and for a time, rotated over the socket, revoked, and sent where they do not belong. */
export async function liveTokens(operator: Operator, canaries: Canaries, admin: string): Promise<string> {
  const once = { headers: { 'idempotency-key': 'once-and-only' }, body: { id: 'a' } }
  const created = await operator.ask(admin, 'POST', 'devices', { ...once, shows: true })
  const token = canaries.noteToken('first token', created.body.token)
  await operator.ask(admin, 'POST', 'devices', once) // its token is not shown again
  const imported = await operator.ask(admin, 'POST', 'devices/import', {
    text: 'id,model\r\nb,m\r\nc,m\r\n',
    headers: { 'content-type': 'text/csv' },
    shows: true,
  })
  for (const { id, token: text } of imported.body.items) canaries.noteToken(`imported token of ${id}`, text)
  const short = await operator.ask(admin, 'POST', 'devices/b/tokens', { body: { expires_in_s: 3_600 }, shows: true })
  canaries.noteToken('token with an end', short.body.token)
  await operator.ask(admin, 'DELETE', `devices/b/tokens/${short.body.id}`)
  await connectDevice(operator, short.body.token)
  await misplaceToken(operator, admin, token)
  return rotateToken(operator, canaries, admin, token)
}

/** In a query, a path, a body and frames that are malformed. */
async function misplaceToken(operator: Operator, admin: string, token: string): Promise<void> {
  await connectDevice(operator, token, `/device/v1?token=${token}`)
  await operator.ask(admin, 'GET', `/device/v1?token=${token}`)
  await operator.ask(admin, 'DELETE', `devices/a/tokens/${token}`)
  await operator.ask(admin, 'DELETE', `devices/${token}`)
  await operator.ask(admin, 'DELETE', `devices/${token.slice(0, 60)}`)
  await operator.ask(admin, 'POST', 'devices/a/commands', { body: { name: token } })
  await operator.ask(admin, 'POST', 'devices/a/commands', { text: `{"name":"x","params":{"t":"${token}"` })
  const device = await welcomedDevice(operator, token)
  const malformed = [
    token,
    `{"type":"telemetry","token":"${token}"`,
    { type: token },
    { type: 'telemetry', seq: token },
  ]
  for (const message of [...malformed, Buffer.from(`\u0007${token}`)]) device.say(message)
  device.say({ type: 'telemetry', seq: 1, points: [{ age_ms: 0, values: { n: 1 } }] })
  await device.until('ack')
  device.socket.close()
}

async function rotateToken(operator: Operator, canaries: Canaries, admin: string, token: string): Promise<string> {
  const device = await welcomedDevice(operator, token)
  await operator.ask(admin, 'POST', 'devices/a/tokens/rotate', { body: { overlap_s: 0 } })
  const offered = (await device.until('token')) as { token_id: string; token: string }
  canaries.noteToken('rotated token', offered.token)
  device.say({ type: 'token_stored', token_id: offered.token_id, sha256: sha256(offered.token) })
  const old = async () => (await operator.ask(admin, 'GET', 'devices/a/tokens')).body.items as { state: string }[]
  await expect.poll(async () => (await old()).map(({ state }) => state).sort()).toEqual(['live', 'revoked'])
  device.socket.close()
  await connectDevice(operator, token)
  return offered.token
}
