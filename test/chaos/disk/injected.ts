import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { until } from '../support/wait.ts'

const ATTACH_MAX_MS = 20_000

export function straceInstalled(): boolean {
  try {
    execFileSync('strace', ['-V'], { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}

/**
 * From now on system calls of the process fail or take long, as `inject` says (strace(1), "Tampering"). Resolves when
 * all its threads are under it; the returned function lets go of them.
 */
export async function inject(pid: number, calls: string, tamper: string): Promise<() => Promise<void>> {
  const how = ['-e', `trace=${calls}`, '-e', `inject=${calls}:${tamper}`]
  const strace = spawn('strace', ['-f', '-qq', '-o', '/dev/null', '-p', String(pid), ...how], { stdio: 'ignore' })
  const attached = await until(() => isTraced(pid, strace), ATTACH_MAX_MS)
  if (attached === undefined) throw new Error('strace does not get hold of the gateway')
  return async () => {
    if (strace.exitCode !== null) throw new Error('strace let go by itself')
    const gone = once(strace, 'exit')
    strace.kill('SIGINT')
    await gone
  }
}

async function isTraced(pid: number, { exitCode }: ChildProcess): Promise<boolean> {
  if (exitCode !== null) throw new Error(`strace ended with ${exitCode}`)
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return !/^TracerPid:\s+0$/m.test(status)
}
