import type { Device } from './fleet.ts'

/** What firmware says that it can do at all, beside the commands that it knows by name. */
const NO_COMMANDS: readonly string[] = ['commands', 'settings', 'binary']

/** Commands that these devices say they know, each once. */
export function commandNamesOf(devices: readonly Device[]): string[] {
  const names = new Set(devices.flatMap(({ capabilities }) => capabilities))
  return [...names].filter((name) => !NO_COMMANDS.includes(name)).sort()
}
