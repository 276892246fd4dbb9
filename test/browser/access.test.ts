import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { adminPage, describeWithBrowser, newPage, PASSWORD, urlOf } from '../helpers/browser.ts'
import { startTestGateway, type TestGateway } from '../helpers/start-gateway.ts'

const card = (page: Page, title: string) =>
  page.locator('section.card', { has: page.getByRole('heading', { name: title }) })

async function openAccess(gateway: TestGateway): Promise<Page> {
  const page = await adminPage(gateway)
  await page.goto(`${urlOf(gateway)}/#/access`)
  await page.getByText('environment').waitFor()
  return page
}

async function logIn(gateway: TestGateway, name: string, password: string): Promise<Page> {
  const page = await newPage()
  await page.goto(`${urlOf(gateway)}/`)
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByText('Live', { exact: true }).waitFor()
  return page
}

describeWithBrowser('the page of access', () => {
  test('makes a key that reaches only what was chosen, and shows it once', async () => {
    const gateway = await startTestGateway()
    const page = await openAccess(gateway)
    const keys = card(page, 'API keys')
    await keys.getByLabel('Name of the new key').fill('workbench')
    await keys.getByLabel('Role of the new key').selectOption('admin')
    await keys.getByLabel('Only some areas').check()
    await keys.getByRole('button', { name: 'Make key' }).click()
    await keys.getByText('Choose at least one area').waitFor()
    await keys.getByLabel('Devices: what').selectOption('add new ones')
    await keys.getByLabel('Device tokens: what').selectOption('add new ones')
    await keys.getByRole('button', { name: 'Make key' }).click()
    const key = (await page.getByRole('dialog').locator('pre').textContent()) ?? ''
    await page.getByRole('button', { name: 'Close' }).click()
    const row = keys.getByRole('listitem').filter({ hasText: 'workbench' })
    await expect.poll(() => row.locator('.tag').allTextContents()).toEqual(['devices:add', 'tokens:add'])
    expect((await gateway.api('POST', 'devices', { id: 'a' }, key)).status).toBe(201)
    expect((await gateway.api('GET', 'devices', undefined, key)).status).toBe(403)
    expect(await page.content()).not.toContain(key)
  })

  test('adds a person, removes them, and keeps the last admin', async () => {
    const gateway = await startTestGateway()
    const page = await openAccess(gateway)
    const people = card(page, 'People')
    await people.getByLabel('Name of the new person').fill('anna')
    await people.getByRole('button', { name: 'Add person' }).click()
    await page.getByRole('dialog').getByText('/#/welcome/').waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    const anna = people.getByRole('listitem').filter({ hasText: 'anna' })
    await anna.getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('button', { name: 'Yes, remove' }).click()
    await expect.poll(() => anna.count()).toBe(0)
    const { body } = await gateway.api('GET', 'users')
    expect(body.items.map(({ name }: { name: string }) => name)).toEqual(['mia'])
  })

  test('bans a network with a reason and an end, a device, and lifts', async () => {
    const gateway = await startTestGateway()
    const { device } = await gateway.readyDevice('greenhouse-1')
    const page = await openAccess(gateway)
    const bans = card(page, 'Bans')
    await bans.getByText('Nobody is banned.').waitFor()
    await bans.getByLabel('Whom to ban').fill('203.0.113.0/24')
    await bans.getByLabel('How long').selectOption('1 hour')
    await bans.getByLabel('Reason of the ban').fill('guesses tokens')
    await bans.getByRole('button', { name: 'Ban', exact: true }).click()
    const network = bans.getByRole('listitem').filter({ hasText: '203.0.113.0/24' })
    await network.getByText('guesses tokens').waitFor()
    await network.getByText(/^59 min left$/).waitFor()
    await bans.getByLabel('What to ban').selectOption('device')
    await bans.getByLabel('Whom to ban').fill('greenhouse-1')
    await bans.getByRole('button', { name: 'Ban', exact: true }).click()
    await bans.getByRole('link', { name: 'greenhouse-1' }).waitFor()
    await expect.poll(() => device.state).not.toBe('ready')
    await bans.getByLabel('What to ban').selectOption('address')
    await bans.getByLabel('Whom to ban').fill('127.0.0.1')
    await bans.getByRole('button', { name: 'Ban', exact: true }).click()
    await bans.getByText('You are asking from that address.').waitFor()
    await network.getByRole('button', { name: 'Lift' }).click()
    await page.getByRole('button', { name: 'Yes, lift' }).click()
    await expect.poll(() => network.count()).toBe(0)
  })

  test('replaces a signing key: add, the tokens over to it, retire', async () => {
    const gateway = await startTestGateway()
    await gateway.readyDevice('greenhouse-1')
    const page = await openAccess(gateway)
    const keys = card(page, 'Signing keys')
    await keys.getByText('1 live token', { exact: true }).waitFor()
    await keys.getByRole('button', { name: 'Add a key' }).click()
    await page.getByRole('button', { name: 'Yes, add a key' }).click()
    await keys.getByText('The new key signs from now on').waitFor()
    const old = keys.getByRole('listitem').filter({ hasText: '1 live token' })
    await old.getByRole('button', { name: 'Replace its tokens' }).click()
    await keys.getByText(/^Rotations begun: 1\./).waitFor()
    await old.getByRole('button', { name: 'Retire' }).click()
    await page.getByRole('button', { name: 'Yes, retire' }).click()
    await keys.getByText('The key is gone. Tokens revoked with it: 1.').waitFor()
    await expect.poll(() => keys.getByRole('listitem').count()).toBe(1)
  })
})

