/** A metric as Telegraf would write it. */
export interface Metric {
  readonly name: string
  readonly tags: Readonly<Record<string, string>>
  readonly fields: Readonly<Record<string, unknown>>
  readonly timeMs: number
}

type Value = string | number | boolean | string[]
/** Settings by the path of their table: `inputs.mqtt_consumer.json_v2.object`. */
export type Tables = ReadonlyMap<string, Readonly<Record<string, Value>>>

/**
 * Reads the part of TOML that the snippet uses: arrays of tables that stand once, and keys with strings, whole numbers,
 * booleans and lists of strings. Throws for anything else.
 */
export function readToml(text: string): Tables {
  const tables = new Map<string, Record<string, Value>>()
  let table: Record<string, Value> | undefined
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const [, header] = /^\[\[([a-z0-9_.]+)\]\]$/.exec(line) ?? []
    const [, key, value] = /^([a-z_]+) = (.+)$/.exec(line) ?? []
    if (header !== undefined && !tables.has(header)) {
      table = {}
      tables.set(header, table)
    } else if (table !== undefined && key !== undefined && value !== undefined && !(key in table)) {
      table[key] = readValue(value)
    } else throw new Error(`not the TOML that is read here: ${line}`)
  }
  return tables
}

function readValue(text: string): Value {
  if (!/^(?:"[^"\\]*"|\d+|true|false|\["[^"\\]*"(?:, "[^"\\]*")*\])$/.test(text))
    throw new Error(`not a value: ${text}`)
  return JSON.parse(text) as Value // these forms mean the same in both
}

/** Settings of Telegraf's documentation that the snippet may use; a misspelt one would stop Telegraf's start. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  'inputs.mqtt_consumer': [
    ...['servers', 'topics', 'topic_tag', 'qos', 'persistent_session', 'client_id', 'username', 'password'],
    'data_format',
  ],
  'inputs.mqtt_consumer.topic_parsing': ['topic', 'tags', 'fields', 'measurement'],
  'inputs.mqtt_consumer.json_v2': ['measurement_name'],
  'inputs.mqtt_consumer.json_v2.object': [
    ...['path', 'timestamp_key', 'timestamp_format', 'excluded_keys', 'disable_prepend_keys'],
  ],
}

export function unknownSettings(tables: Tables): string[] {
  return [...tables].flatMap(([name, settings]) =>
    Object.keys(settings).flatMap((key) => (KNOWN[name]?.includes(key) ? [] : [`${name}: ${key}`])),
  )
}

/** What the json_v2 parser makes of a message: each object of the list at `path` is a metric. */
export function toMetrics(tables: Tables, topic: string, payload: string): Metric[] {
  const settings = (name: string) => tables.get(`inputs.mqtt_consumer${name}`) ?? {}
  const { path, timestamp_key, timestamp_format, excluded_keys, disable_prepend_keys } = settings('.json_v2.object')
  if (timestamp_format !== 'unix_ms') throw new Error('another format of time')
  const list: unknown = JSON.parse(payload)[String(path)]
  if (!Array.isArray(list)) throw new Error(`no list at ${path}`)
  const tags = tagsOf(settings('.topic_parsing'), topic)
  return list.map((object: Record<string, unknown>) => {
    const fields: Record<string, unknown> = {}
    let timeMs = Number.NaN
    for (const [key, value] of Object.entries(object)) {
      if (Array.isArray(excluded_keys) && excluded_keys.includes(key)) continue
      if (key === timestamp_key) timeMs = Number(value)
      else if (typeof value === 'object' && value !== null) {
        for (const [inner, one] of Object.entries(value)) {
          fields[disable_prepend_keys === true ? inner : `${key}_${inner}`] = one
        }
      } else fields[key] = value
    }
    return { name: String(settings('.json_v2').measurement_name), tags, fields, timeMs }
  })
}

/** Each level of `tags` names the tag that the same level of the topic gives; `_` none. */
function tagsOf(parsing: Readonly<Record<string, Value>>, topic: string): Record<string, string> {
  const levels = topic.split('/')
  const names = String(parsing.tags).split('/')
  if (names.length !== levels.length || String(parsing.topic).split('/').length !== levels.length) {
    throw new Error('topic_parsing has another number of levels than the topic')
  }
  return Object.fromEntries(names.flatMap((name, at) => (name === '_' ? [] : [[name, levels[at] ?? '']])))
}
