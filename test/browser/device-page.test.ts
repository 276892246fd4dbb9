import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { SqliteRegistry } from '../../gateway/adapters/sqlite/registry.ts'
import { adminPage, changeRole, describeWithBrowser, urlOf } from '../helpers/browser.ts'
import { startTestGateway, type TestGateway, temporaryDirectory } from '../helpers/start-gateway.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

interface Was {
  readonly agoMs: number
  readonly forMs: number
  readonly reason: string
}

/** A gateway whose greenhouse-1 was connected like this before, as one of yesterday wrote it down. */
async function gatewayWithPast(past: readonly Was[]): Promise<TestGateway> {
  const dataDir = await temporaryDirectory()
  const registry = new SqliteRegistry({ file: join(dataDir, 'fairlead.db') })
  await registry.start()
  const nowMs = Date.now()
  const createdAtMs = nowMs - 48 * HOUR_MS
  await registry.createDevice(
    { id: 'greenhouse-1', tags: [], createdAtMs },
    { id: 'first', device: 'greenhouse-1', createdAtMs },
  )
  const rows = past.map(({ agoMs, forMs, reason }, at) => ({
    ...{ device: 'greenhouse-1', session: at + 1, address: '192.0.2.17', messages: 10, reason },
    connectedAtMs: nowMs - agoMs,
    endedAtMs: nowMs - agoMs + forMs,
  }))
  await registry.saveConnections(rows)
  await registry.stop()
  return startTestGateway({ dataDir })
}

async function openDevice(page: Page, gateway: TestGateway): Promise<void> {
  await page.goto(`${urlOf(gateway)}/#/devices/greenhouse-1`)
  await page.getByRole('heading', { name: 'greenhouse-1' }).waitFor()
}

