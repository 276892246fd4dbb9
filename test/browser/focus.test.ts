import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { adminPage, describeWithBrowser } from '../helpers/browser.ts'
import { startTestGateway, type TestGateway } from '../helpers/start-gateway.ts'

async function devicePage(gateway: TestGateway): Promise<Page> {
  const page = await adminPage(gateway)
  await page.getByRole('row', { name: 'pump-1' }).getByRole('link').click()
  await page.getByRole('heading', { name: 'pump-1' }).waitFor()
  return page
}

describeWithBrowser('the focus', () => {
  test('goes back to the button when its window is answered', async () => {
    const gateway = await startTestGateway()
    await gateway.enrol('pump-1')
    const page = await devicePage(gateway)
    const isFocused = (name: string) => page.locator(':focus', { hasText: name }).waitFor()
    await page.getByRole('button', { name: 'Delete' }).press('Enter')
    await page.getByRole('button', { name: 'No', exact: true }).press('Enter')
    await isFocused('Delete')
    await page.getByRole('button', { name: 'Edit', exact: true }).press('Enter')
    await page.getByRole('dialog').getByLabel('Notes').fill('behind the door')
    await page.getByRole('button', { name: 'Save' }).press('Enter')
    await page.locator('.notes', { hasText: 'behind the door' }).waitFor()
    await isFocused('Edit')
  })

  test('stays in the form of the settings, ready for the next one', async () => {
    const gateway = await startTestGateway()
    await gateway.enrol('pump-1')
    const page = await devicePage(gateway)
    await page.getByRole('heading', { name: 'Settings' }).click()
    await page.getByLabel('Key').fill('interval_s')
    await page.getByLabel('Value').fill('30')
    await page.getByLabel('Value').press('Enter')
    await page.getByText('"interval_s": 30').waitFor()
    await page.getByText('not taken yet').waitFor()
    await expect.poll(() => page.getByLabel('Key').inputValue()).toBe('')
    expect(await page.locator('.setting-form :focus').count()).toBe(1)
  })

  test('stays on a part of the presence while time goes on', async () => {
    const gateway = await startTestGateway()
    await gateway.enrol('pump-1')
    const page = await devicePage(gateway)
    const first = page.locator('.strip .part').first()
    await first.focus()
    const label = await first.getAttribute('aria-label')
    await expect.poll(() => first.getAttribute('aria-label')).not.toBe(label)
    expect(await page.locator('.strip .part:focus').count()).toBe(1)
  })
})
