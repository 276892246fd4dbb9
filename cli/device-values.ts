import type { Command } from './command.ts'
import { EXIT } from './failures.ts'
import { printJson, printTable } from './print.ts'
import { askGateway } from './request.ts'
import { findConnection } from './settings.ts'

export const deviceValues: Command = {
  words: 'device values',
  operands: ['<id>'],
  flags: {},
  about: 'the last value of each telemetry key of a device',
  async run(given) {
    const path = `/api/v1/devices/${encodeURIComponent(given.operand(0))}/state`
    const { body } = await askGateway(findConnection(given), { method: 'GET', path })
    if (given.isSet('json')) printJson(body)
    else {
      const rows = Object.entries(body as object).map(([key, value]) => [key, JSON.stringify(value)])
      printTable(['KEY', 'VALUE'], rows)
    }
    return EXIT.ok
  },
}
