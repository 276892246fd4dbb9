import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import type { SimulatedDevice } from '../../simulator/device.ts'
import { seededRandom } from '../../simulator/seeded-random.ts'
import { adminPage, describeWithBrowser, urlOf } from '../helpers/browser.ts'
import { startTestGateway, type TestGateway } from '../helpers/start-gateway.ts'

/** `SCREENSHOTS=1 npx vitest run test/browser/pages.test.ts` makes those of the documents anew. */
const FOLDER = process.env.SCREENSHOTS === '1' ? resolve(import.meta.dirname, '../../docs/screenshots') : undefined
const MINUTES = 5
const SEND_EVERY_MS = 300

/** The same small fleet each time: some devices here, one asleep, some away. */
async function openFleet(gateway: TestGateway): Promise<SimulatedDevice> {
  const houses = ['greenhouse-1', 'greenhouse-2', 'greenhouse-3']
  const commands = { vent: () => ({ open: true }), identify: () => ({ blinked: 3 }) }
  const sites = ['barn-scale', 'cold-store', 'irrigation-north', 'irrigation-south', 'silo-2', 'weather-mast']
  for (const id of ['pump-7', 'pump-8', 'silo-1'])
    await gateway.api('POST', 'devices', { id, model: 'esp32-c3', tags: ['yard'] })
  const [first] = await Promise.all(
    houses.map((id) => gateway.readyDevice(id, { model: 'greenhouse', firmware: '2.3.0', commands })),
  )
  for (const id of sites) sendOften((await gateway.readyDevice(id, { model: 'esp32-s3', firmware: '2.2.1' })).device)
  for (const id of houses) await gateway.api('PATCH', `devices/${id}`, { tags: ['north', 'glass'] })
  const sleeper = await gateway.readyDevice('soil-probe-4', { model: 'esp32-c3', firmware: '1.9.4' })
  await sleeper.device.sleep(3_600)
  if (first === undefined) throw new Error('no greenhouse')
  await measure(first.device)
  await first.device.event('watchdog', { task: 'sensors' }).settled
  await gateway.api('PATCH', 'devices/greenhouse-1/shadow', { desired: { interval_s: 30 } })
  await gateway.api('POST', 'devices/greenhouse-1/commands?wait=10s', { name: 'vent', params: { open: true } })
  await gateway.api('POST', 'commands', { devices: ['pump-7', 'pump-8', 'silo-2', ...houses], name: 'identify' })
  return first.device
}

/** So that there is a rate to see. */
function sendOften(device: SimulatedDevice): void {
  let n = 0
  const timer = setInterval(() => device.telemetry({ n: n++ }), SEND_EVERY_MS)
  onTestFinished(() => clearInterval(timer))
}

/** What a greenhouse measures in some minutes, sent in batches as after an outage. */
async function measure(device: SimulatedDevice): Promise<void> {
  const random = seededRandom(11)
  const nowMs = Date.now()
  const state = { temperature: 22, humidity: 58, light: 12_000, battery: 3.92 }
  const points = Array.from({ length: MINUTES * 60 }, (_, at) => {
    state.temperature += (random() - 0.5) * 0.3 + Math.sin(at / 40) * 0.04
    state.humidity += (random() - 0.52) * 0.9
    state.light += (random() - 0.5) * 380 + Math.sin(at / 25) * 60
    state.battery -= 0.00012 * random()
    const rounded = Object.entries(state).map(([key, value]) => [key, Number(value.toFixed(key === 'battery' ? 3 : 1))])
    return { ts: nowMs - (MINUTES * 60 - at) * 1_000, values: { ...Object.fromEntries(rounded), vent_open: at > 200 } }
  })
  for (let first = 0; first < points.length; first += 50) {
    await device.telemetryBatch(points.slice(first, first + 50)).settled
  }
}

