import type { Given } from './arguments.ts'
import { EXIT } from './failures.ts'
import { printJson, printTable } from './print.ts'
import { askGateway } from './request.ts'
import { findConnection } from './settings.ts'

/** Asks for one page of things and prints it: a table, or with --json what the gateway said. */
export async function printPage<Item>(
  given: Given,
  path: string,
  heading: readonly string[],
  toRow: (item: Item) => string[],
): Promise<number> {
  const { body } = await askGateway(findConnection(given), { method: 'GET', path })
  if (given.isSet('json')) printJson(body)
  else printTable(heading, (body as { items: Item[] }).items.map(toRow))
  return EXIT.ok
}
