import { connectTls } from './raw-sockets.ts'
import type { TestGateway } from './start-gateway.ts'

/** The headers of a handshake that lacks nothing but its token. */
export const GOOD_HANDSHAKE: Readonly<Record<string, string>> = {
  Host: 'gateway',
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol': 'fairlead.v1',
}

export interface RawHandshake {
  readonly method?: string
  readonly target?: string
  /** Over those of a good one; undefined leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly token?: string
}

/** The request as bytes. */
export function handshakeText({ method = 'GET', target = '/device/v1', headers = {}, token }: RawHandshake): string {
  const bearer = token === undefined ? {} : { Authorization: `Bearer ${token}` }
  const lines = Object.entries({ ...GOOD_HANDSHAKE, ...bearer, ...headers })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`)
  return `${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`
}

/** Sends a handshake as it stands and returns the answer as text; a connection that was taken is cut at its 101. */
export function shakeHands(gateway: TestGateway, request: RawHandshake): Promise<string> {
  return answerTo(gateway, handshakeText(request))
}

/** What comes back until the gateway closes, or its 101. */
export async function answerTo(gateway: TestGateway, bytes: string): Promise<string> {
  const socket = await connectTls(gateway.port, gateway.ca)
  const answer = new Promise<string>((resolve) => {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (text.includes(' 101 ')) socket.destroy()
    })
    socket.on('close', () => resolve(text))
  })
  socket.write(bytes)
  return answer
}

export const statusOf = (answer: string) => Number(answer.split(' ')[1])
