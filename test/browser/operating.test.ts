import { expect, onTestFinished, test } from 'vitest'
import { startFleet } from '../../simulator/fleet.ts'
import { seededRandom } from '../../simulator/seeded-random.ts'
import { adminPage, describeWithBrowser, freshLink, newPage, PASSWORD, urlOf } from '../helpers/browser.ts'
import { startTestGateway, temporaryDirectory } from '../helpers/start-gateway.ts'
import { steadyPort } from '../helpers/steady-port.ts'

/** Sends like a sensor until the test ends. */
function sendOften(device: { telemetry(values: Record<string, number | boolean>): unknown }): void {
  const random = seededRandom(7)
  let temperature = 21
  const timer = setInterval(() => {
    temperature += random() - 0.5
    device.telemetry({ temperature: Math.round(temperature * 10) / 10, vent_open: random() > 0.5 })
  }, 200)
  onTestFinished(() => clearInterval(timer))
}

describeWithBrowser('the dashboard, as an operator uses it', () => {
  test('first login by link: a name and a password, then the fleet; later the password is enough', async () => {
    const gateway = await startTestGateway()
    const page = await newPage()
    const link = await freshLink(gateway)
    await page.goto(link)
    expect(page.url()).not.toContain(link.split('/welcome/')[1])
    await page.getByLabel('Your name').fill('mia')
    await page.getByLabel('New password').fill(PASSWORD)
    await page.getByLabel('The same again').fill('something else 12')
    await page.getByRole('button', { name: 'Set password and log in' }).click()
    await page.getByText('The two passwords differ.').waitFor()
    await page.getByLabel('The same again').fill(PASSWORD)
    await page.getByRole('button', { name: 'Set password and log in' }).click()
    await page.getByText('No device yet').waitFor()
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByLabel('Name').fill('mia')
    await page.getByLabel('Password').fill('wrong')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText('The name or the password is wrong.').waitFor()
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText('No device yet').waitFor()
    const used = await newPage()
    await used.goto(link)
    await used.getByText('This link does not work').waitFor()
    expect(gateway.logLines.join('\n')).not.toContain(PASSWORD)
  })

  test('a device is added, comes, is plotted, gets a command, and goes', async () => {
    const gateway = await startTestGateway()
    const page = await adminPage(gateway)
    await page.getByRole('button', { name: 'Add device' }).click()
    await page.getByLabel('Id').fill('greenhouse-1')
    await page.getByLabel('Tags').fill('north, roof')
    await page.getByRole('dialog').getByRole('button', { name: 'Add device' }).click()
    const lines = await page.locator('.provisioning pre').textContent()
    const token = /^token (\S+)$/m.exec(lines ?? '')?.[1] ?? ''
    expect(lines).toContain(`gateway 127.0.0.1 ${gateway.port}`)
    await page.getByRole('img', { name: 'QR code' }).waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    const row = page.getByRole('row', { name: 'greenhouse-1' })
    await row.getByText('never connected').waitFor()

    const device = gateway.device(token, { commands: { vent: ({ params }) => ({ open: params.open }) } })
    device.start()
    await device.ready
    await row.getByText('online').waitFor()
    sendOften(device)
    await row.getByRole('link').click()
    await page.getByRole('heading', { name: 'greenhouse-1' }).waitFor()
    await page.getByRole('img', { name: /^temperature over the last 5 minutes: \d+ values/ }).waitFor()
    await page.getByText('vent_open').waitFor()

    await page.getByLabel('Name', { exact: true }).fill('vent')
    await page.getByLabel('Parameters').fill('{"open": tru')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByText('The parameters are not JSON.').waitFor()
    await page.getByLabel('Parameters').fill('{"open": true}')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.locator('.command', { hasText: 'succeeded' }).waitFor()
    await page.locator('.command pre', { hasText: '{"open":true}' }).waitFor()

    await device.stop()
    await page.locator('.presence', { hasText: 'offline' }).waitFor()
    await page.getByRole('link', { name: 'Fleet', exact: true }).first().click()
    await row.getByText('offline').waitFor()
  })

  test('a simulated fleet is watched: it comes, sends, falls asleep in part, and goes, and the page follows', async () => {
    const gateway = await startTestGateway()
    const page = await adminPage(gateway)
    const enrolled = await Promise.all(Array.from({ length: 25 }, (_, at) => gateway.enrol(`sim-${at}`)))
    const shows = (state: string, count: number) =>
      page.locator(`.figure[data-state=${state}]`).getByText(String(count), { exact: true }).waitFor()
    await shows('offline', 25)
    const fleet = startFleet({ devices: enrolled, url: gateway.deviceUrl, ca: gateway.ca, ratePerS: 2, rampMs: 1_000 })
    onTestFinished(() => fleet.stop())
    await shows('online', 25)
    await page.getByText('25 devices').waitFor()
    await expect.poll(async () => Number(await page.locator('.figure.rate b').textContent())).toBeGreaterThan(10)
    for (const id of ['sim-3', 'sim-7']) await fleet.devices.get(id)?.sleep(3_600)
    await shows('sleeping', 2)
    await shows('online', 23)
    await page.locator('.figure[data-state=sleeping]').click()
    await page.getByText('2 of 25').waitFor()
    await page.getByRole('row', { name: 'sim-7' }).getByText('sleeping').waitFor()
    await page.locator('.figure[data-state=sleeping]').click()
    await fleet.stop()
    await shows('online', 0)
  })

  test('a token is rotated while the device stays, and revoked: it drops, and the page says why', async () => {
    const gateway = await startTestGateway()
    const { device } = await gateway.readyDevice('greenhouse-1')
    const page = await adminPage(gateway)
    await page.getByRole('row', { name: 'greenhouse-1' }).getByRole('link').click()
    const tokens = page.locator('.tokens')
    await tokens.getByText('live', { exact: true }).waitFor()
    const session = device.welcome?.session
    await page.getByRole('button', { name: 'Rotate' }).click()
    await tokens.getByText('replaced, ends soon').waitFor()
    await tokens.getByText('live', { exact: true }).waitFor()
    await page.locator('.presence', { hasText: 'online' }).waitFor()
    expect(device.welcome?.session).toBe(session)
    const live = tokens.getByRole('listitem').filter({ has: page.getByText('live', { exact: true }) })
    await live.getByRole('button', { name: 'Revoke' }).click()
    await page.getByRole('button', { name: 'Yes, revoke' }).click()
    await expect.poll(() => device.lastBye?.code, { timeout: 20_000 }).toBe(4500)
    await page.locator('.presence', { hasText: 'offline' }).getByText('its token was revoked').waitFor()
  })

  test('an address that was cut off or mistyped says that there is nothing', async () => {
    const gateway = await startTestGateway()
    const page = await adminPage(gateway)
    for (const hash of ['devices/100%', 'commands/%E0%A4', 'nowhere']) {
      await page.goto(`${urlOf(gateway)}/#/${hash}`)
      await page.reload()
      await page.getByRole('heading', { name: 'There is nothing here' }).waitFor()
      await page.getByRole('link', { name: 'Go to the fleet' }).click()
      await page.getByText('No device yet').waitFor()
    }
  })

  test('the gateway restarts while the page is open: it says so, and goes on by itself', async () => {
    const dataDir = await temporaryDirectory()
    const env = { FAIRLEAD_PORT: String(await steadyPort()) }
    const first = await startTestGateway({ dataDir, env })
    await first.enrol('greenhouse-1')
    const page = await adminPage(first)
    await page.getByRole('row', { name: 'greenhouse-1' }).waitFor()
    await first.gateway.stop()
    await page.getByText(/^Reconnecting/).waitFor()
    const again = await startTestGateway({ dataDir, env })
    await page.getByText('Live', { exact: true }).waitFor()
    await again.enrol('greenhouse-2')
    await page.getByRole('row', { name: 'greenhouse-2' }).waitFor()
    expect(page.url()).toBe(`${urlOf(again)}/#/`)
  })
})
