import type { Page, Route } from 'playwright-core'
import { expect, test } from 'vitest'
import { adminPage, describeWithBrowser, freshLink, logIn, newPage, urlOf } from '../helpers/browser.ts'
import { startTestGateway, temporaryDirectory } from '../helpers/start-gateway.ts'

interface Which {
  /** Below /api/v1. */
  readonly path: RegExp
  readonly method?: string
  readonly times: number
}

/** The next requests of this kind do not reach the gateway: `instead` has them. Gives those that it had so far. */
async function catchNext(page: Page, { path, method = 'GET', times }: Which, instead: (route: Route) => unknown) {
  const caught: Route[] = []
  await page.route(new RegExp(`/api/v1/${path.source}`), async (route) => {
    if (caught.length === times || route.request().method() !== method) return route.continue()
    caught.push(route)
    await instead(route)
  })
  return caught
}

const lose = (page: Page, path: RegExp, method = 'GET', times = 1): Promise<Route[]> =>
  catchNext(page, { path, method, times }, (route) => route.abort())

const hold = (page: Page, path: RegExp, method = 'GET', times = 1): Promise<Route[]> =>
  catchNext(page, { path, method, times }, () => {})

describeWithBrowser('an answer that is lost', () => {
  test('is asked for again where a list is brought up to date', async () => {
    const gateway = await startTestGateway()
    await gateway.enrol('pump-1')
    const { body } = await gateway.api('POST', 'commands', { devices: ['pump-1'], name: 'identify' })
    const page = await adminPage(gateway)
    await page.getByRole('link', { name: 'Commands' }).click()
    await page.getByText('under way').waitFor()
    const lost = await lose(page, /command-batches[/?]/, 'GET', 2)
    await gateway.api('POST', `command-batches/${body.id}/cancel`)
    await expect.poll(() => lost.length, { timeout: 20_000 }).toBe(2)
    await page.locator('.batch .chip', { hasText: 'cancelled' }).waitFor()
  })

  test('of a login link does not cost the link', async () => {
    const gateway = await startTestGateway()
    const page = await newPage()
    await lose(page, /session\/link\/check$/, 'POST')
    await page.goto(await freshLink(gateway))
    await page.getByText('The gateway cannot be reached.').waitFor()
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByLabel('Your name').waitFor()
  })

  test('of the first question is waited for, and the page says that the gateway is away', async () => {
    const gateway = await startTestGateway()
    const page = await newPage()
    await lose(page, /session$/)
    await page.goto(urlOf(gateway))
    await page.getByText('The gateway does not answer.').waitFor()
    await page.getByLabel('Password').waitFor()
  })

  test('to the wish to log out leaves one logged in, and the page says so', async () => {
    const gateway = await startTestGateway()
    const page = await adminPage(gateway)
    await lose(page, /session$/, 'DELETE')
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByText('You are still logged in').waitFor()
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByLabel('Password').waitFor()
  })

  test('that comes when its window was closed shows the token of the device after all: it is shown this once', async () => {
    const gateway = await startTestGateway()
    const page = await adminPage(gateway)
    const held = await hold(page, /devices$/, 'POST')
    await page.getByRole('button', { name: 'Add device' }).click()
    await page.getByLabel('Id').fill('pump-1')
    await page.getByRole('dialog').getByRole('button', { name: 'Add device' }).click()
    await expect.poll(() => held.length, { timeout: 15_000 }).toBe(1)
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await held[0]?.continue()
    await page.getByRole('dialog', { name: 'pump-1 is added' }).locator('.provisioning pre').waitFor()
  })

  test('leaves a role as it was, also where it is chosen', async () => {
    const gateway = await startTestGateway()
    await gateway.api('POST', 'users', { name: 'otto', role: 'viewer' })
    const page = await adminPage(gateway)
    await page.getByRole('link', { name: 'Access' }).click()
    const role = page.getByLabel('Role of otto')
    await lose(page, /users\/otto$/, 'PATCH')
    await role.selectOption('admin')
    await page.getByText('The gateway cannot be reached.').waitFor()
    expect(await role.inputValue()).toBe('viewer')
    await role.selectOption('operator')
    await expect.poll(() => role.inputValue()).toBe('operator')
    await page.getByText('The gateway cannot be reached.').waitFor({ state: 'detached' })
  })

  test('is forgotten with the next one that comes', async () => {
    const gateway = await startTestGateway()
    const page = await adminPage(gateway)
    await page.getByRole('link', { name: 'Audit' }).click()
    await page.locator('.audit-entry').first().waitFor()
    await lose(page, /audit\?/)
    await page.getByLabel('Outcome').selectOption('refused')
    await page.getByText('The gateway cannot be reached.').waitFor()
    await page.getByLabel('Outcome').selectOption('done')
    await page.getByText('The gateway cannot be reached.').waitFor({ state: 'detached' })
  })

  test('while one had closed the window of an import is told when it is opened again, and the import goes on', async () => {
    const gateway = await startTestGateway()
    const page = await adminPage(gateway)
    const open = () => page.getByRole('button', { name: 'Import', exact: true }).click()
    await open()
    const file = { name: 'fleet.csv', mimeType: 'text/csv', buffer: Buffer.from('id\npump-1\n') }
    await page.locator('.drop input').setInputFiles(file)
    const held = await hold(page, /devices\/import\?dry_run=false/, 'POST')
    await page.getByRole('button', { name: 'Add 1 device' }).click()
    await expect.poll(() => held.length).toBe(1)
    await page.getByRole('button', { name: 'Close' }).click()
    await held[0]?.abort()
    await open()
    await page.getByText('The gateway cannot be reached.').waitFor()
    await page.getByRole('button', { name: 'Go on with part 1' }).click()
    await page.getByText('fleet.csv: 1 device added').waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    await open()
    await page.getByText('Choose a file, or drop it here').waitFor()
  })

  test('that comes to an earlier question opens no second line', async () => {
    const dataDir = await temporaryDirectory()
    const first = await startTestGateway({ dataDir })
    const page = await adminPage(first)
    let lines = 0
    page.on('websocket', () => lines++)
    const held = await hold(page, /session$/, 'GET', 2)
    await first.gateway.stop()
    await expect.poll(() => held.length).toBe(1)
    await startTestGateway({ dataDir, env: { FAIRLEAD_PORT: String(first.port) } })
    await page.evaluate(`dispatchEvent(new Event('online'))`)
    await expect.poll(() => held.length).toBe(2)
    for (const route of held) {
      const answer = page.waitForResponse(/\/session$/)
      await route.continue()
      await answer
    }
    await page.getByText('Live', { exact: true }).waitFor()
    expect(lines).toBe(1)
  })

  test('is not asked for again on a page that was left', async () => {
    const gateway = await startTestGateway()
    await gateway.enrol('pump-1')
    const { body } = await gateway.api('POST', 'commands', { devices: ['pump-1'], name: 'identify' })
    const page = await newPage()
    await page.clock.install()
    await logIn(page, gateway)
    const held = await hold(page, /command-batches\/.*\/targets/, 'GET', 100)
    await page.evaluate(`location.hash = '#/commands/${body.id}'`)
    await expect.poll(() => held.length).toBeGreaterThan(0)
    await page.getByRole('link', { name: 'Events' }).click()
    await page.getByRole('heading', { name: 'Events' }).waitFor()
    const asked = [...held]
    for (const route of asked) await route.abort()
    await page.clock.runFor(10_000)
    expect(held).toHaveLength(asked.length)
  })
})
