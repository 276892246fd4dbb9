import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SqliteRegistry } from '../../gateway/adapters/sqlite/registry.ts'
import { adminPage, describeWithBrowser } from '../helpers/browser.ts'
import { startTestGateway, temporaryDirectory } from '../helpers/start-gateway.ts'

const DEVICES = 10_000

/** As a gateway of yesterday left them: added through the registry, whose commits are shared. */
async function fleetOnDisk(): Promise<string> {
  const dataDir = await temporaryDirectory()
  const registry = new SqliteRegistry({ file: join(dataDir, 'fairlead.db') })
  await registry.start()
  const ids = Array.from({ length: DEVICES }, (_, at) => `device-${String(at).padStart(5, '0')}`)
  const createdAtMs = Date.now()
  const add = (id: string) =>
    registry.createDevice(
      { id, model: `model-${id.at(-1)}`, tags: [`t${id.at(-2)}`], createdAtMs },
      { id: 'first', device: id, createdAtMs },
    )
  for (let first = 0; first < DEVICES; first += 1_000) await Promise.all(ids.slice(first, first + 1_000).map(add))
  await registry.stop()
  return dataDir
}

describeWithBrowser('a fleet of 10,000', () => {
  test('is listed, scrolled and searched; the times are printed', async () => {
    const gateway = await startTestGateway({ dataDir: await fleetOnDisk() })
    const page = await adminPage(gateway, { viewport: { width: 1360, height: 860 } })
    await page.getByText('10,000 devices').waitFor()
    expect(await page.getByRole('row').count()).toBeLessThan(60)

    const scroll = (await page.evaluate(SCROLL)) as { frames: number; worstMs: number; medianMs: number }
    console.log(
      `10,000 devices, scrolling: ${scroll.frames} frames, median ${scroll.medianMs} ms, worst ${scroll.worstMs} ms`,
    )
    await page.getByRole('row', { name: 'device-09999' }).waitFor()

    const searchMs = (await page.evaluate(SEARCH)) as number[]
    console.log(`10,000 devices, search, ms from key to paint: ${searchMs.join(', ')}`)
    await page.getByText('1 of 10,000').waitFor()
    await page.getByRole('row', { name: 'device-07421' }).waitFor()
  })
})

/** Scrolls to the end over two seconds and looks at each frame. Runs in the page, so it is a text. */
const SCROLL = `new Promise((done) => {
  const box = document.querySelector('.rows')
  const times = []
  let last = performance.now()
  const start = last
  const step = (now) => {
    times.push(now - last)
    last = now
    box.scrollTop = Math.min(1, (now - start) / 2000) * box.scrollHeight
    if (now - start < 2100) return requestAnimationFrame(step)
    const sorted = times.sort((a, b) => a - b)
    const round = (ms) => Math.round(10 * ms) / 10
    done({ frames: times.length, worstMs: round(sorted.at(-1)), medianMs: round(sorted[sorted.length >> 1]) })
  }
  requestAnimationFrame(step)
})`

/** Types letter by letter; a letter's time ends with the frame that shows what it found. */
const SEARCH = `(async () => {
  const input = document.querySelector('input[type=search]')
  const times = []
  for (const text of ['0', '07', '074', '0742', '07421']) {
    const from = performance.now()
    input.value = text
    input.dispatchEvent(new Event('input', { bubbles: true }))
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
    times.push(Math.round(performance.now() - from))
  }
  return times
})()`
