/** What Home Assistant shows of a value. Its device classes and the units that each may have are fixed by itself. */
export interface Meaning {
  readonly deviceClass?: string
  readonly unit?: string
  readonly stateClass?: 'measurement' | 'total_increasing'
  /** About the device, not about what it measures. */
  readonly diagnostic?: boolean
}

interface Quantity {
  readonly deviceClass: string
  /** Meant when the key names none. Left out where people mean different things, as Pa and hPa by `pressure`. */
  readonly unit?: string
  /** Units by the word that ends the key: `battery_mv`. One of another class says so. */
  readonly units?: Readonly<Record<string, string>>
  readonly totals?: boolean
  readonly diagnostic?: boolean
}

const PERCENT = { percent: '%', pct: '%' }
const TEMPERATURE: Quantity = {
  deviceClass: 'temperature',
  unit: '°C', // what sensors and the ESP32's own temperatureRead() give
  units: { c: '°C', celsius: '°C', f: '°F', fahrenheit: '°F', k: 'K' },
}
const VOLTAGE: Quantity = { deviceClass: 'voltage', unit: 'V', units: { v: 'V', mv: 'mV' } }
const HEAP: Quantity = {
  deviceClass: 'data_size',
  unit: 'B', // ESP.getFreeHeap()
  units: { b: 'B', bytes: 'B', kb: 'kB', kib: 'KiB' },
  diagnostic: true,
}
const DUST: Quantity = { deviceClass: '', unit: 'µg/m³' }

/**
 * By the word that names the quantity: the last one of a key, units, numbers and qualifiers left aside. Only what is
 * meant by nearly everybody stands here: a wrong unit is worse than none, since Home Assistant converts by it.
 */
const QUANTITIES: Readonly<Record<string, Quantity>> = {
  temperature: TEMPERATURE,
  temp: TEMPERATURE,
  humidity: { deviceClass: 'humidity', unit: '%', units: PERCENT },
  moisture: { deviceClass: 'moisture', units: PERCENT }, // without a unit it is mostly a raw reading of an ADC
  battery: { deviceClass: 'battery', unit: '%', units: PERCENT, diagnostic: true },
  voltage: VOLTAGE,
  vcc: { ...VOLTAGE, diagnostic: true },
  current: { deviceClass: 'current', unit: 'A', units: { a: 'A', ma: 'mA' } },
  power: { deviceClass: 'power', unit: 'W', units: { w: 'W', kw: 'kW' } },
  energy: { deviceClass: 'energy', units: { wh: 'Wh', kwh: 'kWh' }, totals: true },
  pressure: {
    deviceClass: 'pressure',
    units: { pa: 'Pa', hpa: 'hPa', kpa: 'kPa', mbar: 'mbar', bar: 'bar', psi: 'psi' },
  },
  illuminance: { deviceClass: 'illuminance', unit: 'lx', units: { lx: 'lx', lux: 'lx' } },
  lux: { deviceClass: 'illuminance', unit: 'lx' },
  co2: { deviceClass: 'carbon_dioxide', unit: 'ppm', units: { ppm: 'ppm' } },
  pm1: { ...DUST, deviceClass: 'pm1' },
  pm25: { ...DUST, deviceClass: 'pm25' },
  pm10: { ...DUST, deviceClass: 'pm10' },
  distance: { deviceClass: 'distance', units: { mm: 'mm', cm: 'cm', m: 'm', km: 'km' } },
  weight: { deviceClass: 'weight', units: { g: 'g', kg: 'kg' } },
  frequency: { deviceClass: 'frequency', unit: 'Hz', units: { hz: 'Hz', khz: 'kHz', mhz: 'MHz' } },
  rssi: { deviceClass: 'signal_strength', unit: 'dBm', units: { dbm: 'dBm' }, diagnostic: true },
  snr: { deviceClass: 'signal_strength', unit: 'dB', units: { db: 'dB' }, diagnostic: true },
  uptime: {
    deviceClass: 'duration',
    unit: 's',
    units: { s: 's', ms: 'ms', min: 'min', h: 'h' },
    diagnostic: true,
  },
  heap: HEAP,
  psram: HEAP,
}

