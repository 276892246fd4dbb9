/**
 * What Home Assistant takes as a device discovery payload, written down from its documentation (integrations/mqtt,
 * sensor.mqtt, binary_sensor.mqtt, button.mqtt, and the device classes of sensor and binary_sensor): short names,
 * required fields, values that must come from a list, and the units that go with a class. Nothing else may stand in it,
 * though Home Assistant would pass over it: a name that it does not know is a slip of the pen.
 */

type Json = Readonly<Record<string, unknown>>

const OPTIONS = {
  avty: 'availability',
  avty_mode: 'availability_mode',
  cmd_t: 'command_topic',
  cmd_tpl: 'command_template',
  cmps: 'components',
  dev: 'device',
  dev_cla: 'device_class',
  ent_cat: 'entity_category',
  name: 'name',
  o: 'origin',
  p: 'platform',
  pl_avail: 'payload_available',
  pl_not_avail: 'payload_not_available',
  pl_off: 'payload_off',
  pl_on: 'payload_on',
  qos: 'qos',
  stat_cla: 'state_class',
  stat_t: 'state_topic',
  t: 'topic',
  uniq_id: 'unique_id',
  unit_of_meas: 'unit_of_measurement',
  val_tpl: 'value_template',
} as const
const DEVICE_OPTIONS = {
  ids: 'identifiers',
  mdl: 'model',
  name: 'name',
  sn: 'serial_number',
  sw: 'sw_version',
} as const
const ORIGIN_OPTIONS = { name: 'name', sw: 'sw_version', url: 'support_url' } as const

const SENSOR_UNITS: Readonly<Record<string, readonly string[]>> = {
  battery: ['%'],
  carbon_dioxide: ['ppm'],
  current: ['A', 'mA'],
  data_size: ['bit', 'kbit', 'B', 'kB', 'MB', 'KiB', 'MiB'],
  distance: ['km', 'm', 'cm', 'mm'],
  duration: ['d', 'h', 'min', 's', 'ms'],
  energy: ['mWh', 'Wh', 'kWh', 'MWh'],
  frequency: ['Hz', 'kHz', 'MHz', 'GHz'],
  humidity: ['%'],
  illuminance: ['lx'],
  moisture: ['%'],
  pm1: ['µg/m³'],
  pm10: ['µg/m³'],
  pm25: ['µg/m³'],
  power: ['mW', 'W', 'kW', 'MW'],
  pressure: ['cbar', 'bar', 'hPa', 'kPa', 'mbar', 'Pa', 'psi'],
  signal_strength: ['dB', 'dBm'],
  temperature: ['°C', '°F', 'K'],
  voltage: ['V', 'mV', 'µV', 'kV'],
  weight: ['kg', 'g', 'mg', 'µg'],
}
const FLAG_CLASSES = [
  ...['battery', 'battery_charging', 'door', 'moisture', 'motion', 'occupancy', 'opening', 'presence', 'problem'],
  ...['running', 'smoke', 'tamper', 'window'],
]
const BUTTON_CLASSES = ['identify', 'restart', 'update']

const COMMON = ['platform', 'name', 'unique_id', 'device_class', 'entity_category']
const PLATFORMS: Readonly<Record<string, { readonly needs: readonly string[]; readonly takes: readonly string[] }>> = {
  sensor: { needs: ['state_topic'], takes: ['value_template', 'unit_of_measurement', 'state_class'] },
  binary_sensor: { needs: ['state_topic'], takes: ['value_template', 'payload_on', 'payload_off'] },
  button: { needs: ['command_topic'], takes: ['command_topic', 'command_template'] },
}
/** Named once for all components. */
const SHARED = ['availability', 'availability_mode', 'command_topic', 'state_topic', 'qos']

