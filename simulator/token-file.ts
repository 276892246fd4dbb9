import { readFile, rename, writeFile } from 'node:fs/promises'
import { isJsonObject } from '../protocol/json.ts'
import { isName } from '../protocol/names.ts'
import type { FleetMember } from './fleet.ts'

/** `[{"id": "sim-1", "token": "…"}, …]`. Throws an Error that says what is wrong, and never shows a token. */
export async function readTokenFile(path: string): Promise<FleetMember[]> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new Error(`${path} is not a JSON file`, { cause: error })
  }
  if (!Array.isArray(value) || !value.every(isMember)) throw new Error(`${path} must be a list of {"id", "token"}`)
  return value.map(({ id, token }) => ({ id, token }))
}

function isMember(value: unknown): value is FleetMember {
  return isJsonObject(value) && isName(value.id) && typeof value.token === 'string' && value.token !== ''
}

/** Only the owner may read it, also when it replaces a file that others could read. */
export async function writeTokenFile(path: string, members: readonly FleetMember[]): Promise<void> {
  const half = `${path}.${process.pid}.tmp`
  await writeFile(half, `${JSON.stringify(members, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  await rename(half, path)
}
