import { alarmsCommand } from './alarms.ts'
import type { Flags } from './arguments.ts'
import { auditCommand } from './audit.ts'
import { banCommands } from './bans.ts'
import { batchCommands } from './batches.ts'
import { bulkCommands } from './bulk.ts'
import type { Command } from './command.ts'
import { commandCommands } from './commands.ts'
import { completionCommand } from './completion.ts'
import { deadLetters } from './dead-letters.ts'
import { settingsCommands } from './device-settings.ts'
import { deviceValues } from './device-values.ts'
import { deviceCommands } from './devices.ts'
import { eventsCommand } from './events.ts'
import { keyCommands } from './keys.ts'
import { login } from './login.ts'
import { loginLink } from './login-link.ts'
import { logout } from './logout.ts'
import { quarantined } from './quarantines.ts'
import { signingKeyCommands } from './signing-keys.ts'
import { status } from './status.ts'
import { tail } from './tail.ts'
import { tokenCommands } from './tokens.ts'
import { userCommands } from './users.ts'
import { whoami } from './whoami.ts'

/** Every command knows these. */
export const COMMON_FLAGS: Flags = {
  json: { type: 'boolean', about: 'print JSON, for programs' },
  url: { type: 'string', value: 'url', about: 'the gateway (FAIRLEAD_URL, the login, ./data/run.json)' },
  ca: { type: 'string', value: 'file', about: 'the CA to trust (FAIRLEAD_CA, the login, ./data/run.json)' },
  key: { type: 'string', value: 'key', about: 'the API key (FAIRLEAD_API_KEY, FAIRLEAD_ADMIN_KEY, the login)' },
  help: { type: 'boolean', short: 'h', about: 'say how a command is used' },
}

/** In the order in which help shows them. */
export const GROUPS: readonly { readonly title: string; readonly commands: readonly Command[] }[] = [
  { title: 'Devices', commands: [...deviceCommands, quarantined, deviceValues, ...bulkCommands] },
  { title: 'What they connect with', commands: [...tokenCommands, ...signingKeyCommands] },
  {
    title: 'Settings and commands',
    commands: [...settingsCommands, ...commandCommands, ...batchCommands, deadLetters],
  },
  { title: 'What they say', commands: [tail, eventsCommand] },
  { title: 'Who may do what', commands: [...keyCommands, ...userCommands, ...banCommands, auditCommand] },
  {
    title: 'The gateway and this command line',
    commands: [
      status,
      alarmsCommand,
      login,
      logout,
      whoami,
      loginLink,
      completionCommand(() => COMMANDS, COMMON_FLAGS),
    ],
  },
]
export const COMMANDS: readonly Command[] = GROUPS.flatMap(({ commands }) => commands)