describeWithBrowser('the page of a device', () => {
  test('shows when it was here, asleep and away, by pointer and by keyboard, and follows what happens', async () => {
    const gateway = await gatewayWithPast([
      { agoMs: 30 * HOUR_MS, forMs: 2 * HOUR_MS, reason: 'connection_lost' },
      { agoMs: 12 * HOUR_MS, forMs: 6 * HOUR_MS, reason: 'heartbeat_timeout' },
      { agoMs: 4 * HOUR_MS, forMs: 2 * HOUR_MS, reason: 'sleep' },
      { agoMs: HOUR_MS / 2, forMs: 15 * MINUTE_MS, reason: 'heartbeat_timeout' },
    ])
    const page = await adminPage(gateway)
    await openDevice(page, gateway)
    const strip = page.getByRole('group', { name: /^Presence over time/ })
    const states = () =>
      strip
        .getByRole('button')
        .evaluateAll((parts: { dataset: { state?: string } }[]) => parts.map((part) => part.dataset.state))
    await expect.poll(states).toEqual(['offline', 'online', 'offline', 'online', 'sleeping', 'online', 'offline'])
    await page.getByText('2 × stopped answering').waitFor()
    await page.getByText('% online').waitFor()
    await strip.getByRole('button', { name: /^Asleep/ }).hover()
    const said = page.locator('.stretch')
    await said.getByText(/^Asleep\. .*1 h 30 min\.$/).waitFor()
    await strip.getByRole('button', { name: /^Asleep/ }).press('ArrowLeft')
    await said.getByText(/^Online\. .*, 2 h, then went to sleep\. From 192\.0\.2\.17, session 3\.$/).waitFor()
    await page.keyboard.press('Home')
    await said.getByText(/^Away: lost its network\./).waitFor()

    await page.getByText('1 h', { exact: true }).first().click()
    await expect.poll(states).toEqual(['sleeping', 'online', 'offline'])
    await page.getByText('7 d', { exact: true }).click()
    await strip.getByRole('button', { name: /^Not added yet/ }).waitFor()
    await page.getByText(/^Added /).waitFor()

    const { body } = await gateway.api('POST', 'devices/greenhouse-1/tokens')
    const device = gateway.device(body.token)
    device.start()
    await device.ready
    await strip.getByRole('button', { name: /^Online\. .*– now/ }).waitFor()
    await device.stop()
    await expect.poll(async () => (await states()).at(-1)).toBe('offline')
  })

  test('lists the latest connections, and more of them when asked', async () => {
    const past = Array.from({ length: 55 }, (_, at) => ({
      ...{ agoMs: (60 - at) * MINUTE_MS, forMs: 30_000, reason: 'connection_lost' },
    }))
    const gateway = await gatewayWithPast(past)
    const page = await adminPage(gateway)
    await openDevice(page, gateway)
    const rows = page.locator('.connections li')
    await expect.poll(() => rows.count()).toBe(10)
    for (const shown of [20, 30, 40, 50]) {
      await page.getByRole('button', { name: 'Load more' }).click()
      await expect.poll(() => rows.count()).toBe(shown)
    }
    await page.getByText(/^Known since .*the gateway keeps the latest 50 connections/).waitFor()
    expect(await page.getByRole('button', { name: 'Load more' }).count()).toBe(0)
  })

  test('labels are changed by an admin; what somebody else wrote meanwhile is shown, and the person decides', async () => {
    const gateway = await startTestGateway()
    await gateway.enrol('greenhouse-1')
    const page = await adminPage(gateway)
    await openDevice(page, gateway)
    await page.getByRole('button', { name: 'Edit' }).click()
    const form = page.getByRole('dialog')
    await form.getByLabel('Notes').fill('Behind the second door.')
    await form.getByLabel('Tags').fill('north, glass house')
    await form.getByRole('button', { name: 'Save' }).click()
    await page.locator('.notes', { hasText: 'Behind the second door.' }).waitFor()
    await page.locator('.facts .tag', { hasText: 'glass house' }).waitFor()

    await page.getByRole('button', { name: 'Edit' }).click()
    await form.getByLabel('Notes').fill('Behind the third door.')
    await form.getByLabel('Tags').fill('north, south')
    await gateway.api('PATCH', 'devices/greenhouse-1', { notes: 'It moved to the barn.', tags: ['barn'], model: 'c3' })
    await form.getByRole('button', { name: 'Save' }).click()
    await form.getByText(/^Somebody else changed this device meanwhile/).waitFor()
    await form.getByText('Theirs: It moved to the barn.').waitFor()
    expect(await form.getByLabel('Model').inputValue()).toBe('c3')
    await form.locator('.theirs', { hasText: 'It moved' }).getByRole('button', { name: 'Take theirs' }).click()
    await form.getByRole('button', { name: 'Save mine over theirs' }).click()
    await form.waitFor({ state: 'detached' })
    const { body } = await gateway.api('GET', 'devices/greenhouse-1')
    expect(body).toMatchObject({ notes: 'It moved to the barn.', tags: ['north', 'south'], model: 'c3' })
  })

  test('of many keys the first plots are shown, the others when asked for; a text among numbers leaves a gap', async () => {
    const gateway = await startTestGateway()
    const { device } = await gateway.readyDevice('greenhouse-1')
    const probes = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`probe_${at}`, at * 100_000]))
    for (const level of [3, 'broken', 4]) await device.telemetry({ ...probes, level, door: 'open' }).settled
    const page = await adminPage(gateway)
    await openDevice(page, gateway)
    const plots = page.locator('.plot')
    await page.getByRole('button', { name: 'Show all 41 plots' }).waitFor()
    const names = ['level', ...Array.from({ length: 11 }, (_, at) => `probe_${at}`)]
    await expect.poll(() => plots.locator('.name').allTextContents()).toEqual(names)
    await page.getByRole('img', { name: 'level over the last 5 minutes: 2 values from 3 to 4' }).waitFor()
    await page.getByRole('button', { name: 'Show all 41 plots' }).click()
    await expect.poll(() => plots.count()).toBe(41)
    await page.getByLabel('Part of a key').fill('E_39')
    await expect.poll(() => plots.locator('.name').allTextContents()).toEqual(['probe_39'])
    await page.getByLabel('Part of a key').fill('door')
    await page.getByText('No number is sent under such a key.').waitFor()
    await page.getByText('open', { exact: true }).first().waitFor()
  })

  test('a new token comes with the lines for the console, with the WiFi when it is given', async () => {
    const gateway = await startTestGateway()
    await gateway.enrol('greenhouse-1')
    const page = await adminPage(gateway)
    await openDevice(page, gateway)
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.postData() ?? request.url()))
    await page.getByRole('button', { name: 'Issue another' }).click()
    const lines = page.locator('.provisioning pre')
    await expect.poll(() => lines.textContent()).toMatch(/^gateway 127\.0\.0\.1 \d+\ntoken \S+\n$/)
    await page.getByLabel('WiFi network').fill('my "net"')
    await page.getByLabel('Its password').fill('back\\slash 1')
    await expect.poll(() => lines.textContent()).toMatch(/^wifi "my \\"net\\"" "back\\\\slash 1"\ngateway /)
    await page.getByRole('img', { name: 'QR code' }).waitFor()
    expect(asked.some((text) => text.includes('slash'))).toBe(false)
  })

  test('where the browser lets nobody copy, the button says so; text that changed is not called copied', async () => {
    const gateway = await startTestGateway()
    await gateway.enrol('pump-1')
    const page = await adminPage(gateway, { permissions: ['clipboard-write'] })
    await page.getByRole('row', { name: 'pump-1' }).getByRole('link').click()
    await page.getByRole('button', { name: 'Issue another' }).click()
    await page.getByRole('button', { name: 'Copy the lines' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    await page.getByLabel('WiFi network').fill('shed')
    await page.getByRole('button', { name: 'Copy the lines' }).waitFor()
    await page.evaluate(`Object.defineProperty(navigator, 'clipboard', { value: undefined })`) // as over plain HTTP
    await page.getByRole('button', { name: 'Copy the lines' }).click()
    await page.getByRole('button', { name: 'Select it to copy it' }).waitFor()
  })

  test('what is asked of a token is done, also while the page looks how a rotation gets on', async () => {
    const gateway = await startTestGateway()
    await gateway.enrol('pump-1')
    const page = await adminPage(gateway)
    await page.getByRole('row', { name: 'pump-1' }).getByRole('link').click()
    const tokens = page.locator('.tokens')
    await page.getByRole('button', { name: 'Rotate' }).click()
    await tokens.getByText('waits for the device').waitFor()
    const looks: unknown[] = []
    await page.route(/\/tokens$/, (route) => (looks.push(route) > 1 ? route.continue() : undefined)) // the first hangs
    await expect.poll(() => looks.length, { timeout: 10_000 }).toBeGreaterThan(0)
    await tokens.getByRole('button', { name: 'Revoke' }).first().click()
    await page.getByRole('button', { name: 'Yes, revoke' }).click()
    await tokens.getByText('revoked').first().waitFor()
  })

  test('settings that a device takes when it is back are shown as taken, and as reported', async () => {
    const gateway = await startTestGateway()
    const { token } = await gateway.enrol('greenhouse-1')
    const page = await adminPage(gateway)
    await openDevice(page, gateway)
    await page.getByRole('heading', { name: 'Settings' }).click()
    await page.getByLabel('Key').fill('interval_s')
    await page.getByLabel('Value').fill('30')
    await page.getByRole('button', { name: 'Set', exact: true }).click()
    const settings = page.locator('.settings')
    await settings.getByText('not taken yet').waitFor()
    gateway.device(token).start()
    await settings.getByText('taken', { exact: true }).waitFor()
    expect(await settings.locator('pre').last().textContent()).toContain('30')
  })

  test('a viewer reads the notes and changes nothing', async () => {
    const gateway = await startTestGateway()
    await gateway.enrol('greenhouse-1')
    await gateway.api('PATCH', 'devices/greenhouse-1', { notes: 'Behind the second door.' })
    const page = await adminPage(gateway)
    await openDevice(page, gateway)
    await page.getByRole('button', { name: 'Edit' }).waitFor()
    await changeRole(gateway, 'viewer')
    await page.getByRole('button', { name: 'Edit' }).waitFor({ state: 'detached' })
    await page.getByText('Behind the second door.').waitFor()
    expect(await page.getByRole('button', { name: /Disable|Delete|Rotate|Send/ }).count()).toBe(0)
  })
})
