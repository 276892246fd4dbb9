import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe } from 'vitest'

const inPath = (program: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, program)))
const hasHeader = (name: string): boolean =>
  ['/usr/include', '/usr/local/include', '/opt/homebrew/include'].some((folder) => existsSync(join(folder, name)))

const missing = [
  ...['cmake', 'c++'].filter((program) => !inPath(program)),
  ...['boost/beast.hpp', 'openssl/ssl.h'].filter((header) => !hasHeader(header)),
]

/** Like `describe`; says so when the firmware cannot be built here, and fails in CI, where nothing may be skipped. */
export function describeWithCompiler(name: string, body: () => void): void {
  const lack = `missing: ${missing.join(', ')} (Debian: cmake make g++ libboost-dev libssl-dev)`
  if (missing.length > 0 && process.env.CI === 'true') throw new Error(`"${name}" cannot run; ${lack}`)
  if (missing.length > 0) process.stderr.write(`\nSKIPPED: "${name}"; ${lack}\n`)
  describe.skipIf(missing.length > 0)(name, body)
}
