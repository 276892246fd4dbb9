import type { Locator } from 'playwright-core'
import { expect, test } from 'vitest'
import { adminPage, changeRole, describeWithBrowser, urlOf } from '../helpers/browser.ts'
import { startTestGateway } from '../helpers/start-gateway.ts'

/** The page hears of it in its next frame: not before does it know where one reads. */
async function scrollTo(box: Locator, top: number): Promise<void> {
  await box.evaluate((element: { scrollTop: number }, to: number) => {
    element.scrollTop = to
  }, top)
  await box.page().evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))')
}

describeWithBrowser('the page of events', () => {
  test('shows what the fleet says as it says it; a row opens the whole of it, and leads to its device', async () => {
    const gateway = await startTestGateway()
    const { device } = await gateway.readyDevice('greenhouse-1')
    await device.event('before', { n: 1 }).settled
    const page = await adminPage(gateway)
    await page.getByRole('link', { name: 'Events' }).click()
    const rows = page.getByRole('table', { name: 'What devices said' }).getByRole('row')
    await rows.filter({ hasText: 'before' }).waitFor()
    await device.event('door', { open: true, by: { timer: [1, 2] } }).settled
    device.log('warn', 'the pump is hot')
    await rows.filter({ hasText: 'the pump is hot' }).getByText('warn').waitFor()
    expect(await rows.nth(1).textContent()).toContain('the pump is hot') // the newest stands first
    await rows.filter({ hasText: 'door' }).getByRole('button', { name: 'open: true, by: {"timer":[1,2]}' }).click()
    const whole = page.getByRole('dialog', { name: 'door' })
    expect(await whole.locator('pre').textContent()).toBe(
      JSON.stringify({ open: true, by: { timer: [1, 2] } }, null, 2),
    )
    await whole.getByRole('link', { name: 'greenhouse-1' }).click()
    await page.getByRole('heading', { name: 'greenhouse-1' }).waitFor()
    await page.getByRole('link', { name: 'all, with log lines' }).click()
    await rows.filter({ hasText: 'the pump is hot' }).waitFor()
    expect(await page.getByLabel('Device', { exact: true }).inputValue()).toBe('greenhouse-1')
  })

  test('is narrowed to a device, a kind, a name and a level, live as well', async () => {
    const gateway = await startTestGateway()
    const { device: one } = await gateway.readyDevice('greenhouse-1')
    const { device: two } = await gateway.readyDevice('pump-7')
    const page = await adminPage(gateway)
    await page.goto(`${urlOf(gateway)}/#/events`)
    await page.getByText('Nothing said yet').waitFor()
    const texts = async () => {
      const all = await page.locator('.said .rows-all .row').allTextContents()
      return all.map((text) => text.replace(/^[\d:]+/, '')).sort()
    }
    const say = async (n: number) => {
      for (const device of [one, two]) {
        await device.event('door', { n }).settled
        await device.event('button', { n }).settled
        device.log('info', `fine ${n}`)
        device.log('error', `bad ${n}`)
      }
    }
    await say(1)
    await expect.poll(async () => (await texts()).length).toBe(8)
    await page.getByLabel('Device', { exact: true }).fill('pump')
    await expect.poll(() => page.locator('datalist option').count()).toBe(1)
    await page.getByLabel('Device', { exact: true }).fill('pump-7')
    await page.getByLabel('Device', { exact: true }).press('Enter')
    const ofPump = ['pump-7buttonn: 1', 'pump-7doorn: 1', 'pump-7errorbad 1', 'pump-7infofine 1']
    await expect.poll(texts).toEqual(ofPump)
    expect(page.url()).toContain('#/events/pump-7')
    await page.getByText('Log lines', { exact: true }).click()
    await page.getByLabel('Level').selectOption('warn')
    await expect.poll(texts).toEqual(['pump-7errorbad 1'])
    await say(2)
    await expect.poll(texts).toEqual(['pump-7errorbad 1', 'pump-7errorbad 2'])
    await page.getByText('Events', { exact: true }).last().click()
    await page.getByLabel('Name of the event').fill('door')
    await page.getByLabel('Name of the event').press('Enter')
    await expect.poll(texts).toEqual(['pump-7doorn: 1', 'pump-7doorn: 2'])
    await page.getByLabel('Name of the event').fill('fire')
    await page.getByLabel('Name of the event').press('Enter')
    await page.getByText('Nothing like this lately').waitFor()
    await page.getByLabel('Device', { exact: true }).fill('pump 7')
    await page.getByLabel('Device', { exact: true }).press('Enter')
    await page.getByText('No device can have this id').waitFor()
    await page.getByText('Live', { exact: true }).waitFor()
  })

  test('waits while it is paused or one reads below, and goes on with all that came meanwhile', async () => {
    const gateway = await startTestGateway()
    const { device } = await gateway.readyDevice('greenhouse-1')
    for (let n = 0; n < 40; n++) await device.event('early', { n }).settled
    const page = await adminPage(gateway)
    await page.goto(`${urlOf(gateway)}/#/events`)
    const content = page.locator('.said .content')
    const newest = () => content.first().textContent()
    await expect.poll(newest).toBe('n: 39')
    await page.getByRole('button', { name: 'Pause' }).click()
    await device.event('late', { n: 40 }).settled
    await page.getByText('1 new, paused').waitFor()
    expect(await newest()).toBe('n: 39')
    await page.getByRole('button', { name: 'Go on' }).click()
    await expect.poll(newest).toBe('n: 40')

    const box = page.getByRole('table', { name: 'What devices said' })
    await scrollTo(box, 400)
    await device.event('late', { n: 41 }).settled
    await page.getByText('1 new, at the top').waitFor()
    await scrollTo(box, 0)
    await expect.poll(newest).toBe('n: 41')
  })

  test('reads older ones page by page to the last, each once, with few rows in the document', async () => {
    const gateway = await startTestGateway()
    const { device } = await gateway.readyDevice('greenhouse-1')
    const sent = Array.from({ length: 450 }, (_, n) => device.event('step', { n }).settled)
    const page = await adminPage(gateway)
    await page.goto(`${urlOf(gateway)}/#/events`)
    await Promise.all(sent)
    await page.getByText(/\d+ shown/).waitFor()
    const older = page.getByRole('button', { name: 'Older' })
    const box = page.getByRole('table', { name: 'What devices said' })
    await expect
      .poll(async () => {
        await box.evaluate((element: { scrollTop: number; scrollHeight: number }) => {
          element.scrollTop = element.scrollHeight
        })
        return older.count()
      })
      .toBe(0)
    await page.getByText('450 shown, all that is kept').waitFor()
    await page.getByRole('button', { name: 'n: 0', exact: true }).waitFor()
    expect(await box.getByRole('row').count()).toBeLessThan(60)
  })

  test('misses nothing in a break so long that the live socket does not tell all of it', async () => {
    const gateway = await startTestGateway()
    const devices = await Promise.all(Array.from({ length: 10 }, (_, at) => gateway.readyDevice(`d${at}`)))
    const page = await adminPage(gateway)
    await page.goto(`${urlOf(gateway)}/#/events`)
    await devices[0]?.device.event('before', {}).settled
    await page.getByText('1 shown, all that is kept').waitFor()
    await page.context().setOffline(true)
    await page.getByText(/^Reconnecting/).waitFor()
    const said = devices.flatMap(({ device }) => Array.from({ length: 230 }, (_, n) => device.event('step', { n })))
    await Promise.all(said.map(({ settled }) => settled))
    await page.context().setOffline(false)
    await page.getByText('2,301 shown, all that is kept').waitFor()
  })

  test('shows a viewer events alone, and reads on by itself after the line was lost', async () => {
    const gateway = await startTestGateway()
    const { device } = await gateway.readyDevice('greenhouse-1')
    const page = await adminPage(gateway)
    await changeRole(gateway, 'viewer')
    await page.goto(`${urlOf(gateway)}/#/events`)
    await page.getByText('viewer', { exact: true }).waitFor()
    device.log('error', 'secret of the firmware')
    await device.event('door', { open: true }).settled
    await page.getByText('open: true').waitFor()
    expect(await page.getByText('secret of the firmware').count()).toBe(0)
    expect(await page.getByText('Log lines').count()).toBe(0)
    await page.context().setOffline(true)
    await page.getByText(/^Reconnecting/).waitFor()
    await device.event('missed', { n: 1 }).settled
    await page.context().setOffline(false)
    await page.getByText('missed').waitFor()
  })
})
