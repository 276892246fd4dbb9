import { computed, signal } from '@preact/signals'
import type { PresenceState } from './api.ts'
import { figures, subscribe } from './live.ts'

export interface Device {
  readonly id: string
  readonly state: PresenceState
  readonly session: number
  readonly since: number
  readonly reason: string
  readonly node: string
  readonly wake_at?: number
  readonly model?: string
  readonly firmware?: string
  readonly capabilities: readonly string[]
  readonly tags: readonly string[]
  readonly enabled: boolean
  readonly created_at: number
  /** Everything that the search looks through, in lower case. */
  readonly text: string
}

type Item = Partial<Device> & { readonly id: string; readonly deleted?: boolean }

const devices = new Map<string, Device>()
/** Rises with every change of the map, at most once per frame. */
const version = signal(0)
export const isLoaded = signal(false)
let scheduled = false

/** Ids in order; undefined after one was added or deleted, which is rare beside changes of presence. */
let order: readonly string[] | undefined

/** Every device, by id. */
export const allDevices = computed(() => {
  version.value
  order ??= [...devices.keys()].sort()
  return order.flatMap((id) => devices.get(id) ?? [])
})

export const counts = computed(() => {
  const found = { online: 0, sleeping: 0, offline: 0 }
  for (const { state } of allDevices.value) found[state] += 1
  return found
})

/** One device as it is now; undefined for one that does not exist. */
export function deviceById(id: string): Device | undefined {
  version.value
  return devices.get(id)
}

/** Messages per second over the last seconds, and its course. */
export const rates = computed(() => {
  const list = figures.value
  return list.slice(1).map(({ at, fleet }, index) => {
    const before = list[index] ?? { at: at - 1000, fleet }
    return (1000 * Math.max(0, fleet.received - before.fleet.received)) / Math.max(1, at - before.at)
  })
})

export function watchFleet(): () => void {
  return subscribe('fleet', {
    snapshot: (items, isFirst) => {
      if (isFirst) {
        devices.clear()
        order = undefined
      }
      for (const item of items) merge(item as Item)
      changed(true)
    },
    changes: (items) => {
      for (const item of items) merge(item as Item)
      changed(false)
    },
  })
}

function merge(item: Item): void {
  if (item.deleted) {
    devices.delete(item.id)
    order = undefined
    return
  }
  const known = devices.get(item.id)
  if (known === undefined) order = undefined
  const { wake_at = item.state === undefined ? known?.wake_at : undefined } = item
  const device = { ...(known ?? UNKNOWN), ...item, wake_at }
  devices.set(item.id, {
    ...device,
    text: known !== undefined && item.tags === undefined ? known.text : textOf(device),
  })
}

/** Labels come together: what brings no tags changes none. */
const textOf = ({ id, model, firmware, tags }: Omit<Device, 'text'>): string =>
  [id, model, firmware, ...tags].join('\n').toLowerCase()

const UNKNOWN: Omit<Device, 'id' | 'text'> = {
  state: 'offline',
  session: 0,
  since: 0,
  reason: 'never_connected',
  node: '',
  capabilities: [],
  tags: [],
  enabled: true,
  created_at: 0,
}

function changed(isSnapshot: boolean): void {
  if (isSnapshot) isLoaded.value = true
  if (scheduled) return
  scheduled = true
  requestAnimationFrame(() => {
    scheduled = false
    version.value += 1
  })
}
