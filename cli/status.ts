import type { Command } from './command.ts'
import { EXIT } from './failures.ts'
import { printJson, printLine, printTable } from './print.ts'
import { askGateway } from './request.ts'
import { findConnection } from './settings.ts'

interface Readiness {
  readonly ready: boolean
  readonly stopping: boolean
  readonly parts: Readonly<Record<string, { readonly ready: boolean; readonly reason?: string }>>
}

const SERVICE_UNAVAILABLE = 503

export const status: Command = {
  words: 'status',
  operands: [],
  flags: {},
  about: 'whether the gateway can serve devices, part by part; exit 1 if not',
  async run(given) {
    const connection = findConnection(given)
    const ask = { method: 'GET', path: '/readyz', open: true, alsoFine: [SERVICE_UNAVAILABLE] }
    const readiness = (await askGateway(connection, ask)).body as Readiness
    if (given.isSet('json')) printJson(readiness)
    else {
      const { ready, stopping, parts = {} } = readiness
      printLine(`${connection.url.origin} is ${stopping ? 'stopping' : ready ? 'ready' : 'not ready'}`)
      printTable(
        ['PART', 'STATE', 'WHY'],
        Object.entries(parts).map(([name, part]) => [name, part.ready ? 'ready' : 'not ready', part.reason ?? '']),
      )
    }
    return readiness.ready ? EXIT.ok : EXIT.refused
  },
}
