import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { SqliteRegistry } from '../../gateway/adapters/sqlite/registry.ts'
import { CommandFailed } from '../../simulator/command-runner.ts'
import { adminPage, describeWithBrowser, pageAs, urlOf } from '../helpers/browser.ts'
import { connectBusClient } from '../helpers/bus-client.ts'
import { startTestGateway, type TestGateway, temporaryDirectory } from '../helpers/start-gateway.ts'
import { steadyPort } from '../helpers/steady-port.ts'

const MANY = 2_500
/** Fewer than fit into half of the screen, and room. */
const ROWS_MAX = 60

async function tag(gateway: TestGateway, ...ids: string[]): Promise<void> {
  for (const id of ids) await gateway.api('PATCH', `devices/${id}`, { tags: ['north'] })
}

async function go(page: Page, gateway: TestGateway, path: string): Promise<void> {
  await page.goto(`${urlOf(gateway)}/#/${path}`)
}

async function batches(gateway: TestGateway) {
  return (await gateway.api('GET', 'command-batches')).body.items as { id: string; name: string }[]
}

/** One that does it, one that refuses, one that takes its time, and one that is away. */
async function openFleet(gateway: TestGateway) {
  const done = Promise.withResolvers<object>()
  const refuses = () => {
    throw new CommandFailed('stuck', 'the vent is stuck')
  }
  const capabilities = ['commands', 'vent'] // the first is no command's name
  await gateway.readyDevice('does-it', { capabilities, commands: { vent: () => ({ open: true }) } })
  await gateway.readyDevice('refuses', { capabilities, commands: { vent: refuses } })
  await gateway.readyDevice('takes-time', { commands: { vent: () => done.promise } })
  const away = await gateway.enrol('away')
  await tag(gateway, 'does-it', 'refuses', 'takes-time', 'away')
  return { finish: () => done.resolve({ open: true }), awayToken: away.token }
}

const rowOf = (page: Page, device: string) => page.getByRole('row', { name: device })

async function writeVent(page: Page): Promise<void> {
  await page.getByLabel('Name').fill('vent')
  await page.getByLabel('Parameters').fill('{"open": true}')
}

