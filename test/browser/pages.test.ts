import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { ensureCertificates } from '../../gateway/adapters/tls/private-certificates.ts'
import type { SimulatedDevice } from '../../simulator/device.ts'
import { seededRandom } from '../../simulator/seeded-random.ts'
import { adminPage, BROWSER_TEST_MS, describeWithBrowser, urlOf } from '../helpers/browser.ts'
import { startTestGateway, type TestGateway, temporaryDirectory } from '../helpers/start-gateway.ts'

const DOCUMENTS = resolve(import.meta.dirname, '../../docs/screenshots')
/**
 * `SCREENSHOTS=1 npx vitest run test/browser/pages.test.ts` makes those of the documents anew; with a folder instead of
 * the 1, every page in every way goes there.
 */
const { SCREENSHOTS } = process.env
const FOLDER = SCREENSHOTS === undefined ? undefined : SCREENSHOTS === '1' ? DOCUMENTS : resolve(SCREENSHOTS)
const DOCUMENTED = [
  ...['fleet-light', 'fleet-dark', 'fleet-phone', 'device-light', 'device-dark', 'device-phone'],
  ...['batch-light', 'events-dark', 'system-light', 'system-dark', 'system-phone', 'audit-light', 'access-light'],
]
const MINUTES = 5
const SEND_EVERY_MS = 300

/** With a certificate that looks the same wherever it is made. */
async function namedGateway(): Promise<TestGateway> {
  const dataDir = await temporaryDirectory()
  const names = ['gateway.example', '127.0.0.1']
  const { certPath, keyPath } = await ensureCertificates({ directory: join(dataDir, 'tls'), names })
  return startTestGateway({ dataDir, env: { FAIRLEAD_TLS_CERT: certPath, FAIRLEAD_TLS_KEY: keyPath } })
}

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
  await chat(first.device)
  await gateway.api('PATCH', 'devices/greenhouse-1/shadow', { desired: { interval_s: 30 } })
  await gateway.api('POST', 'devices/greenhouse-1/commands?wait=10s', { name: 'vent', params: { open: true } })
  await gateway.api('POST', 'commands', { devices: ['pump-7', 'pump-8', 'silo-2', ...houses], name: 'identify' })
  return first.device
}

/** Some of what a day brings. */
async function chat(device: SimulatedDevice): Promise<void> {
  device.log('info', 'clock set by the gateway')
  await device.event('door', { open: true }).settled
  device.log('warn', 'pump current 2.4 A, expected 1.9 A')
  await device.event('alarm', { key: 'temperature', value: 31.2, limit: 30 }).settled
  device.log('error', 'sensor 3 does not answer')
  await device.event('watchdog', { task: 'sensors' }).settled
}

/** So that there is a rate to see. */
function sendOften(device: SimulatedDevice): void {
  let n = 0
  const timer = setInterval(() => device.telemetry({ n: n++ }), SEND_EVERY_MS)
  onTestFinished(() => clearInterval(timer))
}

/**
 * What a greenhouse measured in some minutes, sent in batches as after an outage, and goes on to measure each second: its
 * plots hold as much when the last page is looked at, however long that takes.
 */
async function measure(device: SimulatedDevice): Promise<void> {
  const random = seededRandom(11)
  const nowMs = Date.now()
  const state = { temperature: 22, humidity: 58, light: 12_000, battery: 3.92 }
  const valuesAt = (at: number) => {
    state.temperature += (random() - 0.5) * 0.3 + Math.sin(at / 40) * 0.04
    state.humidity += (random() - 0.52) * 0.9
    state.light += (random() - 0.5) * 380 + Math.sin(at / 25) * 60
    state.battery -= 0.00012 * random()
    const rounded = Object.entries(state).map(([key, value]) => [key, Number(value.toFixed(key === 'battery' ? 3 : 1))])
    return { ...Object.fromEntries(rounded), vent_open: at > 200 }
  }
  const length = MINUTES * 60
  const points = Array.from({ length }, (_, at) => ({ ts: nowMs - (length - at) * 1_000, values: valuesAt(at) }))
  for (let first = 0; first < points.length; first += 50) {
    await device.telemetryBatch(points.slice(first, first + 50)).settled
  }
  let at = length
  const timer = setInterval(() => device.telemetry(valuesAt(at++)), 1_000)
  onTestFinished(() => clearInterval(timer))
}

