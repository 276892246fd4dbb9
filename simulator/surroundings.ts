import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { isJsonObject, type JsonObject } from '../protocol/json.ts'
import type { Surroundings } from './arguments.ts'

/** What the simulator finds around it: the environment, a gateway that runs here, the limits of the process. */
export function findSurroundings(env: NodeJS.ProcessEnv): Surroundings {
  const dataDir = env.FAIRLEAD_DATA_DIR ?? 'data'
  const run = readRunFile(join(dataDir, 'run.json'))
  const ownCa = join(dataDir, 'tls', 'ca.pem')
  return {
    env,
    runningUrl: typeof run.url === 'string' ? run.url : undefined,
    runningCaFile: typeof run.ca === 'string' ? run.ca : existsSync(ownCa) ? ownCa : undefined,
    isReadable,
    openFilesMax: openFilesMax(),
  }
}

/** Written by a gateway at its start; half a file or none says nothing. */
function readRunFile(path: string): JsonObject {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return isJsonObject(value) ? value : {}
  } catch {
    return {}
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** Node has raised the soft limit to the hard one at its start. */
function openFilesMax(): number {
  Object.assign(process.report, { excludeNetwork: true }) // or it looks up the name of every peer
  const report: unknown = process.report.getReport()
  const limits = isJsonObject(report) && isJsonObject(report.userLimits) ? report.userLimits.open_files : undefined
  const soft = isJsonObject(limits) ? limits.soft : undefined
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY // "unlimited", or a system without such limits
}

const REACH_MAX_MS = 5_000

/** Undefined when something listens at `url`, else why not. */
export function whyUnreachable(url: string): Promise<string | undefined> {
  const { hostname, port, protocol } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) || (protocol === 'wss:' || protocol === 'https:' ? 443 : 80) })
    const answer = (why: string | undefined): void => {
      socket.destroy()
      resolve(why)
    }
    socket.setTimeout(REACH_MAX_MS, () => answer('no answer'))
    socket.on('connect', () => answer(undefined))
    socket.on('error', (error: NodeJS.ErrnoException) => answer(error.code ?? error.message))
  })
}
