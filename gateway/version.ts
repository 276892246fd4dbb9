import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** As package.json says. */
export async function projectVersion(): Promise<string> {
  const text = await readFile(join(dirname(import.meta.dirname), 'package.json'), 'utf8')
  return String((JSON.parse(text) as { version?: unknown }).version)
}
