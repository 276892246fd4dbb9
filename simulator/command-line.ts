import { readFileSync } from 'node:fs'
import { readArguments, type SimArguments } from './arguments.ts'
import { EnrolError, enrol } from './enrol.ts'
import { type Fleet, type FleetMember, startFleet } from './fleet.ts'
import { HELP } from './help.ts'
import { type ProgressStream, showProgress } from './progress.ts'
import { describeReport, makeReport } from './report.ts'
import { findSurroundings, whyUnreachable } from './surroundings.ts'
import { readTokenFile, writeTokenFile } from './token-file.ts'

export interface Terminal {
  readonly out: { write(text: string): unknown }
  readonly err: ProgressStream
  /** Resolves when the run shall end early. */
  readonly interrupted: Promise<void>
}

const EXIT_OK = 0
const EXIT_FAILED = 1
const EXIT_NOTHING_DONE = 2
/** The last messages get this long for their acknowledgement: a device in its back-off needs time to come back. */
const DRAIN_MAX_MS = 30_000

/** Something outside the program that the user can set right. */
class Unusable extends Error {}

/** The whole program but for signals and streams. Returns the exit code. */
export async function runCommandLine(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  terminal: Terminal,
): Promise<number> {
  const read = readArguments(argv, findSurroundings(env))
  if (read.kind === 'help') {
    terminal.out.write(HELP)
    return EXIT_OK
  }
  if (read.kind === 'wrong') {
    terminal.err.write(read.problems.map((problem) => `sim: ${problem}\n`).join(''))
    terminal.err.write('Try: npm run sim -- --help\n')
    return EXIT_NOTHING_DONE
  }
  try {
    return await run(read.arguments, terminal)
  } catch (error) {
    if (!(error instanceof Unusable) && !(error instanceof EnrolError)) throw error
    terminal.err.write(`sim: ${error.message}\n`)
    return EXIT_NOTHING_DONE
  }
}

async function run(args: SimArguments, terminal: Terminal): Promise<number> {
  const ca = args.caFile === undefined ? undefined : readFileSync(args.caFile)
  await checkReachable(args.url)
  const devices = await findMembers(args, ca, terminal)
  const { url, ratePerS, rampMs, payloadKeys, seed } = args
  const startedAtMs = performance.now()
  const fleet = startFleet({ devices, url, ca, ratePerS, rampMs, payloadKeys, ...(seed === undefined ? {} : { seed }) })
  const endProgress = showProgress(fleet, terminal.err)
  await waitForEnd(args.durationMs, terminal.interrupted)
  fleet.stopTelemetry()
  await fleet.drained(DRAIN_MAX_MS)
  const counts = fleet.counts()
  endProgress()
  await fleet.stop()
  const report = makeReport(fleet, counts, performance.now() - startedAtMs)
  terminal.out.write(`${args.json ? JSON.stringify(report) : describeReport(report)}\n`)
  showFirstCause(fleet, terminal)
  return report.failures.length === 0 ? EXIT_OK : EXIT_FAILED
}

async function checkReachable(url: string): Promise<void> {
  const why = await whyUnreachable(url)
  if (why !== undefined) throw new Unusable(`no gateway at ${new URL(url).host} (${why}); start one with: npm start`)
}

async function findMembers(args: SimArguments, ca: Buffer | undefined, terminal: Terminal): Promise<FleetMember[]> {
  const { tokensFile, saveTokensFile, adminKey = '', api } = args
  if (tokensFile !== undefined) {
    const members = await readTokenFile(tokensFile).catch((error: Error) => {
      throw new Unusable(error.message)
    })
    if (members.length >= args.devices) return members.slice(0, args.devices)
    throw new Unusable(`${tokensFile} has ${members.length} tokens, ${args.devices} devices need one each`)
  }
  const ids = Array.from({ length: args.devices }, (_, index) => `${args.prefix}-${index + 1}`)
  const onEnrolled = (count: number): void => {
    if (count % 1_000 === 0) terminal.err.write(`enrolled ${count} of ${ids.length} devices\n`)
  }
  const members = await enrol(ids, { api, ca, adminKey, onEnrolled })
  if (saveTokensFile !== undefined) {
    await writeTokenFile(saveTokensFile, members).catch((error: Error) => {
      throw new Unusable(`cannot write ${saveTokensFile}: ${error.message}`)
    })
  }
  return members
}

async function waitForEnd(durationMs: number | undefined, interrupted: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const elapsed = new Promise<void>((resolve) => {
    if (durationMs !== undefined) timer = setTimeout(resolve, durationMs)
  })
  await Promise.race([elapsed, interrupted])
  clearTimeout(timer)
}

/** A device that never came through says why; the others will have the same cause. */
function showFirstCause(fleet: Fleet, terminal: Terminal): void {
  for (const [id, device] of fleet.devices) {
    const why = device.history.findLast((change) => change.to === 'backoff')?.why
    if (device.connection.sessions > 0 || why === undefined) continue
    terminal.err.write(`${id}: ${why}\n`)
    return
  }
}
