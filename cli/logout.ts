import { rmSync } from 'node:fs'
import type { Command } from './command.ts'
import { EXIT } from './failures.ts'
import { printJson, printLine } from './print.ts'
import { loginPath } from './settings.ts'

export const logout: Command = {
  words: 'logout',
  operands: [],
  flags: {},
  about: 'forget what "login" kept; the key itself stays good until it is revoked',
  async run(given) {
    const file = loginPath()
    rmSync(file, { force: true })
    if (given.isSet('json')) printJson({ file })
    else printLine(`${file} is gone. "fairlead key revoke <name>" ends the key itself.`)
    return EXIT.ok
  },
}
