import { once } from 'node:events'
import { expect, onTestFinished } from 'vitest'
import WebSocket from 'ws'
import type { LiveMessage } from '../../protocol/live.ts'
import type { TestGateway } from './start-gateway.ts'

type Of<Type extends LiveMessage['type']> = LiveMessage & { readonly type: Type }

/** What a page does with the live socket, and what it hears. */
export class LivePage {
  readonly heard: LiveMessage[] = []
  readonly socket: WebSocket
  /** The close code, once it is closed. */
  closed: number | undefined

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data) => this.heard.push(JSON.parse(String(data)) as LiveMessage))
    socket.on('close', (code) => {
      this.closed = code
    })
  }

  say(message: object): void {
    this.socket.send(JSON.stringify(message))
  }
  subscribe(channel: string, cursor?: string): void {
    this.say({ type: 'subscribe', channel, cursor })
  }

  of<Type extends LiveMessage['type']>(type: Type): Of<Type>[] {
    return this.heard.filter((message): message is Of<Type> => message.type === type)
  }
  /** Every item of a channel so far, of snapshots and changes, in order. */
  items(channel: string): Record<string, unknown>[] {
    const isOf = (message: LiveMessage) => 'channel' in message && message.channel === channel
    return this.heard.filter(isOf).flatMap((message) => ('items' in message ? message.items : [])) as never
  }
  /** Where it stands in a channel. */
  cursor(channel: string): string | undefined {
    const last = this.heard.findLast((message) => 'cursor' in message && message.channel === channel)
    return last && 'cursor' in last ? last.cursor : undefined
  }

  async until(what: () => unknown): Promise<void> {
    await expect.poll(what, { timeout: 15_000 }).toBeTruthy()
  }
}

export interface PageOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly path?: string
}

/** A page with this key or cookie; closed with the test. */
export async function openPage(gateway: TestGateway, options: PageOptions): Promise<LivePage> {
  const socket = socketTo(gateway, options)
  const page = new LivePage(socket)
  await once(socket, 'open')
  await page.until(() => page.of('welcome').length > 0)
  return page
}

/** The status that the upgrade is refused with. */
export async function refusedPage(gateway: TestGateway, options: PageOptions): Promise<number | undefined> {
  const socket = socketTo(gateway, options)
  socket.on('error', () => {})
  const [, response] = await once(socket, 'unexpected-response')
  response.resume()
  return response.statusCode
}

function socketTo(gateway: TestGateway, { headers, path = '/live/v1' }: PageOptions): WebSocket {
  const socket = new WebSocket(`wss://127.0.0.1:${gateway.port}${path}`, { headers, ca: gateway.ca })
  onTestFinished(() => socket.terminate())
  return socket
}
