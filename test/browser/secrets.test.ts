import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { adminPage, describeWithBrowser, freshLink, newPage, PASSWORD, urlOf } from '../helpers/browser.ts'
import { startTestGateway } from '../helpers/start-gateway.ts'

/**
 * Everything that the page, its scripts and the next person at this browser can read. One thing is left out: the browser
 * itself remembers the address of the first load, with the link behind `#`, for scripts of this load alone. Nothing can
 * take it out there; the link is used up by then.
 */
async function allOf(page: Page): Promise<string> {
  const inPage = `(async () => JSON.stringify({
    dom: document.documentElement.outerHTML,
    fields: [...document.querySelectorAll('input, textarea')].map((field) => field.value),
    local: { ...localStorage },
    session: { ...sessionStorage },
    databases: await indexedDB.databases(),
    caches: await caches.keys(),
    cookie: document.cookie,
    name: window.name,
    state: history.state,
    address: location.href,
    performance: performance.getEntries().filter((entry) => entry.entryType !== 'navigation').map((entry) => entry.name),
    title: document.title,
  }))()`
  return (await page.evaluate(inPage)) as string
}

const close = (page: Page) => page.getByRole('button', { name: 'Close' }).click()

describeWithBrowser('what the page keeps', () => {
  test('is no password, link, key, token or cookie, once what showed it is closed', async () => {
    const gateway = await startTestGateway()
    await gateway.enrol('greenhouse-1')
    const link = await freshLink(gateway)
    const secrets = new Map([['login link', link.split('/welcome/')[1] ?? '']])
    const page = await newPage()
    await page.goto(link)
    await page.getByLabel('Your name').fill('mia')
    await page.getByLabel('New password').fill(PASSWORD)
    await page.getByLabel('The same again').fill(PASSWORD)
    await page.getByRole('button', { name: 'Set password and log in' }).click()
    await page.getByText('Live', { exact: true }).waitFor()
    secrets.set('password', PASSWORD)
    const shown = async (name: string) => {
      const text = await page.getByRole('dialog').locator('pre').first().textContent()
      secrets.set(name, /[\w.-]{40,}(?=\s*$)/.exec(text ?? '')?.[0] ?? `no ${name} in ${text}`)
      expect(await allOf(page)).toContain(secrets.get(name)) // it can be seen now
      await close(page)
    }
    await page.goto(`${urlOf(gateway)}/#/devices/greenhouse-1`)
    await page.getByRole('button', { name: 'Issue another' }).click()
    await shown('token')
    await page.goto(`${urlOf(gateway)}/#/access`)
    await page.getByLabel('Name of the new key').fill('ci')
    await page.getByRole('button', { name: 'Make key' }).click()
    await shown('API key')
    await page.getByLabel('Name of the new person').fill('anna')
    await page.getByRole('button', { name: 'Add person' }).click()
    await shown('login link of anna')
    await page.getByRole('button', { name: 'Your account' }).click()
    await page.getByLabel('Present password').fill('a guess that is wrong')
    await page.getByLabel('New password').fill('another harbour lantern')
    await page.getByLabel('The same again').fill('another harbour lantern')
    await page.getByRole('button', { name: 'Change password' }).click()
    await page.getByText('The present password is wrong.').waitFor()
    secrets.set('new password', 'another harbour lantern')
    await close(page)
    const [cookie] = await page.context().cookies()
    secrets.set('cookie', cookie?.value ?? 'no cookie')
    expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Strict' })
    for (const visited of ['#/audit', '#/events', '#/system', '#/']) {
      await page.goto(`${urlOf(gateway)}/${visited}`)
      await page.getByText('Live', { exact: true }).waitFor()
      const kept = await allOf(page)
      for (const [name, secret] of secrets) expect(kept.includes(secret), `${name} at ${visited}`).toBe(false)
    }
    const browser = await page.context().newCDPSession(page)
    const { entries } = await browser.send('Page.getNavigationHistory')
    const history = JSON.stringify(entries.map(({ url, title }) => [url, title])) // where one gets by going back
    expect(history).toContain('/#/access')
    for (const [name, secret] of secrets) expect(history.includes(secret), `${name} in the history`).toBe(false)
    await page.goto(`${urlOf(gateway)}/`)
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('button', { name: 'Log in' }).waitFor()
    const kept = await allOf(page)
    for (const [name, secret] of secrets) expect(kept.includes(secret), `${name} after the logout`).toBe(false)
    expect(await page.context().cookies()).toEqual([])
  })

  test('a password that was typed is gone with the dialog, also when nothing was sent', async () => {
    const gateway = await startTestGateway()
    const page = await adminPage(gateway)
    await page.getByRole('button', { name: 'Your account' }).click()
    await page.getByLabel('Present password').fill('typed and left there')
    await close(page)
    await page.getByRole('button', { name: 'Your account' }).click()
    expect(await page.getByLabel('Present password').inputValue()).toBe('')
  })
})
