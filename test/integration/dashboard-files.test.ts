import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, expectProblem, type RunningApi, runApi } from '../helpers/rest.ts'

const BUILT = resolve(import.meta.dirname, '../../dashboard/dist')
/** Everything that the page loads: quick also over a phone's line. */
const GZIP_MAX_BYTES = 120_000

const html = { headers: { authorization: '', accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } }
const files = () => readdirSync(join(BUILT, 'assets')).filter((name) => /\.(js|css)$/.test(name))

describe('the built dashboard', () => {
  let api: RunningApi
  beforeAll(async () => {
    api = await runApi(undefined, { dashboardDir: BUILT })
  })
  afterAll(() => api.close())

  test(`is at most ${GZIP_MAX_BYTES / 1000} kB, compressed`, () => {
    const sizes = ['index.html', ...files().map((name) => `assets/${name}`)].map((name) => ({
      name,
      bytes: gzipSync(readFileSync(join(BUILT, name)), { level: 9 }).length,
    }))
    const bytes = sizes.reduce((sum, one) => sum + one.bytes, 0)
    console.log(`dashboard: ${bytes} bytes gzip in ${sizes.length} files`)
    expect(sizes.length).toBeGreaterThanOrEqual(3)
    expect(bytes).toBeLessThanOrEqual(GZIP_MAX_BYTES)
  })

  test('is a page for a browser that is always asked for anew, and files that are kept for a year', async () => {
    const page = await ask(api, 'GET', '/', html)
    expect(page.status).toBe(200)
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(page.body).not.toMatch(/<script(?![^>]*src=)|<style|\son\w+=/)
    for (const name of files()) {
      const file = await ask(api, 'GET', `/assets/${name}`, html)
      expect(file.status).toBe(200)
      expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
      expect(file.headers.get('x-content-type-options')).toBe('nosniff')
    }
  })

  test('is compressed for who can read it', async () => {
    const [name = ''] = files()
    const headers = { ...html.headers, 'accept-encoding': 'br' }
    expect((await ask(api, 'GET', `/assets/${name}`, { headers })).headers.get('content-encoding')).toBe('br')
  })

  test('gives nothing but its own files', async () => {
    for (const path of ['/assets/none.js', '/assets/..%2findex.html', '/assets/..%2f..%2fbuild.js', '/assets/']) {
      expect((await ask(api, 'GET', path, html)).status, path).toBe(404)
    }
    expectProblem(await ask(api, 'POST', '/', { text: '{}' }), 405, 'method_not_allowed')
  })

  test('is an index of addresses for programs', async () => {
    const answer = await ask(api, 'GET', '/', { headers: { authorization: '', accept: '*/*' } })
    expect(answer.body).toMatchObject({ name: 'fairlead', openapi: '/api/v1/openapi.json' })
  })
})

test('a dashboard that is not built says what to run, and the rest works', async () => {
  await using api = await runApi(undefined, { dashboardDir: '/nonexistent' })
  const page = await ask(api, 'GET', '/', html)
  expect(page.status).toBe(503)
  expect(page.body).toContain('npm run build')
  expectProblem(await ask(api, 'GET', '/assets/index.js', html), 404, 'route_not_found')
  expect((await ask(api, 'GET', '/api/v1/devices')).status).toBe(200)
})
