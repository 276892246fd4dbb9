import { readFile } from 'node:fs/promises'
import https from 'node:https'

export interface Said {
  readonly what: string
  readonly text: string
}

export interface Reply {
  readonly status: number
  readonly cookie: string
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its expectations what the answer is
  readonly body: any
}

interface Asking {
  readonly body?: unknown
  readonly text?: string
  readonly headers?: Readonly<Record<string, string>>
  /** It shows a secret this once: it is not kept for the search. */
  readonly shows?: boolean
}

/** Asks a gateway and keeps every answer whole, with its headers, for the search. */
export class Operator {
  readonly answers: Said[] = []
  readonly origin: string
  readonly #ca: Buffer

  constructor(origin: string, ca: Buffer) {
    this.origin = origin
    this.#ca = ca
  }

  static async at({ url, ca }: { url: string; ca: string }): Promise<Operator> {
    return new Operator(url.replace('localhost', '127.0.0.1'), await readFile(ca))
  }

  get ca(): string {
    return this.#ca.toString()
  }

  ask(who: string, method: string, path: string, asking: Asking = {}): Promise<Reply> {
    const { body, text = body === undefined ? undefined : JSON.stringify(body), shows = false } = asking
    const key: Record<string, string> = who.startsWith('flk_') ? { authorization: `Bearer ${who}` } : {}
    const cookie: Record<string, string> = who.startsWith('__Host') ? { cookie: who, origin: this.origin } : {}
    const type: Record<string, string> = text === undefined ? {} : { 'content-type': 'application/json' }
    const headers = { ...key, ...cookie, ...type, ...asking.headers }
    const url = `${this.origin}${path.startsWith('/') ? path : `/api/v1/${path}`}`
    return new Promise((resolve, reject) => {
      const request = https.request(url, { method, headers, ca: this.#ca, agent: false }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const answer = Buffer.concat(chunks).toString()
          const what = `answer ${response.statusCode} of ${method} ${path.slice(0, 60)}`
          if (!shows) this.answers.push({ what, text: JSON.stringify(response.headers) + answer })
          const set = String(response.headers['set-cookie'] ?? '').split(';', 1)[0] ?? ''
          resolve({ status: response.statusCode ?? 0, cookie: set, body: parsed(answer) })
        })
      })
      request.on('error', reject)
      request.end(text)
    })
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
