import { isName } from '../protocol/names.ts'
import type { Command } from './command.ts'
import { EXIT, UsageError } from './failures.ts'
import { TailOutput } from './tail-output.ts'

export const tail: Command = {
  words: 'tail',
  operands: ['[device]'],
  flags: {
    only: {
      type: 'string',
      multiple: true,
      value: 'what',
      about: 'telemetry, events, commands, logs or presence; may be given more than once',
    },
    count: { type: 'string', short: 'n', value: 'n', about: 'end after so many lines' },
    bus: { type: 'boolean', about: 'read the bus instead (FAIRLEAD_MQTT_URL, ./data/run.json)' },
    mqtt: { type: 'string', value: 'url', about: 'read this bus instead' },
    base: { type: 'string', value: 'topic', about: 'the base topic of the bus (FAIRLEAD_BASE_TOPIC, fairlead)' },
  },
  about: 'show what devices send and do, as it happens',
  async run(given) {
    const device = given.operands[0]
    if (device !== undefined && !isName(device)) throw new UsageError(`not a device id: ${device}`)
    const output = new TailOutput(given.integer('count') ?? Number.POSITIVE_INFINITY)
    if (given.isSet('bus') || given.text('mqtt') !== undefined) {
      if (given.texts('only').length > 0) throw new UsageError('--only is not for the bus')
      // The MQTT client is the one thing here that is slow to load.
      await (await import('./tail-bus.ts')).tailBus(given, device, output)
    } else {
      if (given.text('base') !== undefined) throw new UsageError('--base is for the bus: --bus or --mqtt')
      await (await import('./tail-live.ts')).tailLive(given, device, output)
    }
    return EXIT.ok
  },
}
