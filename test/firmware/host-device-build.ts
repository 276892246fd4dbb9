import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Beast and the core take about a minute of one core; a busy machine takes its time. */
export const BUILD_TIMEOUT_MS = 900_000
const FIRMWARE = fileURLToPath(new URL('../../firmware/', import.meta.url))
/** What fairlead-device is made of. */
const INPUTS = ['lib/fairlead_core', 'host'].map((folder) => join(FIRMWARE, folder))
/** FAIRLEAD_SANITIZE=1: the device runs with AddressSanitizer and UndefinedBehaviorSanitizer. */
const SANITIZE = process.env.FAIRLEAD_SANITIZE === '1'
const run = promisify(execFile)

/**
 * Builds fairlead-device in firmware/build, which git ignores, and returns its path. What was built from the same
 * sources by the same compiler is used again as it is. Rejects with what the compiler said.
 */
export async function buildHostDevice(): Promise<string> {
  const builds = process.env.FAIRLEAD_FIRMWARE_BUILD_DIR ?? join(FIRMWARE, 'build')
  const folder = join(builds, SANITIZE ? 'device-sanitized' : 'device')
  const program = join(folder, 'fairlead_device', 'fairlead-device')
  const stamp = join(folder, 'built-from.sha256')
  const inputs = await digest()
  if (existsSync(program) && existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) return program
  const options = { timeout: BUILD_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 }
  const settings = ['-DFAIRLEAD_SUITES=none', `-DFAIRLEAD_SANITIZE=${SANITIZE ? 'ON' : 'OFF'}`]
  await run('cmake', ['-S', join(FIRMWARE, 'host'), '-B', folder, ...settings], options)
  const jobs = `${availableParallelism()}`
  await run('cmake', ['--build', folder, '--target', 'fairlead-device', '--parallel', jobs], options)
  writeFileSync(stamp, inputs)
  return program
}

/** Of every source by name and content, and of the compiler. */
async function digest(): Promise<string> {
  const hash = createHash('sha256')
  const files = INPUTS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  )
  for (const file of files.sort()) {
    if (statSync(file).isFile()) hash.update(`${file}\0`).update(readFileSync(file)).update('\0')
  }
  hash.update((await run('c++', ['--version'])).stdout)
  return hash.digest('hex')
}

if (import.meta.main) process.stdout.write(`${await buildHostDevice()}\n`)