describeWithBrowser('a person', () => {
  test('changes the own password; the other browser is logged out, this one goes on', async () => {
    const gateway = await startTestGateway()
    const page = await adminPage(gateway)
    const other = await logIn(gateway, 'mia', PASSWORD)
    await page.getByRole('button', { name: 'Your account' }).click()
    const dialog = page.getByRole('dialog')
    const fill = async (current: string, next: string, again = next) => {
      await dialog.getByLabel('Present password').fill(current)
      await dialog.getByLabel('New password').fill(next)
      await dialog.getByLabel('The same again').fill(again)
      await dialog.getByRole('button', { name: 'Change password' }).click()
    }
    await fill(PASSWORD, 'another harbour lantern', 'another harbour lamp')
    await dialog.getByText('The two new passwords differ.').waitFor()
    await fill('wrong', 'another harbour lantern')
    await dialog.getByText('The present password is wrong.').waitFor()
    await fill(PASSWORD, 'another harbour lantern')
    await dialog.getByText('Your password is changed.').waitFor()
    await other.getByRole('button', { name: 'Log in' }).waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    await page.getByText('Live', { exact: true }).waitFor()
    await page.reload()
    await page.getByText('No device yet').waitFor()
    await logIn(gateway, 'mia', 'another harbour lantern')
  })

  test('logs out everywhere else', async () => {
    const gateway = await startTestGateway()
    const page = await adminPage(gateway)
    const other = await logIn(gateway, 'mia', PASSWORD)
    await page.getByRole('button', { name: 'Your account' }).click()
    await page.getByRole('button', { name: 'Log out everywhere else' }).click()
    await page.getByText('Logged out elsewhere: 1.').waitFor()
    await other.getByRole('button', { name: 'Log in' }).waitFor()
    await page.getByRole('button', { name: 'Log out everywhere else' }).click()
    await page.getByText('You are logged in nowhere else.').waitFor()
  })
})

