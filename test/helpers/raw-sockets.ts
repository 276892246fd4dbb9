import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { onTestFinished } from 'vitest'

/**
 * A socket whose errors end the test only where it waits for something. It trusts `ca` (PEM) alone, and rejects for
 * another one.
 */
export async function connectTls(
  port: number,
  ca: string,
  options: tls.ConnectionOptions = {},
): Promise<tls.TLSSocket> {
  const socket = tls.connect({ port, host: '127.0.0.1', ca, ...options })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'secureConnect')
  socket.on('error', () => {})
  return socket
}

export async function connectPlain(port: number): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  socket.on('error', () => {})
  return socket
}

/** Everything the server says until it closes. */
export async function everything(socket: net.Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString()
  })
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve)) // also after a reset
  return text
}

/** Sends one request and waits for the answer on a socket that stays open. */
export async function askOn(socket: net.Socket, path: string): Promise<void> {
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
  let text = ''
  while (!text.includes(`hello ${path}`)) text += String((await once(socket, 'data'))[0])
}