/** `<prefix>/<component>/[<node id>/]<object id>/config` */
const TOPIC = /^[^+#]+\/device\/(?:[A-Za-z0-9_-]+\/)?[A-Za-z0-9_-]+\/config$/

/** Everything that Home Assistant would refuse, pass over or warn of. */
export function discoveryProblems(topic: string, payload: string): string[] {
  const problems: string[] = []
  if (!TOPIC.test(topic)) problems.push(`not a discovery topic: ${topic}`)
  const root = inFull(JSON.parse(payload) as Json, OPTIONS, 'payload', problems)
  const device = inFull(asObject(root.device), DEVICE_OPTIONS, 'device', problems)
  const origin = inFull(asObject(root.origin), ORIGIN_OPTIONS, 'origin', problems)
  if (!Array.isArray(device.identifiers) || device.identifiers.length === 0) problems.push('device without identifiers')
  if (typeof origin.name !== 'string') problems.push('origin without a name')
  for (const key of Object.keys(root)) {
    if (!['device', 'origin', 'components', ...SHARED].includes(key)) problems.push(`${key} is not shared`)
  }
  problems.push(...availabilityProblems(root))
  const components = Object.entries(asObject(root.components))
  if (components.length === 0) problems.push('no components')
  for (const [id, component] of components) problems.push(...componentProblems(id, asObject(component), root))
  return problems
}

function availabilityProblems(root: Json): string[] {
  const problems: string[] = []
  if (!['all', 'any', 'latest'].includes(String(root.availability_mode ?? 'latest'))) problems.push('availability_mode')
  if (!Array.isArray(root.availability)) return ['availability is no list']
  for (const one of root.availability) {
    const { topic } = inFull(asObject(one), OPTIONS, 'availability', problems)
    if (!isPlainTopic(topic)) problems.push(`availability without a topic: ${topic}`)
  }
  return problems
}

function componentProblems(id: string, short: Json, root: Json): string[] {
  const problems: string[] = []
  const component = inFull(short, OPTIONS, id, problems)
  const platform = PLATFORMS[String(component.platform)]
  if (platform === undefined) return [`${id}: unknown platform ${component.platform}`]
  if (Object.keys(component).length === 1) return problems // taken back
  if (typeof component.unique_id !== 'string') problems.push(`${id}: no unique_id`)
  for (const name of platform.needs) {
    if (!isPlainTopic(component[name] ?? root[name])) problems.push(`${id}: no ${name}`)
  }
  for (const [name, value] of Object.entries(component)) {
    if (![...COMMON, ...platform.takes].includes(name)) problems.push(`${id}: ${name} is of no use`)
    if (typeof value !== 'string') problems.push(`${id}: ${name} is no text`)
  }
  return [...problems, ...classProblems(id, component)]
}

function classProblems(id: string, component: Json): string[] {
  const { platform, device_class: deviceClass, unit_of_measurement: unit } = component
  const problems: string[] = []
  if (!['config', 'diagnostic', undefined].includes(component.entity_category as string | undefined)) {
    problems.push(`${id}: entity_category`)
  }
  if (!['measurement', 'total', 'total_increasing', undefined].includes(component.state_class as string | undefined)) {
    problems.push(`${id}: state_class`)
  }
  if (deviceClass === undefined) return problems
  const name = String(deviceClass)
  if (platform === 'sensor' && !SENSOR_UNITS[name]?.includes(String(unit))) problems.push(`${id}: ${name} in ${unit}`)
  if (platform === 'binary_sensor' && !FLAG_CLASSES.includes(name)) problems.push(`${id}: class ${name}`)
  if (platform === 'button' && !BUTTON_CLASSES.includes(name)) problems.push(`${id}: class ${name}`)
  return problems
}

function inFull(short: Json, names: Readonly<Record<string, string>>, where: string, problems: string[]): Json {
  return Object.fromEntries(
    Object.entries(short).map(([key, value]) => {
      const name = Object.hasOwn(names, key) ? names[key] : undefined
      if (name === undefined) problems.push(`${where}: ${key} is not known`)
      return [name ?? key, value]
    }),
  )
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
}

function isPlainTopic(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && !/[+#]/.test(value)
}

/** Renders the few forms of Jinja that the gateway writes, as Python would; throws for every other form. */
export function render(template: string, valueJson: Json): string {
  const inner = /^\{\{ (.+) \}\}$/.exec(template)?.[1]
  if (inner === undefined) throw new Error(`not one expression: ${template}`)
  const choice = /^'(\w+)' if value_json\.(\w+) == '(\w+)' else '(\w+)'$/.exec(inner)
  if (choice) return (valueJson[choice[2] ?? ''] === choice[3] ? choice[1] : choice[4]) ?? ''
  const [path = '', ...filters] = inner.split(' | ')
  const key = /^value_json(?:\['([\w.-]+)'\]|\.(\w+))$/.exec(path)
  if (key === null) throw new Error(`not a path: ${path}`)
  const texts = filters.reduce(
    (text, filter) => {
      if (filter === 'default(none)' || filter === 'string') return text
      const max = /^truncate\((\d+), true, '(.)', 0\)$/.exec(filter)
      if (max === null) throw new Error(`not a filter: ${filter}`)
      return text.length > Number(max[1]) ? text.slice(0, Number(max[1]) - 1) + max[2] : text
    },
    asPython(valueJson[key[1] ?? key[2] ?? '']),
  )
  return texts
}

function asPython(value: unknown): string {
  if (value === undefined) return 'None'
  return typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value)
}