describeWithBrowser('the page of the audit', () => {
  const open = async (gateway: TestGateway) => {
    const page = await adminPage(gateway)
    await page.goto(`${urlOf(gateway)}/#/audit`)
    await page.locator('.audit-entry', { hasText: 'Log in by link' }).waitFor()
    return page
  }
  const shown = (page: Page) => page.locator('.audit-entry')

  test('says who did what, also what was refused, and links to the device', async () => {
    const gateway = await startTestGateway()
    await gateway.enrol('greenhouse-1')
    const { body } = await gateway.api('POST', 'api-keys', { name: 'looker', role: 'viewer' })
    await gateway.api('DELETE', 'devices/greenhouse-1', undefined, body.key)
    const page = await open(gateway)
    const refused = shown(page).filter({ hasText: 'Delete device' })
    await refused.getByText('not allowed').waitFor()
    expect(await refused.locator('.audit-who').textContent()).toContain('looker')
    expect(await refused.textContent()).toContain('127.0.0.1')
    await shown(page)
      .filter({ hasText: /looker\s*role viewer/ })
      .waitFor()
    await shown(page).filter({ hasText: 'Add device' }).getByRole('link', { name: 'greenhouse-1' }).click()
    await page.getByRole('heading', { name: 'greenhouse-1' }).waitFor()
  })

  test('filters by who, what, device, outcome and time; older ones come when asked for', async () => {
    const gateway = await startTestGateway()
    for (let i = 0; i < 60; i++) await gateway.api('POST', 'devices', { id: `d${i}` })
    await gateway.api('DELETE', 'devices/none')
    const page = await open(gateway)
    await page.getByText('50 shown, there are more').waitFor()
    await page.getByRole('button', { name: 'Show older entries' }).click()
    await page.getByText(/^6\d shown$/).waitFor()
    await page.getByLabel('Outcome').selectOption('refused')
    await page.getByText('1 shown', { exact: true }).waitFor()
    expect(await shown(page).textContent()).toContain('Delete device')
    await page.getByLabel('Outcome').selectOption('all')
    await page.getByRole('textbox', { name: 'Device' }).fill('d7')
    await page.getByRole('textbox', { name: 'Device' }).press('Enter')
    await page.getByText('1 shown', { exact: true }).waitFor()
    await page.locator('select[name=action]').selectOption('Delete device')
    await page.getByText('Nothing found').waitFor()
    await page.getByRole('textbox', { name: 'Device' }).fill('')
    await page.getByLabel('Who').fill('key:environment')
    await page.getByLabel('When').selectOption('the last hour')
    await page.getByText('1 shown', { exact: true }).waitFor()
  })

  test('keeps what is being typed while the list is read anew', async () => {
    const gateway = await startTestGateway()
    const page = await open(gateway)
    const held = Promise.withResolvers<void>()
    await page.route('**/api/v1/audit?*', async (route) => {
      await held.promise
      await route.continue()
    })
    await page.getByLabel('Outcome').selectOption('refused')
    await page.getByRole('textbox', { name: 'Device' }).fill('d7')
    held.resolve()
    await page.getByText('Nothing found').waitFor()
    expect(await page.getByRole('textbox', { name: 'Device' }).inputValue()).toBe('d7')
  })

  test('shows new entries when asked, and saves what is shown', async () => {
    const gateway = await startTestGateway()
    const page = await open(gateway)
    await gateway.api('POST', 'devices', { id: 'greenhouse-1', tags: ['=1+1'] })
    await page.getByRole('button', { name: 'Look for new entries' }).click()
    await shown(page).filter({ hasText: 'Add device' }).waitFor()
    const save = async (name: string) => {
      const saved = page.waitForEvent('download')
      await page.getByRole('button', { name }).click()
      return readFile(await (await saved).path(), 'utf8')
    }
    const csv = await save('Save as CSV')
    expect(csv.split('\r\n')[0]).toBe('id,at,actor,action,target,device,outcome,address,detail')
    expect(csv).toMatch(/,key:environment,createDevice,devices\/greenhouse-1,greenhouse-1,ok,127\.0\.0\.1,/)
    const lines = (await save('as NDJSON')).trimEnd().split('\n')
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ action: 'createDevice', device: 'greenhouse-1' })
    expect(lines).toHaveLength(await shown(page).count())
  })

  test('is for admins alone', async () => {
    const gateway = await startTestGateway()
    const { body } = await gateway.api('POST', 'users', { name: 'otto', role: 'operator' })
    await gateway.api('POST', 'session/link', { token: body.link.token, name: 'otto', password: PASSWORD }, '')
    const page = await logIn(gateway, 'otto', PASSWORD)
    await page.goto(`${urlOf(gateway)}/#/audit`)
    await page.getByText('Only admins see this page').waitFor()
    expect(await page.getByRole('link', { name: 'Audit' }).count()).toBe(0)
  })
})
