import { readFile } from 'node:fs/promises'
import https from 'node:https'
import type { GatewayAddress } from './gateway-process.ts'

const ANSWER_MAX_MS = 10_000

/** The dashboard's address with a login that works once; the secret stands behind `#`, which browsers send to nobody. */
export async function loginLink({ url, ca }: GatewayAddress, adminKey: string): Promise<string> {
  const headers = { authorization: `Bearer ${adminKey}` }
  const options = { method: 'POST', headers, ca: await readFile(ca), agent: false, timeout: ANSWER_MAX_MS }
  const text = await new Promise<string>((resolve, reject) => {
    const request = https.request(`${url}/api/v1/login-link`, options, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        body += chunk
      })
      response.on('end', () => resolve(body))
      response.on('error', reject)
    })
    request.on('timeout', () => request.destroy(new Error('the gateway does not answer')))
    request.on('error', reject)
    request.end()
  })
  const { token } = JSON.parse(text) as { token?: unknown }
  if (typeof token !== 'string') throw new Error(`no login link: ${text}`)
  return `${url}/#/welcome/${token}`
}
