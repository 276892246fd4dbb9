import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { isFinal } from '../../protocol/command-request.ts'
import { CoreRig, type DeviceEnd, topics } from '../helpers/core-rig.ts'
import { settled } from '../helpers/manual-clock.ts'
import { SnapshotRegistry, snapshotFile } from '../helpers/snapshot-registry.ts'

/** What the world knew when the gateway died: who was told what, and what the device had done. */
interface Moment {
  readonly file: string
  /** Commands that REST or the bus was told of as accepted. */
  readonly promised: readonly string[]
  /** What the device has run. */
  readonly ran: ReadonlySet<string>
  readonly shown: readonly Shown[]
}
interface Shown {
  readonly id: string
  readonly state: string
  readonly topic: string
}

const shownOn = (rig: CoreRig): Shown[] =>
  rig.bus.publishes
    .filter(({ topic, settled: confirmed }) => /\/command\/(status|response)\//.test(topic) && confirmed)
    .map(({ topic, json }) => ({ id: String(json.id), state: String(json.state), topic }))

/** A device as [C-15] and [C-18] ask for: it stores the id, runs, stores the result, and answers a repeat from memory. */
function obey(device: DeviceEnd, ran: Set<string>, from = 0): number {
  const commands = device.link.of('command')
  for (const { id } of commands.slice(from)) {
    if (!ran.has(id)) device.send({ type: 'accepted', id })
    ran.add(id)
    device.send({ type: 'result', id, ok: true })
  }
  return commands.length
}

/** Lives through three commands, one of them from the bus, one that is cancelled, and keeps every moment of it. */
async function liveThrough(directory: string): Promise<{ rig: CoreRig; moments: Moment[] }> {
  const store = new SnapshotRegistry(join(directory, 'live', 'fairlead.db'))
  onTestFinished(() => store.close())
  const rig = new CoreRig({ registry: store.registry })
  const moments: Moment[] = []
  const promised: string[] = []
  const ran = new Set<string>()
  await rig.register()
  let logBytes = store.logBytes
  const keep = (bytes: number) => {
    const file = snapshotFile(directory, moments.length)
    store.copyTo(file, bytes)
    moments.push({ file, promised: [...promised], ran: new Set(ran), shown: shownOn(rig) })
  }
  let known = ''
  store.afterStatement = () => {
    const now = JSON.stringify([store.logBytes, promised, [...ran], shownOn(rig).length])
    if (now === known) return
    known = now
    if (store.logBytes > logBytes) keep(Math.floor((logBytes + store.logBytes) / 2)) // in the middle of the commit
    logBytes = store.logBytes
    keep(logBytes)
  }

  promised.push((await rig.core.fleet.submitCommand('d1', { name: 'a' })).id)
  await rig.core.commands.fromBus({
    topic: topics.commandRequest('d1', 'from-bus'),
    payload: Buffer.from('{"name":"b"}'),
    retained: false,
  })
  promised.push('from-bus')
  const { id: cancelled } = await rig.core.fleet.submitCommand('d1', { name: 'c' })
  await rig.core.fleet.cancelCommand(cancelled)
  promised.push(cancelled)
  const device = await rig.ready()
  let done = obey(device, ran)
  await settled()
  promised.push((await rig.core.fleet.submitCommand('d1', { name: 'd' })).id)
  await settled()
  done = obey(device, ran, done)
  await settled()
  expect(done).toBe(3)
  return { rig, moments }
}

/** Starts a gateway on what was left, brings the device back, and says what became of every command. */
async function recover(after: CoreRig, moment: Moment) {
  const store = new SnapshotRegistry(moment.file)
  try {
    expect(store.isWhole()).toBe(true)
    const rig = new CoreRig({ after, registry: store.registry })
    await rig.core.presence.restore()
    const ran = new Set(moment.ran)
    const device = await rig.ready()
    await settled()
    obey(device, ran)
    await rig.duty('command changes')
    await settled()
    const commands = await store.registry.findCommands({ limit: 100 })
    const delivered = device.link.of('command').map(({ id }) => id)
    return { commands, delivered, shown: [...moment.shown, ...shownOn(rig)] }
  } finally {
    store.close()
  }
}

test('killed between any two statements, and in the middle of each commit: no command is forgotten, none ends twice, none is sent after its end [C-11] [C-19]', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'fairlead-crash-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const { rig, moments } = await liveThrough(directory)
  expect(moments.length).toBeGreaterThan(40)
  for (const [number, moment] of moments.entries()) {
    const { commands, delivered, shown } = await recover(rig, moment)
    const at = `moment ${number}`
    const ids = commands.map(({ id }) => id)
    expect(ids, at).toEqual(expect.arrayContaining([...moment.promised]))
    for (const { id, state, history } of commands) {
      expect(isFinal(state), `${at} ${id} ${state}`).toBe(true)
      expect(
        history.filter((line) => isFinal(line.state)),
        at,
      ).toHaveLength(1)
      const states = shown.filter((one) => one.id === id && one.topic.includes('/status/')).map((one) => one.state)
      const order = history.map((line) => line.state)
      expect([...new Set(states)], `${at} ${id} on the bus`).toEqual(order)
      const ends = shown.filter((one) => one.id === id && one.topic.includes('/response/')).map((one) => one.state)
      expect([...new Set(ends)], `${at} ${id} answered`).toEqual([state])
    }
    const ended = moment.shown.filter(({ topic }) => topic.includes('/response/')).map(({ id }) => id)
    expect(
      delivered.filter((id) => ended.includes(id)),
      `${at}: sent again after its end`,
    ).toEqual([])
  }
}, 60_000)
