import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { SqliteRegistry } from '../../gateway/adapters/sqlite/registry.ts'
import { describeWithBrowser, logIn, newPage } from '../helpers/browser.ts'
import { startTestGateway, temporaryDirectory } from '../helpers/start-gateway.ts'

const DEVICES = 10_000
const CHANGES_PER_S = 500
/** The gateway writes so often to a page. */
const CHANGES_EVERY_MS = 100

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

/** Mixes changes of presence into what the gateway says to the page, as it would write them; returns how to begin. */
async function addChanges(page: Page): Promise<() => void> {
  let begin = () => {}
  await page.routeWebSocket('**/live/v1', (socket) => {
    const gateway = socket.connectToServer()
    let cursor = ''
    gateway.onMessage((text) => {
      const message = JSON.parse(String(text))
      if (message.channel === 'fleet') cursor = message.cursor
      socket.send(text)
    })
    begin = () => {
      let session = 1
      const timer = setInterval(() => {
        session += 1
        const items = Array.from({ length: (CHANGES_PER_S * CHANGES_EVERY_MS) / 1_000 }, (_, at) => ({
          id: `device-${String((session * 7_919 + at * 613) % DEVICES).padStart(5, '0')}`,
          ...{ state: at % 2 === 0 ? 'online' : 'offline', reason: 'connection_lost', node: 'node-1' },
          ...{ session, since: Date.now() },
        }))
        socket.send(JSON.stringify({ type: 'changes', channel: 'fleet', cursor, items }))
      }, CHANGES_EVERY_MS)
      onTestFinished(() => clearInterval(timer))
    }
  })
  return () => begin()
}

interface Frames {
  readonly frames: number
  readonly worstMs: number
  readonly medianMs: number
}

async function measure(page: Page, what: string): Promise<void> {
  const { frames, medianMs, worstMs } = (await page.evaluate(SCROLL)) as Frames
  console.log(`10,000 devices${what}, scrolling: ${frames} frames, median ${medianMs} ms, worst ${worstMs} ms`)
  await page.locator(`.row[aria-rowindex="${DEVICES + 1}"]`).waitFor()
  const searchMs = (await page.evaluate(SEARCH)) as number[]
  console.log(`10,000 devices${what}, search, ms from key to paint: ${searchMs.join(', ')}`)
  await page.getByText('1 of 10,000').waitFor()
  await page.getByRole('row', { name: 'device-07421' }).waitFor()
}

describeWithBrowser('a fleet of 10,000', () => {
  test('is listed, scrolled and searched, at rest and while 500 devices a second come and go; the times are printed', async () => {
    const gateway = await startTestGateway({ dataDir: await fleetOnDisk() })
    const page = await newPage({ viewport: { width: 1360, height: 860 } })
    const begin = await addChanges(page)
    await logIn(page, gateway)
    await page.getByText('10,000 devices').waitFor()
    expect(await page.getByRole('row').count()).toBeLessThan(60)
    await measure(page, '')
    await page.getByLabel('Search devices').fill('')
    begin()
    await expect.poll(async () => (await page.locator('.figure[data-state=online] b').textContent()) !== '0').toBe(true)
    await measure(page, ', 500 changes/s')
    await page.getByLabel('Search devices').fill('')
    await page.getByRole('button', { name: 'State' }).click() // sorted by what changes
    await measure(page, ', 500 changes/s, sorted by state')
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
