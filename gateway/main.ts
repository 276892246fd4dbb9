import { createLog } from './adapters/log.ts'
import type { Config } from './config.ts'
import { ConfigError, loadConfig } from './config.ts'
import type { Log } from './core/ports.ts'
import { type RunningGateway, startGateway } from './gateway.ts'
import { startNotice } from './notice.ts'

/** The whole stop, drain and all; container engines kill after 30 s. */
const STOP_MAX_MS = 29_000

async function main(): Promise<void> {
  const config = readConfig()
  let logLinesLost = 0
  const onDrop = () => {
    logLinesLost += 1
  }
  const log = createLog({ level: config.logLevel, pretty: process.stdout.isTTY === true, onDrop })
  process.on('uncaughtException', (error) => fail(log, error, 'uncaught exception'))
  process.on('unhandledRejection', (error) => fail(log, error, 'unhandled rejection'))
  const starting = startGateway(config, log, { logLinesLost: () => logLinesLost })
  stopOnSignals(starting, log) // before it runs: a signal in the middle of the start is not lost
  const gateway = await starting.catch((error: unknown) => {
    log.debug({ error }, 'start failed')
    const reason = error instanceof Error ? error.message : String(error)
    process.stderr.write(`fairlead: cannot start: ${reason}\n`)
    process.exit(1)
  })
  process.stderr.write(startNotice(config, gateway))
}

function readConfig(): Config {
  try {
    return loadConfig(process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`fairlead: ${error.message}\nEvery variable is described in .env.example.\n`)
    process.exit(1)
  }
}

/** A half-dead gateway would keep sockets that nobody serves: better to end and be started again. */
function fail(log: Log, error: unknown, what: string): void {
  log.error({ error }, what)
  process.exitCode = 1
  setTimeout(() => process.exit(1), 200) // for the line above to be written
}

/** The first SIGTERM or SIGINT stops in order; a second one, or too much time, ends at once. */
function stopOnSignals(starting: Promise<RunningGateway>, log: Log): void {
  let stopping = false
  const onSignal = (signal: string) => {
    if (stopping) process.exit(1)
    stopping = true
    log.info({ signal }, 'stopping')
    setTimeout(() => {
      log.error({ afterMs: STOP_MAX_MS }, 'stop took too long')
      process.exit(1)
    }, STOP_MAX_MS).unref()
    starting
      .then((gateway) => gateway.stop())
      .then(() => log.info({}, 'stopped'))
      .then(() => setTimeout(() => process.exit(0), 50)) // for the last lines to be written
      .catch((error: unknown) => fail(log, error, 'stop failed'))
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}

await main()