async function look(page: Page, name: string): Promise<void> {
  // Awaited: the plots take their new width in the frame after the page has.
  const overflow = () => page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
  await expect.poll(overflow, { message: `${name} is wider than the screen` }).toBe(0)
  if (FOLDER === undefined) return
  mkdirSync(FOLDER, { recursive: true })
  await page.evaluate('document.fonts.ready.then(() => new Promise((done) => setTimeout(done, 3_000)))') // some beats of the plots
  await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: 'disabled' })
}

describeWithBrowser('the pages of the dashboard', () => {
  test('fit the screens of a desk and of a phone, light and dark', async () => {
    const gateway = await startTestGateway()
    await openFleet(gateway)
    const page = await adminPage(gateway, { viewport: { width: 1360, height: 850 } })
    await page.getByRole('row', { name: 'greenhouse-1' }).waitFor()
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.goto(`${urlOf(gateway)}/#/`)
      await page.getByRole('row', { name: 'greenhouse-1' }).waitFor()
      await page.mouse.move(0, 0)
      await page.locator('.sparkline').waitFor()
      await look(page, `fleet-${colorScheme}`)
      await page.getByRole('row', { name: 'greenhouse-1' }).getByRole('link').click()
      await page.getByRole('img', { name: /^temperature over the last 5 minutes: [23]\d\d values/ }).waitFor()
      await page.locator('.command', { hasText: 'vent' }).getByText('succeeded').waitFor()
      await look(page, `device-${colorScheme}`)
      await page.goto(`${urlOf(gateway)}/#/commands`)
      await page.getByText('3 succeeded').waitFor()
      await look(page, `commands-${colorScheme}`)
      await page.getByRole('link', { name: 'identify' }).click()
      await page.getByRole('row', { name: 'pump-7' }).waitFor()
      await look(page, `batch-${colorScheme}`)
      await page.goto(`${urlOf(gateway)}/#/system`)
      await page.getByRole('img', { name: /^messages . s over the last 10 minutes: [2-9] values/ }).waitFor()
      await look(page, `system-${colorScheme}`)
    }
    await page.setViewportSize({ width: 390, height: 844 })
    await page.goto(`${urlOf(gateway)}/#/devices/greenhouse-1`)
    await page.getByRole('img', { name: /^temperature over the last 5 minutes: [23]\d\d values/ }).waitFor()
    await look(page, 'device-phone')
    await page.goto(`${urlOf(gateway)}/#/access`)
    await page.getByText('environment').waitFor()
    await look(page, 'access-phone')
    await page.getByLabel('Only some areas').check()
    await look(page, 'access-scopes-phone')
    await page.goto(`${urlOf(gateway)}/#/audit`)
    await page.locator('.audit-entry').first().waitFor()
    await look(page, 'audit-phone')
    await page.goto(`${urlOf(gateway)}/#/events`)
    await page.getByText('watchdog').waitFor()
    await look(page, 'events-phone')
    for (const [path, shows] of [
      ['commands', '3 succeeded'],
      ['commands/new', 'Review and send'],
      ['commands/latest', 'one of many'],
      ['commands/dead-letters', 'No dead letters'],
    ]) {
      await page.goto(`${urlOf(gateway)}/#/${path}`)
      await page
        .getByText(shows ?? '')
        .first()
        .waitFor()
      await look(page, `${path?.replace('/', '-')}-phone`)
    }
    await page.goto(`${urlOf(gateway)}/#/commands`)
    await page.getByRole('link', { name: 'identify' }).click()
    await page.getByRole('row', { name: 'pump-7' }).waitFor()
    await look(page, 'batch-phone')
    await page.goto(`${urlOf(gateway)}/#/system`)
    await page.getByText('left on its disk').waitFor()
    await look(page, 'system-phone')
    await page.goto(`${urlOf(gateway)}/#/`)
    await page.getByRole('row', { name: 'greenhouse-1' }).waitFor()
    await look(page, 'fleet-phone')
  })
})