describeWithBrowser('commands to many devices on the dashboard', () => {
  test('an operator sends one to a tag, sees each device get on, cancels, and sends again to the rest', async () => {
    const gateway = await startTestGateway()
    const { finish, awayToken } = await openFleet(gateway)
    const page = await pageAs('operator', gateway)
    await page.getByRole('link', { name: 'Commands' }).click()
    await page.getByText('No fleet command yet').waitFor()
    await page.getByRole('link', { name: 'New fleet command' }).click()
    await page.getByLabel('To all devices with the tag').fill('nort')
    await page.getByText('No device has the tag “nort”.').waitFor()
    await page.getByLabel('To all devices with the tag').fill('north')
    await page.getByText('Reaches 4 devices, 3 online.').waitFor()
    const named = (name: string) => page.locator(`datalist option[value="${name}"]`).count()
    await expect.poll(() => named('vent')).toBe(1)
    expect(await named('commands')).toBe(0)
    await writeVent(page)
    await page.getByText('2 of them name vent among what they can do').waitFor()
    await page.getByLabel('Parameters').fill('{"open": tru')
    await page.getByText('The parameters are not JSON.').waitFor()
    await page.getByRole('button', { name: 'Review and send' }).click()
    await writeVent(page)
    expect(await page.getByRole('dialog').count()).toBe(0)
    await page.getByRole('button', { name: 'Review and send' }).click()
    const review = page.getByRole('dialog', { name: 'Send vent to 4 devices?' })
    await review.getByText('1 of them is not online').waitFor()
    await review.getByRole('button', { name: 'Send to 4 devices' }).dblclick()

    await page.getByRole('heading', { name: 'vent' }).waitFor()
    await rowOf(page, 'does-it').getByText('succeeded').waitFor()
    await rowOf(page, 'does-it').getByText('{"open":true}').waitFor()
    await rowOf(page, 'refuses').getByText('the vent is stuck (stuck)').waitFor()
    await rowOf(page, 'takes-time').getByText('accepted').waitFor()
    await rowOf(page, 'away').getByText('waits until the device comes').waitFor()
    const progress = page.getByRole('progressbar', { name: 'Devices that have ended' })
    await expect.poll(() => progress.getAttribute('aria-valuetext')).toBe('2 of 4 ended')
    expect(await batches(gateway)).toHaveLength(1)
    finish()
    await rowOf(page, 'takes-time').getByText('succeeded').waitFor()
    await expect.poll(() => progress.getAttribute('aria-valuetext')).toBe('3 of 4 ended')
    await page.getByRole('radio', { name: 'queued 1' }).check({ force: true })
    await rowOf(page, 'does-it').waitFor({ state: 'detached' })
    await rowOf(page, 'away').waitFor()

    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'Yes, cancel' }).click()
    await page.getByText('No device is queued now.').waitFor()
    await page.getByRole('radio', { name: 'all 4' }).check({ force: true })
    await rowOf(page, 'away').getByText('cancelled').waitFor()

    await page.getByRole('button', { name: 'Send again to the 2 that did not succeed' }).click()
    await page.getByText('Reaches 2 devices, 1 online.').waitFor()
    expect(await page.locator('.ids').textContent()).toMatch(/^(awayrefuses|refusesaway)$/)
    expect(await page.getByLabel('Parameters').inputValue()).toBe('{"open":true}')
    await page.getByRole('button', { name: 'Review and send' }).click()
    await page.getByRole('button', { name: 'Send to 2 devices' }).click()
    await rowOf(page, 'away').getByText('queued').waitFor()
    gateway.device(awayToken, { commands: { vent: () => ({ open: 'late' }) } }).start()
    await rowOf(page, 'away').getByText('{"open":"late"}').waitFor()
    await rowOf(page, 'refuses').getByText('failed').waitFor()
    await page.getByRole('link', { name: 'Commands' }).last().click()
    await expect.poll(() => page.locator('.batch').count()).toBe(2)
    await page.locator('.batch').first().getByText('1 without success').waitFor()
  })

  test('when the answer is lost the second try does not send twice', async () => {
    const gateway = await startTestGateway()
    await openFleet(gateway)
    const page = await pageAs('operator', gateway)
    await go(page, gateway, 'commands/new')
    await page.getByLabel('To all devices with the tag').fill('north')
    await writeVent(page)
    await page.route('**/api/v1/commands', async (route) => {
      await route.fetch()
      await route.abort()
    })
    await page.getByRole('button', { name: 'Review and send' }).click()
    await page.getByRole('button', { name: 'Send to 4 devices' }).click()
    await page.getByText('The gateway cannot be reached.').waitFor()
    await page.unroute('**/api/v1/commands')
    await page.getByRole('button', { name: 'Back' }).click()
    await page.getByRole('button', { name: 'Review and send' }).click()
    await page.getByRole('button', { name: 'Send to 4 devices' }).click()
    await rowOf(page, 'does-it').getByText('succeeded').waitFor()
    expect(await batches(gateway)).toHaveLength(1)
  })

  test('a gateway that restarts while the page is open goes on with it, and so does the page', async () => {
    const dataDir = await temporaryDirectory()
    const env = { FAIRLEAD_PORT: String(await steadyPort()) }
    const first = await startTestGateway({ dataDir, env })
    const { token } = await first.enrol('away')
    await tag(first, 'away')
    const page = await adminPage(first)
    const { body } = await first.api('POST', 'commands', { tag: 'north', name: 'vent' })
    await go(page, first, `commands/${body.id}`)
    await rowOf(page, 'away').getByText('queued').waitFor()
    await first.gateway.stop()
    await page.getByText(/^Reconnecting/).waitFor()
    const again = await startTestGateway({ dataDir, env })
    const device = again.device(token, { commands: { vent: () => ({ open: true }) } })
    device.start()
    await device.ready
    await page.getByText('Live', { exact: true }).waitFor()
    await rowOf(page, 'away').getByText('succeeded').waitFor()
    const progress = page.getByRole('progressbar', { name: 'Devices that have ended' })
    await expect.poll(() => progress.getAttribute('aria-valuetext')).toBe('1 of 1 ended')
    await go(page, again, 'commands')
    await page.locator('.batch', { hasText: 'by environment' }).getByText('1 succeeded').waitFor()
  })

  test('a viewer reads and cannot send or cancel', async () => {
    const gateway = await startTestGateway()
    await openFleet(gateway)
    await gateway.api('POST', 'commands', { tag: 'north', name: 'vent' })
    const page = await pageAs('viewer', gateway)
    await page.getByLabel('Search devices').fill('away')
    await page.getByText('1 of 4').waitFor()
    expect(await page.getByRole('button', { name: 'Send command…' }).count()).toBe(0)
    await page.getByRole('link', { name: 'Commands' }).click()
    await page.locator('.batch', { hasText: '4 devices with the tag north' }).waitFor()
    expect(await page.getByRole('link', { name: 'New fleet command' }).count()).toBe(0)
    await page.locator('.batch').getByRole('link').click()
    await rowOf(page, 'refuses').getByText('the vent is stuck').waitFor()
    expect(await page.getByRole('button').allTextContents()).not.toContain('Cancel')
    expect(await page.getByRole('button', { name: /^Send again/ }).count()).toBe(0)
    await go(page, gateway, 'commands/new')
    await page.getByText('Only operators send commands').waitFor()
    await go(page, gateway, 'commands/latest')
    await page.locator('.command', { hasText: 'takes-time' }).waitFor()
    expect(await page.getByRole('button', { name: 'Cancel' }).count()).toBe(0)
  })
})

/** As a gateway of yesterday left them. */
async function largeFleet(): Promise<string> {
  const dataDir = await temporaryDirectory()
  const registry = new SqliteRegistry({ file: join(dataDir, 'fairlead.db') })
  await registry.start()
  const createdAtMs = Date.now()
  const ids = Array.from({ length: MANY }, (_, at) => `device-${String(at).padStart(4, '0')}`)
  await registry.createDevices(
    ids.map((id) => ({
      device: { id, tags: ['all'], createdAtMs },
      token: { id: 'first', device: id, createdAtMs },
    })),
  )
  await registry.stop()
  return dataDir
}

