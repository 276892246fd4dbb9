import { describe, type ExpectStatic, test } from 'vitest'
import { type BusClient, type BusMessage, connectBusClient } from '../../helpers/bus-client.ts'
import { connectRaw, type RawDevice } from '../../helpers/raw-device.ts'
import { close, text } from '../../helpers/raw-frames.ts'
import { shareTestGateway, type TestGateway } from '../../helpers/start-gateway.ts'
import { type Case, telemetry } from './case.ts'

/** Above every seq of a case. */
const PROBE_SEQ = 1_000

/** Every case on a connection of its own to one gateway; as many at once as vitest runs tests of a table. */
export function conformance(groups: Readonly<Record<string, readonly Case[]>>): void {
  const gateway = shareTestGateway({ FAIRLEAD_CONNECTS_PER_MINUTE: '10000' })
  const bench = new Bench(gateway)
  for (const [name, cases] of Object.entries(groups)) {
    describe(name, () => {
      test.concurrent.for(cases)('$id $says', (one, { expect }) => bench.try(one, expect))
    })
  }
}

interface Place {
  readonly id: string
  readonly token: string
}

interface Counts {
  readonly malformed: number
  readonly payloads: number
}

/** Devices that are not in use at the moment, and what the bus showed of all of them. */
class Bench {
  readonly #gateway: () => TestGateway
  readonly #free: Place[] = []
  #bus: Promise<BusClient> | undefined

  constructor(gateway: () => TestGateway) {
    this.#gateway = gateway
  }

  async try(one: Case, expect: ExpectStatic): Promise<void> {
    this.#bus ??= this.#subscribe()
    const bus = await this.#bus
    const place = this.#free.pop() ?? (await this.#gateway().enrol())
    const boot = `case-${one.id.replaceAll('.', '-')}`
    const before = { malformed: await this.#malformed(place), payloads: channelOf(bus, place).length }
    const device = await connectRaw(this.#gateway(), place.token, boot)
    try {
      await device.write(chopped(one))
      const acks = () => device.of('ack').length
      if (one.expects.payloads) await device.until('the acknowledgement', () => acks() > 0) // it may fill the window
      if (one.expects.closes === undefined) await livesOn(device, expect)
      else await ends(device, one.expects.closes, expect)
    } finally {
      device.destroy()
    }
    await this.#compare(one, expect, { bus, boot, place, device, before })
    this.#free.push(place) // only where all went well: nothing of a broken case disturbs the next
  }

  async #compare(
    one: Case,
    expect: ExpectStatic,
    seen: { bus: BusClient; boot: string; place: Place; device: RawDevice; before: Counts },
  ): Promise<void> {
    const { values = [], payloads = [], pongs = [], nacks = [], malformed = 0, closes } = one.expects
    const { bus, boot, place, device, before } = seen
    const expected = values.map((value) => Buffer.from(value).toString('hex'))
    const probe = closes === undefined ? [Buffer.from('probe').toString('hex')] : []
    const arrived = () => bus.messages.filter((message) => saysBoot(message, boot)).map(valueBytes)
    await expect.poll(arrived).toEqual([...expected, ...probe])
    expect(channelOf(bus, place).slice(before.payloads)).toEqual(payloads.map(String))
    expect(device.pongs.map(String)).toEqual(pongs.map(String))
    expect(device.of('nack').map(({ code }) => code)).toEqual(nacks)
    expect((await this.#malformed(place)) - before.malformed).toBe(malformed)
  }

  async #malformed({ id }: Place): Promise<number> {
    return (await this.#gateway().api('GET', `devices/${id}`)).body.counters?.malformed ?? 0
  }

  async #subscribe(): Promise<BusClient> {
    const bus = await connectBusClient(this.#gateway().mqttUrl)
    await bus.subscribe('fairlead/devices/#')
    return bus
  }
}

function chopped({ sends, chop }: Case): Buffer[] {
  if (chop === 'frames') return [...sends]
  const all = Buffer.concat(sends)
  if (chop === undefined) return [all]
  return Array.from({ length: Math.ceil(all.length / chop) }, (_, n) => all.subarray(n * chop, (n + 1) * chop))
}

/** The next message is acknowledged, nothing was said of an end, and a close is answered with the same code. */
async function livesOn(device: RawDevice, expect: ExpectStatic): Promise<void> {
  await device.write([text(telemetry('probe', PROBE_SEQ))])
  await device.until('the acknowledgement', () => device.of('ack').some(({ seq }) => seq >= PROBE_SEQ))
  expect(device.closeCode).toBeUndefined()
  await device.write([close(1000)])
  await device.until('the answer to the close', () => device.ended)
  expect(device.closeCode).toBe(1000)
}

async function ends(device: RawDevice, code: number, expect: ExpectStatic): Promise<void> {
  await device.until('the end', () => device.ended)
  expect(device.closeCode).toBe(code)
}

const saysBoot = ({ topic, text: body }: BusMessage, boot: string) =>
  topic.endsWith('/telemetry') && body.includes(`"boot":"${boot}"`)

/** What arrived of a device on channel `raw`. Its bytes are ASCII. */
function channelOf(bus: BusClient, { id }: Place): string[] {
  return bus.messages
    .filter(({ topic }) => topic === `fairlead/devices/${id}/telemetry/raw`)
    .map(({ text: body }) => body)
}

/** The bytes of the one value, as hexadecimal digits. */
function valueBytes({ payload }: BusMessage): string {
  const from = payload.indexOf('"v":"') + 5
  return payload.subarray(from, payload.lastIndexOf('"}}]}')).toString('hex')
}
