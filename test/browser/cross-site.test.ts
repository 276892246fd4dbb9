import { readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { adminPage, describeWithBrowser, urlOf } from '../helpers/browser.ts'
import { startTestGateway, type TestGateway } from '../helpers/start-gateway.ts'

/**
 * A page on the same host at another port, by https: for the browser it is the same site, as a subdomain would be, so
 * that even a Strict cookie goes along.
 */
async function neighbour(gateway: TestGateway): Promise<string> {
  const [cert, key] = await Promise.all(
    ['server.pem', 'server-key.pem'].map((name) => readFile(join(gateway.dataDir, 'tls', name))),
  )
  const server = createServer({ cert, key }, (_request, response) => {
    response.setHeader('Content-Type', 'text/html')
    response.end('<!doctype html><title>attack</title><body></body>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

/** What a script tries with the login of the browser; each says how far it got. */
const ATTEMPTS = `
  const attempt = (path, init) =>
    fetch(gateway + path, { credentials: 'include', ...init }).then((r) => 'read ' + r.status, () => 'blocked')
  const json = { 'Content-Type': 'application/json' }
  const socket = () => new Promise((done) => {
    const ws = new WebSocket(gateway.replace('https', 'wss') + '/live/v1')
    ws.onopen = () => done('open')
    ws.onerror = () => done('blocked')
  })
  const all = async () => ({
    read: await attempt('/api/v1/devices'),
    who: await attempt('/api/v1/session'),
    plain: await attempt('/api/v1/devices', { method: 'POST', mode: 'no-cors', body: '{"id":"planted"}' }).then(() => 'sent'),
    preflight: await attempt('/api/v1/devices', { method: 'POST', headers: json, body: '{"id":"planted"}' }),
    remove: await attempt('/api/v1/devices/greenhouse-1', { method: 'DELETE' }),
    password: await attempt('/api/v1/session/password', { method: 'PUT', headers: json, body: '{}' }),
    socket: await socket(),
  })`
const ALL_BLOCKED = {
  ...{ read: 'blocked', who: 'blocked', plain: 'sent', preflight: 'blocked' },
  ...{ remove: 'blocked', password: 'blocked', socket: 'blocked' },
}

async function expectNothingChanged(gateway: TestGateway): Promise<void> {
  const { body } = await gateway.api('GET', 'devices')
  expect(body.items.map(({ id }: { id: string }) => id)).toEqual(['greenhouse-1'])
}

/** An admin is logged in in one tab; the attacker's page is open in another. */
async function openAttack(): Promise<{ gateway: TestGateway; page: Page; evil: Page }> {
  const gateway = await startTestGateway()
  await gateway.enrol('greenhouse-1')
  const page = await adminPage(gateway)
  const evil = await page.context().newPage()
  await evil.goto(await neighbour(gateway))
  return { gateway, page, evil }
}

describeWithBrowser('a page of the same site but another origin', () => {
  test('can neither read nor change nor watch, though the browser sends it the cookie', async () => {
    const { gateway, evil } = await openAttack()
    const outcome = await evil.evaluate(
      `(async () => { const gateway = ${JSON.stringify(urlOf(gateway))}; ${ATTEMPTS}; return all() })()`,
    )
    expect(outcome).toEqual(ALL_BLOCKED)
    await expectNothingChanged(gateway)
    const { body } = await gateway.api('GET', 'audit?outcome=refused')
    expect(body.items).toEqual([]) // refused before anybody was let in
  })

  test('nor can a sandboxed frame in it, whose origin is null', async () => {
    const { gateway, evil } = await openAttack()
    const script = `const gateway = ${JSON.stringify(urlOf(gateway))}; ${ATTEMPTS}; all().then((o) => parent.postMessage(o, '*'))`
    const outcome = await evil.evaluate(`new Promise((done) => {
      addEventListener('message', (event) => done(event.data))
      const frame = document.createElement('iframe')
      frame.sandbox = 'allow-scripts'
      frame.srcdoc = ${JSON.stringify(`<script>${script}</script>`)}
      document.body.append(frame)
    })`)
    expect(outcome).toEqual(ALL_BLOCKED)
    await expectNothingChanged(gateway)
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])(
    'nor can a form of %s that takes the whole tab there',
    async (type) => {
      const { gateway, evil } = await openAttack()
      const answer = evil.waitForResponse((response) => response.request().method() === 'POST')
      await evil.evaluate(`(() => {
        const form = document.createElement('form')
        Object.assign(form, { method: 'POST', enctype: ${JSON.stringify(type)}, action: ${JSON.stringify(`${urlOf(gateway)}/api/v1/devices`)} })
        const field = document.createElement('input')
        Object.assign(field, { name: '{"id":"planted","notes":"', value: '"}' })
        form.append(field)
        document.body.append(form)
        form.submit()
      })()`)
      expect((await answer).status(), '401 would be without the cookie').toBe(403)
      await expectNothingChanged(gateway)
    },
  )

  test('cannot show it in a frame, nor reach the window that it opened', async () => {
    const { gateway, evil } = await openAttack()
    const target = JSON.stringify(urlOf(gateway))
    const popup = evil.context().waitForEvent('page')
    await evil.evaluate(`window.opened = window.open(${target})`)
    const opened = await popup
    await opened.getByText('Live', { exact: true }).waitFor()
    expect(await opened.evaluate('window.opener')).toBeNull()
    expect(await evil.evaluate('window.opened.closed || window.opened.length')).toBeTruthy()
    const framed = await evil.evaluate(`new Promise((done) => {
      const frame = document.createElement('iframe')
      frame.src = ${target}
      frame.onload = () => { try { done(frame.contentWindow.location.href) } catch { done('closed') } }
      document.body.append(frame)
    })`)
    expect(framed).toBe('closed')
    for (const frame of evil.frames().slice(1)) expect(await frame.locator('header.bar').count()).toBe(0)
  })
})