describeWithBrowser('a large fleet', () => {
  test('what is found is sent to; more than a list may have is told so, and reached by a tag', async () => {
    const gateway = await startTestGateway({ dataDir: await largeFleet() })
    const page = await pageAs('operator', gateway)
    await page.getByText('2,500 devices').waitFor()
    expect(await page.getByRole('button', { name: 'Send command…' }).count()).toBe(0)
    await page.getByLabel('Search devices').fill('device-0')
    await page.getByRole('button', { name: 'Send command…' }).click()
    await page.getByText('Reaches 1,000 devices, 0 online.').waitFor()
    await page.getByText('and 992 more').waitFor()
    await page.getByRole('link', { name: 'Fleet', exact: true }).click()
    await page.getByLabel('Search devices').fill('1')
    await page.getByRole('button', { name: 'Send command…' }).click()
    await page.getByText(/A list may have 1,000: find fewer, or give them a tag/).waitFor()
    await writeVent(page)
    await page.getByRole('button', { name: 'Review and send' }).click()
    expect(await page.getByRole('dialog').count()).toBe(0)
    await page.getByRole('radio', { name: 'All with a tag' }).check({ force: true })
    await page.getByLabel('To all devices with the tag').fill('all')
    await page.getByText('Reaches 2,500 devices, 0 online.').waitFor()
    await page.getByRole('button', { name: 'Review and send' }).click()
    await page.getByRole('button', { name: 'Send to 2,500 devices' }).click()
    await rowOf(page, 'device-0003').getByText('queued').waitFor()
    await page.getByText('2,500 waiting').waitFor()
    await page.getByRole('radio', { name: 'queued 2,500' }).waitFor({ state: 'attached' })
    const toTheEnd = "document.querySelector('.rows').scrollTop = 1e6"
    await expect
      .poll(() => page.evaluate(toTheEnd).then(() => rowOf(page, 'device-2499').count()), { timeout: 30_000 })
      .toBe(1)
    expect(await page.getByRole('row').count()).toBeLessThan(ROWS_MAX)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'Yes, cancel' }).click()
    await page.getByText('2,500 cancelled').waitFor({ timeout: 60_000 })
    await page.getByRole('button', { name: 'Send again to the 2,500 that did not succeed' }).click()
    await page.getByText('These are 2,500 devices. A list may have 1,000').waitFor()
  })
})

describeWithBrowser('the other commands', () => {
  test('one to many devices is cancelled in the list as well', async () => {
    const gateway = await startTestGateway()
    await gateway.enrol('away')
    await gateway.api('POST', 'commands', { devices: ['away'], name: 'ping' })
    const page = await pageAs('operator', gateway)
    await page.getByRole('link', { name: 'Commands' }).click()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'Yes, cancel' }).click()
    await page.locator('.batch .chip', { hasText: 'cancelled' }).waitFor()
  })

  test('all commands are shown as they change, only those that are open if one likes, and cancelled there', async () => {
    const gateway = await startTestGateway()
    await gateway.readyDevice('here', { commands: { ping: () => ({ pong: true }) } })
    await gateway.enrol('away')
    const page = await pageAs('operator', gateway)
    await go(page, gateway, 'commands/latest')
    await page.getByText('No command yet').waitFor()
    for (const id of ['here', 'away']) await gateway.api('POST', `devices/${id}/commands`, { name: 'ping' })
    const of = (device: string) => page.locator('.command', { hasText: device })
    await of('here').getByText('succeeded').waitFor()
    await of('away').getByText('queued').waitFor()
    await page.getByLabel('Show').selectOption('open')
    await of('here').waitFor({ state: 'detached' })
    await gateway.api('POST', 'devices/away/commands', { name: 'second' })
    await page.locator('.command', { hasText: 'second' }).getByRole('button', { name: 'Cancel' }).click()
    await page.locator('.command', { hasText: 'second' }).waitFor({ state: 'detached' })
    expect(await of('away').count()).toBe(1)
    await of('away').getByRole('link').click()
    await page.getByRole('heading', { name: 'away' }).waitFor()
  })

  test('dead letters say in words why, and what to do', async () => {
    const gateway = await startTestGateway()
    const page = await adminPage(gateway)
    await go(page, gateway, 'commands/dead-letters')
    await page.getByText('No dead letters').waitFor()
    const bus = await connectBusClient(gateway.mqttUrl)
    onTestFinished(() => bus.close())
    await bus.publish('fairlead/devices/nobody/command/request/c1', '{"name":"vent"}')
    await bus.publish('fairlead/devices/nobody/command/request/c2', 'water <b>now</b>')
    const letter = page.locator('.letter', { hasText: 'There is no such device.' })
    await letter.getByText('Add the device, or correct the id').waitFor()
    await page.locator('.letter').filter({ hasText: 'What was sent is no command.' }).locator('summary').click()
    await page.getByText('water <b>now</b>').waitFor()
  })
})
