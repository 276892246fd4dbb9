import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { startScript } from '../../gateway/start-script.ts'

export interface GatewayProcess {
  readonly child: ChildProcess
  /** What it has written so far, or the end of it. */
  readonly stdout: () => string
  readonly stderr: () => string
  /** Resolves with the exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals | null>
}

/** `npm start` without npm: the gateway as a process of its own. Who starts it stops it. */
export function launchGateway(
  env: Readonly<Record<string, string>>,
  keepChars: number = Number.POSITIVE_INFINITY,
): GatewayProcess {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('FAIRLEAD_'))
  const { flags, entry } = startScript()
  const child = spawn(process.execPath, [...flags, entry], {
    env: { ...Object.fromEntries(others), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout = tail(stdout + chunk.toString(), keepChars)
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = tail(stderr + chunk.toString(), keepChars)
  })
  const exited = once(child, 'close').then(([code, signal]) => code ?? signal)
  return { child, stdout: () => stdout, stderr: () => stderr, exited }
}

function tail(text: string, chars: number): string {
  return text.length > chars ? text.slice(-chars) : text
}
