import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where a running gateway is found: `{data}/run.json`, for the command line, the simulator and scripts. */
export interface Address {
  readonly pid: number
  readonly port: number
  readonly url: string
  /** Path of the CA that devices and tools must trust; undefined with an own certificate or without TLS. */
  readonly ca: string | undefined
  readonly mqtt_url: string
  readonly node: string
  readonly started_at: number
}

const fileIn = (dataDir: string) => join(dataDir, 'run.json')

/** Written whole or not at all: a reader never sees half of it. */
export async function writeAddress(dataDir: string, address: Address): Promise<void> {
  const part = `${fileIn(dataDir)}.part`
  await writeFile(part, `${JSON.stringify(address, null, 2)}\n`)
  await rename(part, fileIn(dataDir))
}

export async function forgetAddress(dataDir: string): Promise<void> {
  await rm(fileIn(dataDir), { force: true })
}

/** Undefined when no gateway has said where it is. */
export async function readAddress(dataDir: string): Promise<Address | undefined> {
  try {
    return JSON.parse(await readFile(fileIn(dataDir), 'utf8')) as Address
  } catch {
    return undefined
  }
}
