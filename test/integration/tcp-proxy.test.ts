import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { connectPlain } from '../helpers/raw-sockets.ts'
import { startTcpProxy } from '../helpers/tcp-proxy.ts'
import type { Toxic } from '../helpers/toxic-flow.ts'

/** A cable with a client and the server's end of it. */
async function cable(...toxics: readonly Toxic[]) {
  const server: Server = createServer({ allowHalfOpen: true })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  const proxy = await startTcpProxy(typeof address === 'object' ? (address?.port ?? 0) : 0)
  proxy.poison(...toxics)
  const accepted = once(server, 'connection')
  const near = heard(await connectPlain(proxy.port))
  const far = heard((await accepted)[0] as Socket)
  return { proxy, server, near, far }
}

/** What a socket hears. */
function heard(socket: Socket) {
  const seen = { socket, text: '', pieces: 0, firstMs: 0, ended: false, closed: false, failed: false }
  socket.on('error', () => {
    seen.failed = true
  })
  socket.on('end', () => {
    seen.ended = true
  })
  socket.on('close', () => {
    seen.closed = true
  })
  socket.on('data', (chunk: Buffer) => {
    seen.text += chunk.toString()
    seen.pieces += 1
    seen.firstMs ||= performance.now()
  })
  onTestFinished(() => void socket.destroy())
  return seen
}

test('a good cable carries bytes both ways, and one end while the other goes on', async () => {
  const { near, far } = await cable()
  near.socket.end('question')
  await expect.poll(() => far.ended).toBe(true)
  expect(far.text).toBe('question')
  far.socket.end('answer')
  await expect.poll(() => near.closed).toBe(true)
  expect([near.text, near.failed]).toEqual(['answer', false])
})

test('a large message arrives whole though its reader pauses', async () => {
  const { near, far } = await cable()
  far.socket.pause()
  const size = 20 * 1024 * 1024
  let bytes = 0
  far.socket.removeAllListeners('data')
  far.socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  near.socket.end(Buffer.alloc(size))
  setTimeout(() => far.socket.resume(), 300)
  await expect.poll(() => bytes).toBe(size)
})

test('latency: each byte comes later, in its order', async () => {
  const { near, far } = await cable({ kind: 'latency', latencyMs: 1_200, jitterMs: 100 })
  const startedMs = performance.now()
  for (let n = 0; n < 20; n += 1) near.socket.write(`${n} `)
  await expect.poll(() => far.text).toBe(Array.from({ length: 20 }, (_, n) => `${n} `).join(''))
  expect(far.firstMs - startedMs).toBeGreaterThan(1_000)
})

test('bandwidth: takes its time, and holds up the sender', async () => {
  const { near, far } = await cable({ kind: 'bandwidth', bytesPerS: 50_000 })
  const startedMs = performance.now()
  near.socket.write('x'.repeat(100_000))
  await expect.poll(() => far.text.length).toBe(100_000)
  expect(performance.now() - startedMs).toBeGreaterThan(1_500)
})

test('slicer: small pieces with pauses, of one direction alone where it says so', async () => {
  const { near, far } = await cable({ kind: 'slicer', bytes: 10, delayMs: 20, only: 'upstream' })
  near.socket.write('y'.repeat(200))
  far.socket.write('z'.repeat(200))
  await expect.poll(() => far.text.length).toBe(200)
  await expect.poll(() => near.text.length).toBe(200)
  expect(far.pieces).toBeGreaterThan(5)
  expect(near.pieces).toBe(1)
})

test('timeout without a time: every byte is swallowed and nothing is closed, until the cable is healed', async () => {
  const { proxy, near, far } = await cable()
  near.socket.write('before ')
  await expect.poll(() => far.text).toBe('before ')
  proxy.blackhole()
  near.socket.write('lost')
  far.socket.end()
  await new Promise((resolve) => setTimeout(resolve, 500)) // that nothing comes can only be waited for
  expect([far.text, near.ended, near.closed]).toEqual(['before ', false, false])
  proxy.heal()
  await expect.poll(() => near.failed).toBe(true)
})

test('timeout with a time: silence, then the end', async () => {
  const { near, far } = await cable({ kind: 'timeout', afterMs: 300 })
  near.socket.write('lost')
  await expect.poll(() => near.closed).toBe(true)
  expect(far.text).toBe('')
})

test('reset_peer: a reset to both sides', async () => {
  const { near, far } = await cable({ kind: 'reset_peer', afterMs: 200 })
  await expect.poll(() => [near.failed, far.failed]).toEqual([true, true])
})

test('limit_data: closes once so many bytes have passed', async () => {
  const { near, far } = await cable({ kind: 'limit_data', bytes: 10, only: 'upstream' })
  near.socket.write('0123456789abc')
  await expect.poll(() => far.ended).toBe(true)
  expect(far.text).toBe('0123456789')
})

test('slow_close: the end comes later', async () => {
  const { near, far } = await cable({ kind: 'slow_close', delayMs: 1_200 })
  const saidMs = performance.now()
  near.socket.end('bye')
  await expect.poll(() => far.text).toBe('bye')
  await expect.poll(() => far.ended).toBe(true)
  expect(performance.now() - saidMs).toBeGreaterThan(1_000)
})

test('cut: open connections are reset and new ones too, until it is healed', async () => {
  const { proxy, near } = await cable()
  proxy.cut()
  await expect.poll(() => near.failed).toBe(true)
  const refused = heard(connect(proxy.port, '127.0.0.1'))
  await expect.poll(() => refused.closed).toBe(true)
  await expect.poll(() => proxy.connections).toBe(0)
  proxy.heal()
  const again = heard(await connectPlain(proxy.port))
  again.socket.write('x')
  await expect.poll(() => proxy.connections).toBe(1)
})
