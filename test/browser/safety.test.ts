import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import axe, { type AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { adminPage, BROWSER_TEST_MS, describeWithBrowser, freshLink, newPage, urlOf } from '../helpers/browser.ts'
import { takeTurns } from '../helpers/hand-device.ts'
import { startTestGateway } from '../helpers/start-gateway.ts'

/** What axe finds wrong with the page as it is now. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source) // from the debugger, which the page's policy does not concern
  const results = (await page.evaluate('axe.run(document)')) as AxeResults
  expect(results.passes.length).toBeGreaterThan(10) // it looked
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
}

describeWithBrowser('the dashboard is accessible', () => {
  test('axe finds nothing on any page, light and dark, wide and narrow', { timeout: 4 * BROWSER_TEST_MS }, async () => {
    const gateway = await startTestGateway()
    const { device } = await gateway.readyDevice('greenhouse-1', { commands: { ping: () => ({ pong: true }) } })
    await device.telemetry({ temperature: 21.5, vent_open: true }).settled
    await device.event('door', { open: true }).settled
    device.log('error', 'too hot')
    await gateway.api('PATCH', 'devices/greenhouse-1', { notes: 'Behind the second door.' })
    const { body: batch } = await gateway.api('POST', 'commands', { devices: ['greenhouse-1', 'nobody'], name: 'ping' })
    await takeTurns(gateway, (await gateway.enrol('twin')).token)
    const link = await freshLink(gateway)
    const welcome = await newPage()
    await welcome.goto(link)
    await welcome.getByLabel('Your name').waitFor()
    expect(await findings(welcome)).toEqual([])
    await welcome.goto(`${urlOf(gateway)}/#/`)
    await welcome.reload()
    await welcome.getByRole('button', { name: 'Log in' }).waitFor()
    expect(await findings(welcome)).toEqual([])

    const page = await adminPage(gateway)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 800 })
        await page.goto(`${urlOf(gateway)}/#/`)
        await page.getByRole('row', { name: 'greenhouse-1' }).waitFor()
        expect(await findings(page), `fleet, ${colorScheme}, ${width}`).toEqual([])
        await page.getByRole('row', { name: 'greenhouse-1' }).getByRole('link').click()
        await page.getByRole('img', { name: /^temperature over/ }).waitFor()
        expect(await findings(page), `device, ${colorScheme}, ${width}`).toEqual([])
        await page.goto(`${urlOf(gateway)}/#/events`)
        await page.getByText('too hot').waitFor()
        expect(await findings(page), `events, ${colorScheme}, ${width}`).toEqual([])
        await page.goto(`${urlOf(gateway)}/#/system`)
        await page.getByText('is quarantined').waitFor()
        await page.getByRole('img', { name: /^memory, MiB over/ }).waitFor()
        await page.getByText('Limits in force').click()
        expect(await findings(page), `system, ${colorScheme}, ${width}`).toEqual([])
        await page.goto(`${urlOf(gateway)}/#/access`)
        await page.getByText('environment').waitFor()
        await page.getByLabel('Only some areas').check()
        expect(await findings(page), `access, ${colorScheme}, ${width}`).toEqual([])
        for (const [path, shows] of [
          ['', '2 devices'],
          [`/${batch.id}`, 'There is no such device.'],
          ['/new', 'Review and send'],
          ['/latest', 'one of many'],
          ['/dead-letters', 'No dead letters'],
        ]) {
          await page.goto(`${urlOf(gateway)}/#/commands${path}`)
          await page.getByText(shows ?? '').waitFor()
          expect(await findings(page), `commands${path}, ${colorScheme}, ${width}`).toEqual([])
        }
        await page.goto(`${urlOf(gateway)}/#/audit`)
        await page.locator('.audit-entry').first().waitFor()
        expect(await findings(page), `audit, ${colorScheme}, ${width}`).toEqual([])
      }
    }
    await page.goto(`${urlOf(gateway)}/#/`)
    await page.getByRole('button', { name: 'Add device' }).click()
    expect(await findings(page), 'dialog').toEqual([])
    await page.getByRole('button', { name: 'Close' }).click()
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    await page
      .locator('.drop input')
      .setInputFiles({ name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.from('id\na\n../b\n') })
    await page.getByText('would be added').first().waitFor()
    expect(await findings(page), 'import').toEqual([])
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Your account' }).click()
    expect(await findings(page), 'account').toEqual([])
    await page.goto(`${urlOf(gateway)}/#/events`)
    await page.getByRole('button', { name: 'open: true' }).click()
    expect(await findings(page), 'an event').toEqual([])
    await page.goto(`${urlOf(gateway)}/#/devices/greenhouse-1`)
    await page.getByRole('button', { name: 'Edit' }).click()
    await page.getByRole('textbox', { name: 'Notes' }).waitFor()
    expect(await findings(page), 'labels').toEqual([])
  })

  test('everything is reached by the keyboard alone', async () => {
    const gateway = await startTestGateway()
    await gateway.enrol('greenhouse-1')
    const page = await adminPage(gateway)
    await page.getByRole('row', { name: 'greenhouse-1' }).waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('house-1')
    await page.getByText('1 device', { exact: false }).first().waitFor()
    const focused = () => page.evaluate('document.activeElement.textContent') as Promise<string>
    for (let presses = 0; presses < 20 && (await focused()) !== 'greenhouse-1'; presses++)
      await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'greenhouse-1' }).waitFor()
  })
})

describeWithBrowser('the dashboard is safe', () => {
  test('texts of devices and operators are shown as texts', async () => {
    const gateway = await startTestGateway()
    const hostile = '<img src=x onerror="document.title=1">'
    await gateway.api('POST', 'devices', { id: 'a', model: hostile, tags: [hostile] })
    const page = await adminPage(gateway)
    await page.getByText(hostile).first().waitFor()
    await page.getByRole('row', { name: hostile }).getByRole('link').click()
    await page.getByRole('heading', { name: 'a', exact: true }).waitFor()
    expect(await page.locator('main img').count()).toBe(0)
    expect(await page.title()).toBe('Fairlead')
  })

  test('a page of another site can neither change nor read nor watch anything with the login of the browser', async () => {
    const gateway = await startTestGateway()
    await gateway.enrol('greenhouse-1')
    const page = await adminPage(gateway)
    const attacker = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/html')
      response.end('<!doctype html><title>attack</title>')
    })
    await new Promise<void>((resolve) => attacker.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void attacker.close())
    const evil = await page.context().newPage()
    await evil.goto(`http://127.0.0.1:${(attacker.address() as AddressInfo).port}/`)
    const outcome = await evil.evaluate(`(async () => {
      const gateway = ${JSON.stringify(urlOf(gateway))}
      const attempt = (path, init) => fetch(gateway + path, { credentials: 'include', ...init }).then((r) => r.status, () => 'blocked')
      const form = { method: 'POST', mode: 'no-cors', headers: { 'Content-Type': 'text/plain' }, body: '{"id":"planted"}' }
      const socket = await new Promise((done) => {
        const ws = new WebSocket(gateway.replace('https', 'wss') + '/live/v1')
        ws.onopen = () => done('open')
        ws.onerror = () => done('refused')
      })
      const framed = await new Promise((done) => {
        const frame = document.createElement('iframe')
        frame.src = gateway + '/'
        frame.onload = () => { try { done(frame.contentDocument === null ? 'closed' : 'readable') } catch { done('closed') } }
        document.body.append(frame)
      })
      return {
        read: await attempt('/api/v1/devices'),
        change: await attempt('/api/v1/devices', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"id":"planted"}' }),
        form: await attempt('/api/v1/devices', form),
        remove: await attempt('/api/v1/devices/greenhouse-1', { method: 'DELETE' }),
        socket, framed,
      }
    })()`)
    expect(outcome).toMatchObject({ read: 'blocked', change: 'blocked', remove: 'blocked', socket: 'refused' })
    const { body } = await gateway.api('GET', 'devices')
    expect(body.items.map(({ id }: { id: string }) => id)).toEqual(['greenhouse-1'])
  })

  test('its policy takes no inline script, and no secret stays in a URL, a log or the database', async () => {
    const gateway = await startTestGateway()
    const link = await freshLink(gateway)
    const secret = link.split('/welcome/')[1] ?? ''
    const page = await newPage()
    const requested: string[] = []
    page.on('request', (request) => requested.push(request.url()))
    const answer = await page.goto(link)
    const policy = answer?.headers()['content-security-policy'] ?? ''
    expect(policy).toContain("script-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    expect(answer?.headers()['strict-transport-security']).toMatch(/max-age=31536000/)
    await page.getByLabel('Your name').waitFor()
    expect(requested.length).toBeGreaterThan(2)
    expect(requested.filter((url) => url.includes(secret))).toEqual([])
    expect(gateway.logLines.join('\n')).not.toContain(secret)
    for (const file of ['fairlead.db', 'fairlead.db-wal']) {
      expect((await readFile(join(gateway.dataDir, file))).includes(secret)).toBe(false)
    }
  })
})
