import https from 'node:https'
import { expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../helpers/start-gateway.ts'

const DEVICES = 1_000

/** POST of a body that is no JSON. */
function post(
  gateway: TestGateway,
  path: string,
  type: string,
  text: string,
): Promise<{ status: number; text: string }> {
  const headers = { authorization: `Bearer flk_${'k'.repeat(43)}`, 'content-type': type }
  const options = { method: 'POST', headers, ca: gateway.ca, agent: false }
  return new Promise((resolve, reject) => {
    const request = https.request(`https://127.0.0.1:${gateway.port}/api/v1/${path}`, options, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: body }))
    })
    request.on('error', reject)
    request.end(text)
  })
}

test('a fleet is imported, connects with its tokens, is found by what it is, and exported', async () => {
  const gateway = await startTestGateway()
  const rows = Array.from({ length: DEVICES }, (_, i) => `pump-${i},esp32,${i % 10 ? 'south' : 'north'}`)
  const startedMs = performance.now()
  const answer = await post(gateway, 'devices/import', 'text/csv', `id,model,tags\n${rows.join('\n')}\n`)
  const importedMs = performance.now()
  const result = JSON.parse(answer.text)
  expect(result).toMatchObject({ accepted: DEVICES, refused: 0 })

  const { token } = result.items[7]
  const device = gateway.device(token)
  device.start()
  await device.ready
  await expect
    .poll(async () => (await gateway.api('GET', 'devices?state=online&tag=south')).body.items)
    .toMatchObject([{ id: 'pump-7', presence: { state: 'online' } }])
  const north = await gateway.api('GET', 'devices?tag=north&state=offline&limit=200')
  expect(north.body.items).toHaveLength(DEVICES / 10)

  const askedMs = performance.now()
  const csv = await gateway.api('GET', 'devices/export')
  expect(csv.body.trimEnd().split('\r\n')).toHaveLength(DEVICES + 1)
  const times = [importedMs - startedMs, performance.now() - askedMs].map((ms) => `${Math.round(ms)} ms`)
  console.info(`${DEVICES} devices imported in ${times[0]}, exported in ${times[1]}`)

  const again = await post(gateway, 'devices/import?dry_run=true', 'text/csv', csv.body)
  expect(JSON.parse(again.text)).toMatchObject({ accepted: 0, refused: DEVICES })
})
