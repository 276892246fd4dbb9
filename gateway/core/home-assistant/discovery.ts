import { type JsonObject, utf8Length } from '../../../protocol/json.ts'
import { BUS_PAYLOAD_MAX_BYTES } from '../../../protocol/limits.ts'
import type { Topics } from '../../../protocol/topics.ts'
import type { DeviceRow } from '../records.ts'
import { labelOf, type Meaning, meaningOfFlag, meaningOfNumber } from './key-meanings.ts'

/** A state of Home Assistant is at most this long; a longer one would be an error in its log each time. */
const STATE_MAX_CHARS = 255
/** Commas, quotes and colons between components. */
const JOINT_BYTES = 4

/** Every message has these, whoever it is about. */
export interface Origin {
  readonly base: string
  readonly topics: Topics
  /** The gateway that holds the devices: when it is gone, nobody knows of them. */
  readonly node: string
  readonly version: string
}

/** One device as Home Assistant is told of it. */
export interface Discovery {
  /** Component ids: the platform and the key or command. They change with the type of a key. */
  readonly components: readonly string[]
  /** Those that did not fit into one message [L-4]. */
  readonly leftOut: number
  readonly payload: string
  /** What to send before it when some of `old` are gone: they stay in Home Assistant until they are taken back by name. */
  farewell(old: readonly string[]): string | undefined
}

type Component = Readonly<Record<string, unknown>> & { readonly p: string }

/** [U-15] By Home Assistant's "device discovery payload" (2024.11 and later), in its short names. */
export function discover(row: DeviceRow, values: JsonObject, origin: Origin): Discovery {
  const frame = frameOf(row, origin)
  const wanted = componentsOf(row, values, origin)
  const taken = whatFits(wanted, BUS_PAYLOAD_MAX_BYTES - utf8Length(JSON.stringify({ ...frame, cmps: {} })))
  const text = (cmps: Readonly<Record<string, Component>>) => JSON.stringify({ ...frame, cmps })
  return {
    components: [...taken.keys()],
    leftOut: wanted.size - taken.size,
    payload: text(Object.fromEntries(taken)),
    farewell: (old) => {
      const gone = old.filter((id) => !taken.has(id))
      if (gone.length === 0) return undefined
      const kept = [...taken].filter(([id]) => old.includes(id))
      const bare = gone.map((id): [string, Component] => [id, { p: platformOf(id) }])
      return text(Object.fromEntries([...kept, ...bare]))
    },
  }
}

function frameOf({ id, model, firmware }: DeviceRow, { base, topics, node, version }: Origin): JsonObject {
  return {
    dev: { ids: [`${base}:${id}`], name: id, mdl: model, sw: firmware },
    o: { name: 'fairlead', sw: version },
    avty: [
      // One that sleeps is well, and its last values stand.
      { t: topics.availability(id), val_tpl: "{{ 'offline' if value_json.state == 'offline' else 'online' }}" },
      { t: topics.nodeState(node), val_tpl: '{{ value_json.state }}' },
    ],
    avty_mode: 'all',
    stat_t: topics.state(id),
    qos: 1,
  }
}

function componentsOf(row: DeviceRow, values: JsonObject, { base }: Origin): Map<string, Component> {
  const components = new Map<string, Component>()
  for (const [key, value] of Object.entries(values)) {
    const component = sensorOf(key, value)
    components.set(`${component.p}_${key}`, { ...component, uniq_id: `${base}:${row.id}:${key}` })
  }
  return components
}

function sensorOf(key: string, value: unknown): Component {
  const name = labelOf(key)
  // Keys are names [N-1], so no quote and no brace is in them. A key that went is unknown, and not an error.
  const known = `value_json['${key}'] | default(none)`
  if (typeof value === 'boolean') {
    const shown = { val_tpl: `{{ ${known} }}`, pl_on: 'True', pl_off: 'False' } // as Python writes them
    return { p: 'binary_sensor', name, ...shown, ...fieldsOf(meaningOfFlag(key)) }
  }
  if (typeof value === 'number') {
    return { p: 'sensor', name, val_tpl: `{{ ${known} }}`, ...fieldsOf(meaningOfNumber(key)) }
  }
  return { p: 'sensor', name, val_tpl: `{{ ${known} | string | truncate(${STATE_MAX_CHARS}, true, '…', 0) }}` }
}

function fieldsOf({ deviceClass, unit, stateClass, diagnostic }: Meaning): JsonObject {
  const category = diagnostic ? 'diagnostic' : undefined
  return { dev_cla: deviceClass, unit_of_meas: unit, stat_cla: stateClass, ent_cat: category }
}

/** Those that came first stay: what is known to Home Assistant does not give way to what is new. */
function whatFits(wanted: ReadonlyMap<string, Component>, roomBytes: number): Map<string, Component> {
  const taken = new Map<string, Component>()
  let freeBytes = roomBytes
  for (const [id, component] of wanted) {
    freeBytes -= utf8Length(id) + utf8Length(JSON.stringify(component)) + JOINT_BYTES
    if (freeBytes < 0) break
    taken.set(id, component)
  }
  return taken
}

function platformOf(component: string): string {
  return ['binary_sensor', 'button'].find((platform) => component.startsWith(`${platform}_`)) ?? 'sensor'
}