interface View {
  readonly name: string
  /** Behind the `#`. */
  readonly path: string
  /** There once the page has all that it shows. */
  readonly shows: (page: Page) => Locator
  /** What else is done before one looks. */
  readonly prepare?: (page: Page) => Promise<void>
}

const VIEWS: readonly View[] = [
  { name: 'fleet', path: '', shows: (page) => page.getByRole('row', { name: 'greenhouse-1' }) },
  {
    name: 'device',
    path: 'devices/greenhouse-1',
    shows: (page) => page.getByRole('img', { name: /^temperature over the last 5 minutes: [23]\d\d values/ }),
    prepare: (page) => page.locator('.command', { hasText: 'vent' }).getByText('succeeded').waitFor(),
  },
  { name: 'commands', path: 'commands', shows: (page) => page.getByText('3 succeeded') },
  { name: 'commands-new', path: 'commands/new', shows: (page) => page.getByText('Review and send') },
  { name: 'commands-latest', path: 'commands/latest', shows: (page) => page.getByText('one of many').first() },
  { name: 'dead-letters', path: 'commands/dead-letters', shows: (page) => page.getByText('No dead letters') },
  {
    name: 'batch',
    path: 'commands',
    shows: (page) => page.getByRole('link', { name: 'identify' }),
    async prepare(page) {
      await page.getByRole('link', { name: 'identify' }).click()
      await page.getByRole('row', { name: 'pump-7' }).waitFor()
    },
  },
  { name: 'events', path: 'events', shows: (page) => page.getByText('watchdog') },
  {
    name: 'system',
    path: 'system',
    shows: (page) => page.getByRole('img', { name: /^messages . s over the last 10 minutes: [2-9] values/ }),
  },
  { name: 'audit', path: 'audit', shows: (page) => page.locator('.audit-entry').first() },
  { name: 'access', path: 'access', shows: (page) => page.getByText('environment') },
  {
    name: 'access-scopes',
    path: 'access',
    shows: (page) => page.getByText('environment'),
    prepare: (page) => page.getByLabel('Only some areas').check(),
  },
]

/** At one width and in one colour: every page, no wider than the screen. */
async function lookAtAll(page: Page, gateway: TestGateway, where: string): Promise<void> {
  for (const { name, path, shows, prepare } of VIEWS) {
    await page.goto(`${urlOf(gateway)}/#/${path}`)
    await page.reload() // so that no page stands as the one before left it
    await shows(page).waitFor()
    await prepare?.(page)
    await page.mouse.move(0, 0)
    await look(page, `${name}-${where}`)
  }
}

async function look(page: Page, name: string): Promise<void> {
  // Awaited: the plots take their new width in the frame after the page has.
  const overflow = () => page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
  await expect.poll(overflow, { message: `${name} is wider than the screen` }).toBe(0)
  if (FOLDER === undefined || (FOLDER === DOCUMENTS && !DOCUMENTED.includes(name))) return
  mkdirSync(FOLDER, { recursive: true })
  await page.evaluate('document.fonts.ready.then(() => new Promise((done) => setTimeout(done, 3_000)))') // some beats of the plots
  await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: 'disabled' })
}

describeWithBrowser('the pages of the dashboard', () => {
  test('fit the screens of a desk and of a phone, light and dark', { timeout: 4 * BROWSER_TEST_MS }, async () => {
    const gateway = await namedGateway()
    await openFleet(gateway)
    const page = await adminPage(gateway, { viewport: { width: 1360, height: 850 } })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await lookAtAll(page, gateway, colorScheme)
    }
    await page.setViewportSize({ width: 390, height: 844 })
    await lookAtAll(page, gateway, 'phone')
  })
})
