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
import { deviceCommands } from './devices.ts'
import { eventsCommand } from './events.ts'
import { login } from './login.ts'
import { loginLink } from './login-link.ts'
import { signingKeyCommands } from './signing-keys.ts'
import { status } from './status.ts'
import { tail } from './tail.ts'
import { tokenCommands } from './tokens.ts'

/** Every command knows these. */
export const COMMON_FLAGS: Flags = {
  json: { type: 'boolean', about: 'print JSON, for programs' },
  url: { type: 'string', value: 'url', about: 'the gateway (FAIRLEAD_URL, the login, ./data/run.json)' },
  ca: { type: 'string', value: 'file', about: 'the CA to trust (FAIRLEAD_CA, the login, ./data/run.json)' },
  key: { type: 'string', value: 'key', about: 'the API key (FAIRLEAD_API_KEY, FAIRLEAD_ADMIN_KEY, the login)' },
  help: { type: 'boolean', short: 'h', about: 'say how a command is used' },
}

export const COMMANDS: readonly Command[] = [
  ...deviceCommands,
  ...bulkCommands,
  ...tokenCommands,
  ...signingKeyCommands,
  ...settingsCommands,
  ...commandCommands,
  ...batchCommands,
  eventsCommand,
  ...banCommands,
  deadLetters,
  tail,
  auditCommand,
  alarmsCommand,
  status,
  login,
  loginLink,
  completionCommand(() => COMMANDS, COMMON_FLAGS),
]
