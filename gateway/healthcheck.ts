import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { join } from 'node:path'

/**
 * Exit code 0 when the gateway of this data directory answers /readyz with 200, else 1 and the reason. For container
 * engines and scripts on the same machine; everybody else asks /readyz themselves.
 */

/** Less than a container engine waits, so that the reason is seen and not a kill. */
const ANSWER_MAX_MS = 4_000

interface RunFile {
  readonly url: string
  readonly ca?: string
}

/** The gateway's own certificate is enough to trust it here, whatever name it was made for. */
function trust(run: RunFile): https.RequestOptions {
  const path = process.env.FAIRLEAD_TLS_CERT ?? run.ca
  if (path === undefined) return {}
  return { ca: readFileSync(path), allowPartialTrustChain: true, checkServerIdentity: () => undefined }
}

function askReadiness(run: RunFile): Promise<string> {
  const url = new URL('/readyz', run.url.replace(/^ws/, 'http'))
  return new Promise((resolve, reject) => {
    const options = { signal: AbortSignal.timeout(ANSWER_MAX_MS), agent: false }
    const answered = (response: http.IncomingMessage) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        if (response.statusCode === 200) resolve(text)
        else reject(new Error(`${response.statusCode}: ${text}`))
      })
    }
    const request =
      url.protocol === 'https:'
        ? https.get(url, { ...options, ...trust(run) }, answered)
        : http.get(url, options, answered)
    request.on('error', reject)
  })
}

try {
  const runFile = join(process.env.FAIRLEAD_DATA_DIR ?? './data', 'run.json')
  console.log(await askReadiness(JSON.parse(readFileSync(runFile, 'utf8'))))
} catch (error) {
  console.error(`not ready: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
