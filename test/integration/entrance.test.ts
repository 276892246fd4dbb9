import { once } from 'node:events'
import net from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { ENTRANCE_LIMITS, Entrance, type EntranceLimits } from '../../gateway/adapters/entrance.ts'
import { createListener, listen } from '../../gateway/adapters/https-listener.ts'
import { askOn, everything } from '../helpers/raw-sockets.ts'

const BANNED = '127.0.0.99'
/** Loopback has one address of IPv6: sockets from these are shown to the entrance with addresses of one network. */
const NEIGHBOURS: Readonly<Record<string, string>> = {
  '127.0.0.21': '2001:db8:1:2::21',
  '127.0.0.22': '2001:db8:1:2::22',
}

async function open(limits: Partial<EntranceLimits> = {}) {
  const refusals: string[] = []
  const state = { hasRoom: true, refusals, port: 0, sockets: [] as net.Socket[] }
  const server = createListener({ tls: 'off' })
  server.on('connection', (socket) => state.sockets.push(socket))
  server.on('request', (request, response) => response.end(`hello ${request.url}`))
  const entrance = new Entrance({
    server,
    isSecure: false,
    maxSockets: 100,
    hasRoom: () => state.hasRoom,
    isBanned: (address) => address === BANNED,
    onRefused: (reason) => void refusals.push(reason),
    limits: { ...ENTRANCE_LIMITS, ...limits },
  })
  entrance.door.prependListener('connection', (socket: net.Socket) => {
    const value = NEIGHBOURS[socket.remoteAddress ?? '']
    if (value !== undefined) Object.defineProperty(socket, 'remoteAddress', { value })
  })
  state.port = (await listen(entrance.door, 0, '127.0.0.1')).port
  onTestFinished(async () => {
    entrance.dismissAll()
    server.closeAllConnections()
    server.close()
    entrance.door.close()
    await once(entrance.door, 'close')
  })
  return { ...state, state, entrance }
}

async function connectFrom(port: number, localAddress = '127.0.0.1'): Promise<net.Socket> {
  const socket = net.connect({ port, host: '127.0.0.1', localAddress })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

test('so many are on their way in and no more; the next begins when one has asked or left', async () => {
  const { port, sockets, refusals } = await open({ startingMax: 2 })
  const [first, second, third] = [await connectFrom(port), await connectFrom(port), await connectFrom(port)]
  const answer = askOn(third, '/third')
  await expect.poll(() => sockets.length).toBe(2)
  await askOn(first, '/first')
  await answer
  expect(sockets).toHaveLength(3)
  second.resetAndDestroy()
  await askOn(await connectFrom(port), '/fourth')
  expect(refusals).toEqual([])
})

test('one address that connects and says nothing does not keep another out', async () => {
  const { port } = await open({ startingMax: 10, startingPerAddressMax: 8 })
  const silent = await Promise.all(Array.from({ length: 40 }, () => connectFrom(port, '127.0.0.2')))
  await askOn(await connectFrom(port, '127.0.0.3'), '/other')
  expect(silent.every(({ destroyed }) => !destroyed)).toBe(true)
})

test('neither do the addresses of one IPv6 network together', async () => {
  const { port, entrance } = await open({ startingMax: 10, startingPerAddressMax: 8 })
  for (let n = 0; n < 20; n++) await connectFrom(port, n % 2 === 0 ? '127.0.0.21' : '127.0.0.22')
  await expect.poll(() => connectionsOf(entrance.door)).toBe(20)
  await askOn(await connectFrom(port, '127.0.0.3'), '/other')
  expect(entrance.starting).toBe(8)
})

test('addresses take turns: the second one to come is not behind all of the first', async () => {
  const { port, state, sockets, entrance } = await open({ startsPerTurn: 1 })
  state.hasRoom = false
  for (let n = 0; n < 20; n++) await connectFrom(port, '127.0.0.2')
  const other = askOn(await connectFrom(port, '127.0.0.3'), '/other')
  await expect.poll(() => connectionsOf(entrance.door)).toBe(21)
  state.hasRoom = true
  await other
  const addresses = () => sockets.map(({ remoteAddress }) => remoteAddress)
  expect(addresses().indexOf('127.0.0.3')).toBeLessThanOrEqual(1)
  await expect.poll(() => addresses().length).toBe(21)
})

test('nobody begins while there is no room, and all do when there is', async () => {
  const { port, state, sockets } = await open()
  state.hasRoom = false
  const clients = [await connectFrom(port), await connectFrom(port)]
  const answers = clients.map((client, index) => askOn(client, `/${index}`))
  await new Promise((resolve) => setTimeout(resolve, 50)) // many looks for room
  expect(sockets).toHaveLength(0)
  state.hasRoom = true
  await Promise.all(answers)
})

test('who waited too long is reset, and so is who finds too many waiting; both are counted', async () => {
  const { port, state, refusals, entrance } = await open({ waitingMax: 2, patienceMs: 4_000 })
  state.hasRoom = false
  const clients = [await connectFrom(port), await connectFrom(port)]
  await expect.poll(() => connectionsOf(entrance.door)).toBe(2)
  await everything(net.connect(port, '127.0.0.1').on('error', () => {}))
  expect(refusals).toEqual(['too_many_waiting'])
  await Promise.all(clients.map(everything))
  expect(refusals).toEqual(['too_many_waiting', 'waited_too_long', 'waited_too_long'])
})

test('of banned addresses so many a second are heard, and the rest is reset', async () => {
  const { port, refusals } = await open({ bannedPerS: 3 })
  const asked = await Promise.allSettled(Array.from({ length: 50 }, () => askFromBanned(port)))
  const heard = asked.filter(({ status }) => status === 'fulfilled').length
  expect(heard).toBeGreaterThanOrEqual(3)
  expect(refusals).toHaveLength(50 - heard)
  expect(new Set(refusals)).toEqual(new Set(['banned_address']))
  await askOn(await connectFrom(port), '/other')
})

async function askFromBanned(port: number): Promise<void> {
  const socket = net.connect({ port, host: '127.0.0.1', localAddress: BANNED })
  onTestFinished(() => void socket.destroy())
  socket.write('GET /banned HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'data') // rejects when it is reset
}

test('a stop ends those who wait', async () => {
  const { port, state, entrance } = await open()
  state.hasRoom = false
  const client = await connectFrom(port)
  const end = everything(client)
  await expect.poll(async () => (await connectionsOf(entrance.door)) > 0).toBe(true)
  entrance.door.close()
  entrance.dismissAll()
  await end
})

function connectionsOf(server: net.Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
}
