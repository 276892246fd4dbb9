import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import mqttPacket from 'mqtt-packet'
import type { ChaosCase, ChaosContext, Invariant } from '../case.ts'
import { type Cleanup, withCleanup } from '../support/cleanup.ts'
import { patient } from '../support/machine.ts'
import { sleep, until } from '../support/wait.ts'
import { judgeFalls, openWorld, settle } from '../support/world.ts'

/** Large messages, so that what the system keeps for a socket is full soon: some 1 MB a second together. */
const LOAD = { devices: 20, ratePerS: 5, values: 600 } as const
/** What the broker inside allows a subscriber that does not read, and a machine that is slow. */
const DRAIN_TIMEOUT_MS = 2_000
const SLACK_MS = 4_000
/** Two acknowledgements of all devices together are 10 ms apart; a stall is far longer. */
const STALL_MS = 1_000
const DROPPED_MAX_MS = 60_000
const WATCH_MS = 5_000
/** In /proc/net/tcp. */
const ESTABLISHED = '01'

export const busSubscriberFrozen: ChaosCase = {
  name: 'bus-subscriber-frozen',
  title: 'a subscriber of the bus stops reading: the broker inside, and Mosquitto',
  run: (context) =>
    withCleanup(async (cleanup) => [...(await onEmbedded(context, cleanup)), ...(await onMosquitto(context, cleanup))]),
}

async function onEmbedded({ random, long, say }: ChaosContext, cleanup: Cleanup): Promise<Invariant[]> {
  const world = await openWorld({ bus: 'embedded', ...LOAD, random }, cleanup)
  const brokerPort = Number(new URL(world.gateway.mqttUrl).port)
  const rounds = long ? 10 : 2
  const stalls: number[][] = []
  let dropped = 0
  world.herd.load()
  await sleep(1_000)
  for (let round = 1; round <= rounds; round += 1) {
    const frozen = await subscribeAndFreeze(brokerPort, cleanup)
    const fromMs = performance.now()
    const { localPort = 0 } = frozen
    const droppedMs = await until(async () => !(await hasClient(brokerPort, localPort)), DROPPED_MAX_MS)
    if (droppedMs !== undefined) dropped += 1
    await sleep(STALL_MS)
    stalls.push(world.herd.pauses(fromMs, performance.now(), STALL_MS))
    say(`embedded: dropped after ${((droppedMs ?? 0) / 1000).toFixed(1)} s, stalls ${stalls.at(-1)?.join(', ')} ms`)
    frozen.destroy()
  }
  const settled = await settle(world)
  const together = stalls.map((each) => each.reduce((sum, ms) => sum + ms, 0))
  const tooLong = together.filter((ms) => ms > patient(DRAIN_TIMEOUT_MS + SLACK_MS))
  return [
    { statement: 'embedded: a frozen subscriber is dropped', checked: rounds, broken: rounds - dropped },
    {
      statement: `embedded: it stalls the bus for its drain timeout at most (2 s, and ${SLACK_MS / 1000} s for a slow machine)`,
      ...{ checked: rounds, broken: tooLong.length, detail: `longest ${Math.max(...together)} ms` },
    },
    ...world.history.invariants().map(prefixed('embedded')),
    prefixed('embedded')(settled),
    ...judgeFalls(world).map(prefixed('embedded')),
  ]
}

async function onMosquitto({ random, long, say }: ChaosContext, cleanup: Cleanup): Promise<Invariant[]> {
  const world = await openWorld({ bus: 'mosquitto', ...LOAD, random }, cleanup)
  world.herd.load()
  await sleep(1_000)
  await subscribeAndFreeze(world.mosquitto?.port ?? 0, cleanup)
  const fromMs = performance.now()
  await sleep(WATCH_MS * (long ? 12 : 2))
  const stalls = world.herd.pauses(fromMs, performance.now(), patient(DRAIN_TIMEOUT_MS + SLACK_MS))
  const longest = Math.max(0, ...world.herd.pauses(fromMs, performance.now(), 100))
  say(`Mosquitto: longest time without an acknowledgement ${longest} ms`)
  const settled = await settle(world)
  return [
    {
      statement: 'Mosquitto: a frozen subscriber never stalls acknowledgements',
      ...{ checked: world.herd.acked, broken: stalls.length, detail: `longest ${longest} ms` },
    },
    ...world.history.invariants().map(prefixed('Mosquitto')),
    prefixed('Mosquitto')(settled),
  ]
}

function prefixed(bus: string) {
  return (one: Invariant): Invariant => ({ ...one, statement: `${bus}: ${one.statement}` })
}

/** A subscriber to everything with QoS 1 that reads no byte after its SUBACK and answers nothing. */
async function subscribeAndFreeze(port: number, cleanup: Cleanup): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  cleanup.add(() => socket.destroy())
  socket.on('error', () => {})
  const parser = mqttPacket.parser({ protocolVersion: 4 })
  const isSubscribed = new Promise<void>((resolve) => {
    parser.on('packet', ({ cmd }) => cmd === 'suback' && resolve())
  })
  socket.on('data', (chunk) => parser.parse(chunk))
  const hello = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 120 } as const
  socket.write(mqttPacket.generate({ ...hello, clientId: `frozen-${Math.round(performance.now())}` }))
  const subscriptions = [{ topic: '#', qos: 1 as const }]
  socket.write(mqttPacket.generate({ cmd: 'subscribe', messageId: 1, subscriptions }))
  await isSubscribed
  socket.pause()
  return socket
}

/** Asked of the kernel: a socket that is not read never hears that it was closed. */
async function hasClient(brokerPort: number, clientPort: number): Promise<boolean> {
  const table = await readFile('/proc/net/tcp', 'utf8')
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0')
  return new RegExp(`:${hex(brokerPort)} \\S+:${hex(clientPort)} ${ESTABLISHED} `).test(table)
}
