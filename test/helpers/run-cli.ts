import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { TestGateway } from './start-gateway.ts'

const MAIN = join(import.meta.dirname, '../../cli/main.ts')

export interface CliAnswer {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** An operator with an empty home, who calls the command line as a process of its own. */
export class CliUser implements Disposable {
  readonly home = mkdtempSync(join(tmpdir(), 'fairlead-cli-'))
  readonly configDir = join(this.home, 'config')
  readonly dataDir = join(this.home, 'data')
  env: Readonly<Record<string, string>> = {}

  run(words: readonly string[], input = ''): Promise<CliAnswer> {
    return this.start(words, input).ended
  }

  /** For a command that runs on: `heard` is what it said so far. */
  start(
    words: readonly string[],
    input = '',
  ): { heard: { stdout: string; stderr: string }; ended: Promise<CliAnswer> } {
    const { promise, resolve, reject } = Promise.withResolvers<CliAnswer>()
    const env = {
      PATH: process.env.PATH,
      HOME: this.home,
      XDG_CONFIG_HOME: this.configDir,
      FAIRLEAD_DATA_DIR: this.dataDir,
    }
    const child = spawn(process.execPath, [MAIN, ...words], { cwd: this.home, env: { ...env, ...this.env } })
    const heard = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      heard.stdout += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      heard.stderr += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, ...heard }))
    child.stdin.end(input)
    return { heard, ended: promise }
  }

  [Symbol.dispose](): void {
    rmSync(this.home, { recursive: true, force: true })
  }
}

/** Who operates this gateway from a terminal, with a key of the role. */
export async function operatorOf(gateway: TestGateway, role = 'operator'): Promise<CliUser> {
  const user = new CliUser()
  onTestFinished(() => user[Symbol.dispose]())
  const { body } = await gateway.api('POST', 'api-keys', { name: `cli-${role}`, role })
  const ca = join(user.home, 'ca.pem')
  writeFileSync(ca, gateway.ca)
  user.env = { FAIRLEAD_URL: `https://127.0.0.1:${gateway.port}`, FAIRLEAD_CA: ca, FAIRLEAD_API_KEY: body.key }
  return user
}
