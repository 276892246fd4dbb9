import { setTimeout as delay } from 'node:timers/promises'
import { CommandFailed } from './command-runner.ts'
import type { CommandHandler } from './device-options.ts'

/** The result must be on its way before the link is gone. */
const REBOOT_DELAY_MS = 200
const WAIT_MAX_S = 3_600

/** The commands that every device of a fleet knows. */
export const DEVICE_COMMANDS: Readonly<Record<string, CommandHandler>> = {
  /** Answers at once. */
  ping: () => ({ pong: true, at: Date.now() }),

  identify: (_command, { device }) => ({
    boot: device.boot,
    sessions: device.connection.sessions,
    unacked: device.unacked,
  }),

  /** Takes over every key of `params` as a setting. */
  set: (command, { device }) => {
    device.settings = { ...device.settings, ...command.params }
    return device.settings
  },

  /** Answers, then comes back with a new boot id. */
  reboot: (_command, { device }) => {
    setTimeout(() => device.reboot(), REBOOT_DELAY_MS).unref()
    return { rebooting: true }
  },

  fail: (command) => {
    const { code, message } = command.params
    throw new CommandFailed(
      typeof code === 'string' ? code : 'failed',
      typeof message === 'string' ? message : 'failed on purpose',
    )
  },

  /** Runs for `params.seconds` with ten steps of progress; can be cancelled. */
  wait: async (command, { signal, progress }) => {
    const { seconds } = command.params
    if (typeof seconds !== 'number' || seconds < 0 || seconds > WAIT_MAX_S) {
      throw new CommandFailed('bad_params', `seconds must be a number from 0 to ${WAIT_MAX_S}`)
    }
    for (let percent = 10; percent <= 100; percent += 10) {
      await delay(seconds * 100, undefined, { signal })
      progress(percent)
    }
    return { waited_s: seconds }
  },
}
