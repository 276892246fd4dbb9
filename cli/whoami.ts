import type { Command } from './command.ts'
import { EXIT } from './failures.ts'
import { printFields, printJson, timeText } from './print.ts'
import { askGateway } from './request.ts'
import { findConnection } from './settings.ts'

interface Session {
  readonly name: string
  readonly role: string
  readonly scopes?: readonly string[]
  readonly expires_at?: number
}

export const whoami: Command = {
  words: 'whoami',
  operands: [],
  flags: {},
  about: 'the gateway and the API key in use, where they were found, and what the key may do',
  async run(given) {
    const connection = findConnection(given)
    const session = (await askGateway(connection, { method: 'GET', path: '/api/v1/session' })).body as Session
    if (given.isSet('json')) printJson({ url: connection.url.href, ...session })
    else {
      printFields({
        gateway: `${connection.url.origin} (from ${connection.urlFrom})`,
        key: `${session.name} (from ${connection.keyFrom})`,
        role: session.role,
        scopes: session.scopes?.join(', '),
        ends: timeText(session.expires_at),
      })
    }
    return EXIT.ok
  },
}
