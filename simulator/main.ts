import { runCommandLine } from './command-line.ts'

/** npm passes Ctrl-C on to a process that has got it already: that is not a second one. */
const SAME_INTERRUPT_MS = 500

const interrupted = Promise.withResolvers<void>()
let interruptedAtMs: number | undefined

function onSignal(): void {
  const nowMs = performance.now()
  if (interruptedAtMs !== undefined && nowMs - interruptedAtMs > SAME_INTERRUPT_MS) process.exit(130)
  interruptedAtMs ??= nowMs
  interrupted.resolve()
}

process.on('SIGINT', onSignal)
process.on('SIGTERM', onSignal)
process.exitCode = await runCommandLine(process.argv.slice(2), process.env, {
  out: process.stdout,
  err: process.stderr,
  interrupted: interrupted.promise,
})
