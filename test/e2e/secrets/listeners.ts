import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import type { Operator, Said } from './operator.ts'

const CHANNELS = [
  'fleet',
  'telemetry',
  'events',
  'commands',
  'batches',
  'telemetry:a',
  'logs:a',
  'events:a',
  'commands:a',
]

/** Everything that the live socket says to whoever may hear all of it. */
export async function listenLive(operator: Operator, headers: Record<string, string>, heard: Said[]): Promise<void> {
  const socket = new WebSocket(`${operator.origin.replace('https', 'wss')}/live/v1`, { headers, ca: operator.ca })
  onTestFinished(() => socket.terminate())
  socket.on('message', (data) => heard.push({ what: 'live frame', text: String(data) }))
  socket.on('error', () => {}) // the gateway is killed under it
  await once(socket, 'open')
  for (const channel of CHANNELS) socket.send(JSON.stringify({ type: 'subscribe', channel }))
}

export interface HeardDevice {
  readonly socket: WebSocket
  readonly frames: string[]
  /** The status of a refusal; undefined when it was let in. */
  readonly status: number | undefined
  say(message: object | string | Buffer): void
  until(type: string): Promise<Record<string, unknown>>
}

/** A device played by hand; resolves also when it is refused. */
export async function connectDevice(operator: Operator, token: string, path = '/device/v1'): Promise<HeardDevice> {
  const headers = { authorization: `Bearer ${token}` }
  const url = `${operator.origin.replace('https', 'wss')}${path}`
  const socket = new WebSocket(url, ['fairlead.v1'], { headers, ca: operator.ca })
  onTestFinished(() => socket.terminate())
  const frames: string[] = []
  socket.on('message', (data) => frames.push(String(data)))
  socket.on('error', () => {}) // its close follows
  const status = await new Promise<number | undefined>((resolve) => {
    socket.once('open', () => resolve(undefined))
    socket.once('unexpected-response', (_request, response) => {
      response.resume()
      resolve(response.statusCode)
    })
  })
  const find = (type: string) =>
    frames.map((text) => JSON.parse(text) as Record<string, unknown>).find((frame) => frame.type === type)
  return {
    socket,
    frames,
    status,
    say: (message) =>
      socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message)),
    async until(type) {
      for (let found = find(type); ; found = find(type)) {
        if (found !== undefined) return found
        await once(socket, 'message')
      }
    },
  }
}

/** Says hello and waits for the welcome. */
export async function welcomedDevice(operator: Operator, token: string): Promise<HeardDevice> {
  const device = await connectDevice(operator, token)
  device.say({ type: 'hello', boot: `boot-${Date.now()}`, firmware: '1', model: 'hand', capabilities: ['x'] })
  await device.until('welcome')
  return device
}
