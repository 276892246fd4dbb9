import type { NewCommand } from '../../gateway/core/command-machine.ts'
import type { NewDevice, NewToken } from '../../gateway/core/records.ts'
import type { Registry } from '../../gateway/core/registry.ts'

/** A started registry over an empty store. */
export interface RegistryUnderTest {
  readonly registry: Registry
  /** Stops it and starts another on the same store. */
  reopen(): Promise<Registry>
  /** Stops whatever runs and removes the store. */
  dispose(): Promise<void>
}

export const NOW_MS = 1_750_000_000_000

export function newDevice(id: string, more: Partial<NewDevice> = {}): NewDevice {
  return { id, tags: [], createdAtMs: NOW_MS, ...more }
}

export function newToken(device: string, id = 'first', more: Partial<NewToken> = {}): NewToken {
  return { id, device, createdAtMs: NOW_MS, ...more }
}

/** Texts that break what is glued together or looked up on a plain object. */
export const HOSTILE_NAMES = [
  "' OR 1=1--",
  '"; DROP TABLE devices; --',
  'constructor',
  '__proto__',
  'toString',
  '%_',
  'ä🚿',
]

export function newCommand(id: string, more: Partial<NewCommand> = {}): NewCommand {
  const times = { ttlS: 60, timeoutS: 30, createdAtMs: NOW_MS }
  return { id, device: 'pump', name: 'water', params: { litres: 3 }, ...times, ...more }
}
