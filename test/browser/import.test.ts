import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { adminPage, describeWithBrowser } from '../helpers/browser.ts'
import { startTestGateway } from '../helpers/start-gateway.ts'

const file = (text: string, name = 'fleet.csv') => ({ name, mimeType: 'text/csv', buffer: Buffer.from(text) })

async function choose(page: Page, text: string, name?: string): Promise<void> {
  await page.getByRole('button', { name: 'Import', exact: true }).click()
  await page.locator('.drop input').setInputFiles(file(text, name))
}

/** What the browser writes when the button is pressed. */
async function downloaded(page: Page, button: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: button }).first().click(),
  ])
  return readFile(await download.path(), 'utf8')
}

describeWithBrowser('devices from a file', () => {
  test('are looked through first, each line with what becomes of it, then added; their tokens are downloaded', async () => {
    const gateway = await startTestGateway()
    await gateway.enrol('pump-7')
    const page = await adminPage(gateway)
    await choose(page, 'id,model,tags\npump-8,esp32,yard;north\npump-7,esp32,\n../x,esp32,\npump-9,,\npump-8,,\n')
    await page.getByText('fleet.csv: 2 devices would be added, 3 refused').waitFor()
    const lines = page.getByRole('table', { name: 'Lines of the file' }).getByRole('row')
    await lines.filter({ hasText: /^2pump-8would be added$/ }).waitFor()
    await lines.filter({ hasText: /^3pump-7A device with this id exists already\.$/ }).waitFor()
    await lines.filter({ hasText: /^6pump-8An earlier line has this id\.$/ }).waitFor()
    await page.getByText('Show the 3 refused alone').click()
    await expect.poll(() => lines.count()).toBe(4)
    expect((await gateway.api('GET', 'devices')).body.items).toHaveLength(1)

    await page.getByRole('button', { name: 'Add 2 devices' }).click()
    await page.getByText('fleet.csv: 2 devices added, 3 refused').waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    await page.locator('dialog').waitFor({ state: 'detached' })
    await page.getByText('The tokens of 2 new devices are nowhere but on this page.').waitFor()
    const [heading, ...rows] = (await downloaded(page, 'Download the tokens')).trim().split('\n')
    expect(heading).toBe('id,token')
    expect(rows.map((row) => row.split(',')[0])).toEqual(['pump-8', 'pump-9'])
    await page.getByRole('row', { name: 'pump-8' }).filter({ hasText: 'esp32' }).getByText('yard').waitFor()
    const device = gateway.device(rows[0]?.split(',')[1] ?? '')
    device.start()
    await device.ready
    await page.getByRole('row', { name: 'pump-8' }).getByText('online').waitFor()
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByText(/^The tokens of/).waitFor({ state: 'detached' })
  })

  test('a large file goes in parts; what exports write is taken, also when it is dropped', async () => {
    const gateway = await startTestGateway()
    const page = await adminPage(gateway)
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    const transfer = await page.evaluateHandle(`(() => {
      const transfer = new DataTransfer()
      const lines = Array.from({ length: 1500 }, (_, n) => JSON.stringify({ id: 'd' + n, counters: {} }) + '\\n')
      transfer.items.add(new File(lines, 'devices.ndjson'))
      return transfer
    })()`)
    await page.locator('.drop').dispatchEvent('drop', { dataTransfer: transfer })
    await page.getByRole('button', { name: 'Add 1,500 devices' }).click()
    await page.getByText('devices.ndjson: 1,500 devices added').waitFor()
    expect(await page.getByRole('table', { name: 'Lines of the file' }).getByRole('row').count()).toBeLessThan(60)
    const rows = (await downloaded(page, 'Download the tokens')).trim().split('\n')
    expect(rows).toHaveLength(1_501)
    expect(new Set(rows).size).toBe(1_501)
    await page.getByText('1,500 devices', { exact: true }).waitFor()
  })

  test('that cannot be used as a whole say why, and change nothing', async () => {
    const gateway = await startTestGateway()
    const page = await adminPage(gateway)
    await choose(page, 'id,colour\na,red\n')
    await page.getByText(/The heading names "colour"/).waitFor()
    await page.locator('.drop input').setInputFiles({
      name: 'latin.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from('id,notes\na,T\xfcr\n', 'latin1'),
    })
    await page.getByText('latin.csv is not UTF-8. Save it as CSV in UTF-8.').waitFor()
    await page.locator('.drop input').setInputFiles(file(''))
    await page.getByText('There is no device in fleet.csv.').waitFor()
    expect((await gateway.api('GET', 'devices')).body.items).toEqual([])
  })

  test('a part whose answer was lost is asked for again under the same key, and the rest follows', async () => {
    const gateway = await startTestGateway()
    const page = await adminPage(gateway)
    await choose(page, 'id\na\nb\n')
    await page.getByText('2 devices would be added').waitFor()
    const keys: (string | undefined)[] = []
    await page.route('**/devices/import?dry_run=false', async (route) => {
      keys.push((await route.request().allHeaders())['idempotency-key'])
      if (keys.length > 1) return route.continue()
      return route.abort('connectionreset')
    })
    await page.getByRole('button', { name: 'Add 2 devices' }).click()
    await page.getByText('The gateway cannot be reached.').waitFor()
    await page.getByRole('button', { name: 'Go on with part 1' }).click()
    await page.getByText('2 devices added').waitFor()
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/)
    expect(keys[1]).toBe(keys[0])
  })

  test('a part that was added, and whose answer never came, is not added twice; the page says what to do', async () => {
    const gateway = await startTestGateway()
    const page = await adminPage(gateway)
    await choose(page, 'id\na\nb\n')
    let asked = 0
    await page.route('**/devices/import?dry_run=false', async (route) => {
      asked += 1
      if (asked > 1) return route.continue()
      await route.fetch()
      return route.abort('connectionreset')
    })
    await page.getByRole('button', { name: 'Add 2 devices' }).click()
    await page.getByRole('button', { name: 'Go on with part 1' }).click()
    await page.getByText(/the answer with their tokens was lost: issue new ones on their pages/).waitFor()
    expect((await gateway.api('GET', 'devices')).body.items).toHaveLength(2)
  })

  test('the page warns before tokens are lost, and nobody else who logs in sees them', async () => {
    const gateway = await startTestGateway()
    const page = await adminPage(gateway)
    await choose(page, 'id\na\n')
    await page.getByRole('button', { name: 'Add 1 device' }).click()
    await page.getByText('1 device added').waitFor()
    let asked = ''
    page.once('dialog', (dialog) => {
      asked = dialog.type()
      return dialog.dismiss()
    })
    await page.close({ runBeforeUnload: true })
    await expect.poll(() => asked).toBe('beforeunload')
    await page.getByRole('button', { name: 'Close' }).click()
    const { body } = await gateway.api('POST', 'users', { name: 'otto', role: 'admin' })
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByLabel('Password').waitFor()
    await page.evaluate(`location.hash = '#/welcome/${body.link.token}'`)
    await page.getByLabel('New password').fill('quiet harbour lantern 7')
    await page.getByLabel('The same again').fill('quiet harbour lantern 7')
    await page.getByRole('button', { name: 'Set password and log in' }).click()
    await page.evaluate(`location.hash = '#/'`)
    await page.getByRole('row', { name: 'a', exact: false }).first().waitFor()
    expect(await page.getByText(/^The tokens of/).count()).toBe(0)
  })
})

describeWithBrowser('an export from the page', () => {
  test('holds the devices that the list shows', async () => {
    const gateway = await startTestGateway()
    for (const id of ['attic-1', 'attic-2', 'cellar-1'])
      await gateway.api('POST', 'devices', { id, model: 'esp32', tags: id.startsWith('attic') ? ['north'] : [] })
    const page = await adminPage(gateway)
    await page.getByLabel('Search devices').fill('NORTH tic-2')
    await page.getByText('1 of 3').waitFor()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Export' }).click(),
    ])
    expect(download.suggestedFilename()).toBe('devices.csv')
    const lines = (await readFile(await download.path(), 'utf8')).trim().split('\r\n')
    expect(lines.map((line) => line.split(',')[0])).toEqual(['id', 'attic-2'])
  })
})
