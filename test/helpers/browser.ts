import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished } from 'vitest'
import type { TestGateway } from './start-gateway.ts'

const executablePath = ['/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser'].find((path) =>
  existsSync(path),
)
/** A shared machine may stand still for seconds. */
const PATIENCE_MS = 30_000
export const BROWSER_TEST_MS = 90_000
export const PASSWORD = 'quiet harbour lantern 7'

let browser: Browser | undefined

/** Like `describe` with a browser; says so when there is none, and fails in CI, where nothing may be skipped. */
export function describeWithBrowser(name: string, body: () => void): void {
  if (executablePath === undefined && process.env.CI === 'true')
    throw new Error(`Chromium is not installed: "${name}" cannot run`)
  if (executablePath === undefined) console.warn(`SKIPPED, since Chromium is not installed: ${name}`)
  describe.skipIf(executablePath === undefined)(name, { timeout: BROWSER_TEST_MS }, () => {
    beforeAll(async () => {
      const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [] // Chromium has no sandbox for root
      browser = await chromium.launch({ executablePath, args, timeout: PATIENCE_MS })
    }, BROWSER_TEST_MS)
    afterAll(() => browser?.close())
    body()
  })
}

/** A page of a browser profile of its own. Whatever it complains about on its console fails the test. */
export async function newPage(options: BrowserContextOptions = {}): Promise<Page> {
  if (browser === undefined) throw new Error('the browser is not started')
  const context = await browser.newContext({
    ignoreHTTPSErrors: true, // Chromium takes a CA from its user's store alone, and this one was made a moment ago
    ...options,
  })
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource|WebSocket connection/.test(message.text())) {
      complaints.push(message.text())
    }
  })
  onTestFinished(async () => {
    await context.close()
    expect(complaints).toEqual([])
  })
  return page
}

export const urlOf = (gateway: TestGateway): string => `https://127.0.0.1:${gateway.port}`

/** The path of a fresh login link. */
export async function freshLink(gateway: TestGateway): Promise<string> {
  const { body } = await gateway.api('POST', 'login-link')
  return `${urlOf(gateway)}/#/welcome/${body.token}`
}

/** A page on which an admin is logged in, at the fleet. */
export async function adminPage(gateway: TestGateway, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await newPage(options)
  await logIn(page, gateway)
  return page
}

/** Makes an admin, whose page this is then. */
export async function logIn(page: Page, gateway: TestGateway): Promise<void> {
  await page.goto(await freshLink(gateway))
  await page.getByLabel('Your name').fill('mia')
  await setPassword(page)
}

/** A page on which somebody with this role is logged in, at the fleet. */
export async function pageAs(role: string, gateway: TestGateway, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await newPage(options)
  const { body } = await gateway.api('POST', 'users', { name: `an-${role}`, role })
  await page.goto(`${urlOf(gateway)}/#/welcome/${body.link.token}`)
  await setPassword(page)
  return page
}

async function setPassword(page: Page): Promise<void> {
  await page.getByLabel('New password').fill(PASSWORD)
  await page.getByLabel('The same again').fill(PASSWORD)
  await page.getByRole('button', { name: 'Set password and log in' }).click()
  await page.getByText('Live', { exact: true }).waitFor()
}

/** Gives the person of `adminPage` another role; an admin who is left makes that possible. */
export async function changeRole(gateway: TestGateway, role: string): Promise<void> {
  const { body } = await gateway.api('POST', 'users', { name: 'root', role: 'admin' })
  await gateway.api('POST', 'session/link', { token: body.link.token, name: 'root', password: PASSWORD }, '')
  const { status } = await gateway.api('PATCH', 'users/mia', { role })
  if (status !== 200) throw new Error(`the role was not changed: ${status}`)
}
