import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { adminPage, describeWithBrowser, newPage, PASSWORD, urlOf } from '../helpers/browser.ts'
import { takeTurns } from '../helpers/hand-device.ts'
import { describeWithMosquitto, startMosquitto } from '../helpers/mosquitto.ts'
import { startTestGateway, type TestGateway } from '../helpers/start-gateway.ts'
import { steadyPort } from '../helpers/steady-port.ts'

const alarmsOf = (page: Page) => page.getByRole('list', { name: 'Alarms' })
const systemLink = (page: Page) =>
  page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: /^System/ })

/** A page on which a viewer is logged in, at System. */
async function viewerPage(gateway: TestGateway): Promise<Page> {
  const { body } = await gateway.api('POST', 'users', { name: 'otto', role: 'viewer' })
  const page = await newPage()
  await page.goto(`${urlOf(gateway)}/#/welcome/${body.link.token}`)
  await page.getByLabel('New password').fill(PASSWORD)
  await page.getByLabel('The same again').fill(PASSWORD)
  await page.getByRole('button', { name: 'Set password and log in' }).click()
  await systemLink(page).click()
  return page
}

describeWithMosquitto('the page System, with a broker of its own', () => {
  describeWithBrowser('that is stopped', () => {
    test('says that the bus is away, why and what to do, on every page; and is calm again when it is back', async () => {
      const mosquitto = await startMosquitto()
      onTestFinished(() => mosquitto.remove())
      const gateway = await startTestGateway({ env: { FAIRLEAD_MQTT_URL: mosquitto.url } })
      const { device } = await gateway.readyDevice('greenhouse-1')
      const page = await adminPage(gateway)
      await systemLink(page).click()
      await page.getByText('Nothing needs you.').waitFor()
      const bus = page.getByRole('region', { name: 'Bus' })
      await bus.getByText('ready', { exact: true }).waitFor()
      await bus.getByText(mosquitto.url).waitFor()

      await mosquitto.stop()
      await alarmsOf(page).getByText('The bus is away').waitFor()
      await alarmsOf(page)
        .getByText(/ECONNREFUSED.*Start the broker/)
        .waitFor()
      await bus.getByText('not ready').waitFor()
      await expect.poll(() => systemLink(page).textContent()).toContain('1 alarm, 1 critical')
      device.telemetry({ temperature: 21 })
      await page.getByRole('img', { name: /^waiting for the bus over the last 10 minutes: .* to [1-9]/ }).waitFor()
      await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Fleet' }).click()
      await page.getByRole('link', { name: /^alarms 1/ }).waitFor()

      await mosquitto.restart()
      await page.getByRole('link', { name: /^alarms 0/ }).click()
      await page.getByText('Nothing needs you.').waitFor()
      await bus.getByText('ready', { exact: true }).waitFor()
      await expect.poll(() => systemLink(page).textContent()).toBe('System')
    })
  })
})

describeWithBrowser('the page System', () => {
  test('shows a device with two holders, and lets it go again', async () => {
    const gateway = await startTestGateway()
    const { token } = await gateway.enrol('twin')
    const page = await adminPage(gateway)
    await systemLink(page).click()
    await page.getByText('Nothing needs you.').waitFor()
    await takeTurns(gateway, token)
    await alarmsOf(page).getByText('is quarantined').waitFor()
    const quarantines = page.getByRole('region', { name: 'Quarantined devices' })
    await quarantines.getByText('from 127.0.0.1').waitFor()

    await alarmsOf(page).getByRole('link', { name: 'twin' }).click()
    await page.getByRole('heading', { name: 'twin' }).waitFor()
    await alarmsOf(page).getByText('It is quarantined').waitFor()
    await alarmsOf(page).getByRole('button', { name: 'Release twin' }).waitFor()
    const viewer = await viewerPage(gateway)
    await viewer.getByRole('region', { name: 'Quarantined devices' }).getByText('twin').waitFor()
    expect(await viewer.getByRole('button', { name: /^Release/ }).count()).toBe(0)

    await systemLink(page).click()
    await quarantines.getByRole('button', { name: 'Release twin' }).click()
    for (const one of [page, viewer]) await one.getByText('Nothing needs you.').waitFor()
    await quarantines.getByText('None.').waitFor()
    expect((await gateway.api('GET', 'quarantines')).body.items).toEqual([])
    const { body } = await gateway.api('GET', 'audit')
    expect(body.items).toContainEqual(expect.objectContaining({ actor: 'user:mia', device: 'twin' }))
  })

  test('shows how the gateway is, who was refused, and goes on after a restart', async () => {
    const env = { FAIRLEAD_PORT: String(await steadyPort()) }
    const gateway = await startTestGateway({ env })
    const page = await adminPage(gateway)
    gateway.device('not.a.token').start()
    await systemLink(page).click()
    await page.getByRole('region', { name: 'Connections refused' }).getByText('a token that is wrong').waitFor()
    await page.getByRole('region', { name: 'Certificate' }).getByText('localhost').waitFor()
    await page.getByRole('region', { name: 'Registry' }).getByText('left on its disk').waitFor()
    await page.getByRole('img', { name: /^memory, MiB over the last 10 minutes: [2-9] values/ }).waitFor()
    await page.getByText('Limits in force').click()
    await page.getByText('messages per s', { exact: true }).waitFor()
    const startedAt = await page.getByRole('region', { name: 'Node' }).getByRole('time').getAttribute('title')
    await gateway.gateway.stop()
    await page.getByText(/^Reconnecting/).waitFor()
    await startTestGateway({ dataDir: gateway.dataDir, env })
    await page.getByText('Live', { exact: true }).waitFor()
    const later = page.getByRole('region', { name: 'Node' }).getByRole('time')
    await expect.poll(() => later.getAttribute('title'), { timeout: 20_000 }).not.toBe(startedAt)
    await page.getByText('Nothing needs you.').waitFor()
  })
})
