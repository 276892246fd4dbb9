import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe } from 'vitest'

const SOURCE = fileURLToPath(new URL('../../firmware/host', import.meta.url))
/** FAIRLEAD_SANITIZE=1: the device runs with AddressSanitizer and UndefinedBehaviorSanitizer. */
const SANITIZE = process.env.FAIRLEAD_SANITIZE === '1' ? 'ON' : 'OFF'
const key = createHash('sha256').update(`${SOURCE} ${SANITIZE}`).digest('hex').slice(0, 12)
/** Of this checkout alone, and kept: the next run builds what has changed. */
const BUILD = join(tmpdir(), `fairlead-firmware-${key}`)
/** Beast and the core take about a minute on a slow machine. */
export const BUILD_TIMEOUT_MS = 600_000

const inPath = (program: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, program)))
const hasHeader = (name: string): boolean =>
  ['/usr/include', '/usr/local/include', '/opt/homebrew/include'].some((folder) => existsSync(join(folder, name)))

const missing = [
  ...['cmake', 'c++'].filter((program) => !inPath(program)),
  ...['boost/beast.hpp', 'openssl/ssl.h', 'doctest/doctest.h'].filter((header) => !hasHeader(header)),
]

/** Like `describe`; says so when the firmware cannot be built here, and fails in CI, where nothing may be skipped. */
export function describeWithCompiler(name: string, body: () => void): void {
  const lack = `missing: ${missing.join(', ')} (Debian: cmake g++ libboost-dev libssl-dev doctest-dev)`
  if (missing.length > 0 && process.env.CI === 'true') throw new Error(`"${name}" cannot run; ${lack}`)
  if (missing.length > 0) process.stderr.write(`\nSKIPPED: "${name}"; ${lack}\n`)
  describe.skipIf(missing.length > 0)(name, body)
}

/** Builds fairlead-device and returns its path. Rejects with what the compiler said. */
export async function buildHostDevice(): Promise<string> {
  const run = promisify(execFile)
  const options = { timeout: BUILD_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 }
  await run('cmake', ['-S', SOURCE, '-B', BUILD, '-DFAIRLEAD_SUITES=none', `-DFAIRLEAD_SANITIZE=${SANITIZE}`], options)
  await run(
    'cmake',
    ['--build', BUILD, '--target', 'fairlead-device', '--parallel', `${availableParallelism()}`],
    options,
  )
  return join(BUILD, 'fairlead_device', 'fairlead-device')
}
