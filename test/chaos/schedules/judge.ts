import { isFinal } from '../../../protocol/command-request.ts'
import type { Done } from './apply-fault.ts'
import { topics, type VirtualDevice, type VirtualWorld } from './virtual-world.ts'

/** What the bus was last told of each device against what is true now. */
export function presenceFaults(world: VirtualWorld): string[] {
  return world.originals.flatMap(({ id }) => {
    const mine = world.devices.filter((device) => device.id === id)
    const told = JSON.parse(world.bus.retained.get(topics.availability(id)) ?? '{}') as {
      state?: string
      session?: number
    }
    const online = mine.find(({ isOnline }) => isOnline)
    const truth = online === undefined ? 'not online' : `online ${online.device.welcome?.session}`
    const said = told.state === 'online' ? `online ${told.session}` : 'not online'
    if (told.state === undefined) return [`${id}: the bus was never told`]
    return said === truth
      ? []
      : [`${id}: the bus says ${JSON.stringify(told)}, in truth it is ${truth} (${shown(mine)})`]
  })
}

/** [P-3] No older session is shown after a newer one. */
export function orderFaults(world: VirtualWorld): string[] {
  const highest = new Map<string, number>()
  return world.bus.messages.flatMap(({ topic, payload }) => {
    if (!topic.endsWith('/availability') || payload === '') return []
    const { session } = JSON.parse(payload) as { session: number }
    const before = highest.get(topic) ?? 0
    highest.set(topic, Math.max(before, session))
    return session < before ? [`${topic}: session ${session} was shown after ${before}`] : []
  })
}

const shown = (devices: readonly VirtualDevice[]) => devices.map(({ device }) => device.state).join(', ')

/** Everything acknowledged is on the bus, in order of each boot. */
export function telemetryFaults(world: VirtualWorld): string[] {
  const faults: string[] = []
  for (const { id } of world.originals) {
    const seen = new Set<string>()
    const highest = new Map<string, number>()
    for (const { topic, payload } of world.bus.messages) {
      if (topic !== topics.telemetry(id)) continue
      const { boot, seq } = JSON.parse(payload) as { boot: string; seq: number }
      const key = `${boot}/${seq}`
      if (!seen.has(key) && seq < (highest.get(boot) ?? 0))
        faults.push(`${id}: ${key} came for the first time after ${highest.get(boot)}`)
      seen.add(key)
      highest.set(boot, Math.max(seq, highest.get(boot) ?? 0))
    }
    for (const device of world.devices) {
      if (device.id !== id) continue
      for (const key of device.acked)
        if (!seen.has(key)) faults.push(`${id}: ${key} was acknowledged and is not on the bus`)
    }
  }
  return faults
}

/** Each accepted command has one final state, on the disk and on the bus; none ran twice on one device. */
export function commandFaults(world: VirtualWorld, done: Done, withClone: boolean): string[] {
  const told = new Map<string, Set<string>>()
  for (const { topic, payload } of world.bus.messages) {
    if (!topic.includes('/command/response/')) continue
    const { id, state } = JSON.parse(payload) as { id: string; state: string }
    told.set(id, (told.get(id) ?? new Set()).add(state))
  }
  return [...done.commands].flatMap((id) => {
    const command = world.disk.commands.get(id)
    if (command === undefined) return [`${id} was accepted and is forgotten`]
    const finals = command.history.filter(({ state }) => isFinal(state))
    const states = [...(told.get(id) ?? [])]
    const runs = world.devices.map((device) => device.runs.get(id) ?? 0)
    return [
      ...(finals.length === 1 ? [] : [`${id} is ${command.state} and has ${finals.length} final states`]),
      ...(states.length === 1 && states[0] === command.state
        ? []
        : [`${id} is ${command.state}, and the bus heard ${states}`]),
      ...(withClone || Math.max(...runs) <= 1 ? [] : [`${id} ran ${Math.max(...runs)} times`]),
    ]
  })
}