/** A battery's voltage is a voltage: the class follows the unit. */
const BATTERY_VOLTAGE: Quantity = { ...VOLTAGE, diagnostic: true }

/** They do not change what is measured: `free_heap`, `heap_min`, `temperature_2`. */
const QUALIFIER = /^(?:\d+|free|min|max|avg|mean|largest|level)$/

/** What `true` means, by the word that names it; Home Assistant's "on" of each class is the same. */
const CONDITIONS: Readonly<Record<string, string>> = {
  door: 'door',
  window: 'window',
  motion: 'motion',
  occupancy: 'occupancy',
  occupied: 'occupancy',
  presence: 'presence',
  leak: 'moisture',
  smoke: 'smoke',
  charging: 'battery_charging',
  problem: 'problem',
  fault: 'problem',
  pump: 'running',
  running: 'running',
  tamper: 'tamper',
}

const SPELLED: Readonly<Record<string, string>> = {
  rssi: 'RSSI',
  snr: 'SNR',
  co2: 'CO₂',
  psram: 'PSRAM',
  vcc: 'VCC',
  pm1: 'PM1',
  pm25: 'PM2.5',
  pm10: 'PM10',
}

/** `chip_temperature` and `chipTemperature` are `chip temperature`. */
function wordsOf(key: string): string[] {
  const spaced = key.replace(/pm2[._]5/i, 'pm25').replace(/([a-z\d])([A-Z])/g, '$1 $2')
  return spaced
    .toLowerCase()
    .split(/[ ._-]+/)
    .filter((word) => word !== '')
}

/** For people: `Chip temperature`. A unit at the end stands beside the value already. */
export function labelOf(key: string): string {
  const words = wordsOf(key)
  const found = quantityOf(words.slice(0, -1), words.at(-1))
  const named = found === undefined ? words : words.slice(0, -1)
  if (found?.quantity === BATTERY_VOLTAGE) named.push('voltage')
  const label = named.map((word) => (Object.hasOwn(SPELLED, word) ? SPELLED[word] : word)).join(' ')
  return label.charAt(0).toUpperCase() + label.slice(1)
}

/** Every number is a measurement, so that it gets a graph; class and unit only where the key says them. */
export function meaningOfNumber(key: string): Meaning {
  const words = wordsOf(key)
  const found = quantityOf(words) ?? quantityOf(words.slice(0, -1), words.at(-1))
  if (found === undefined) return { stateClass: 'measurement' }
  const { quantity, unit } = found
  const stateClass = quantity.totals ? 'total_increasing' : 'measurement'
  return { deviceClass: quantity.deviceClass, unit, stateClass, diagnostic: quantity.diagnostic }
}

export function meaningOfFlag(key: string): Meaning {
  const words = wordsOf(key)
  if (words.at(-1) === 'low' && words.at(-2) === 'battery') return { deviceClass: 'battery', diagnostic: true }
  const opening = words.at(-1) === 'open'
  const last = opening ? words.at(-2) : words.at(-1)
  const deviceClass = Object.hasOwn(CONDITIONS, last ?? '') ? CONDITIONS[last ?? ''] : undefined
  if (opening) return { deviceClass: deviceClass === 'door' || deviceClass === 'window' ? deviceClass : 'opening' }
  return { deviceClass }
}

function quantityOf(words: readonly string[], suffix?: string): { quantity: Quantity; unit: string } | undefined {
  const naming = [...words]
  while (naming.length > 1 && QUALIFIER.test(naming.at(-1) ?? '')) naming.pop()
  const word = naming.at(-1) ?? ''
  const quantity = Object.hasOwn(QUANTITIES, word) ? QUANTITIES[word] : undefined
  if (quantity === undefined) return undefined
  if (suffix === undefined) return quantity.unit === undefined ? undefined : { quantity, unit: quantity.unit }
  const unit = unitOf(quantity, suffix)
  if (unit !== undefined) return { quantity, unit }
  const voltage = word === 'battery' ? unitOf(BATTERY_VOLTAGE, suffix) : undefined
  return voltage === undefined ? undefined : { quantity: BATTERY_VOLTAGE, unit: voltage }
}

function unitOf({ units = {} }: Quantity, suffix: string): string | undefined {
  return Object.hasOwn(units, suffix) ? units[suffix] : undefined
}
