import { isName } from './names.ts'

/** What a command topic says, seen from the bus. */
export interface CommandTopic {
  readonly device: string
  readonly command: string
}

export interface Topics {
  readonly availability: (device: string) => string
  readonly info: (device: string) => string
  readonly telemetry: (device: string) => string
  readonly channel: (device: string, channel: string) => string
  readonly state: (device: string) => string
  readonly event: (device: string, name: string) => string
  readonly log: (device: string) => string
  readonly shadow: (device: string) => string
  readonly alert: (device: string) => string
  readonly commandRequest: (device: string, command: string) => string
  readonly commandStatus: (device: string, command: string) => string
  readonly commandResponse: (device: string, command: string) => string
  readonly nodeState: (node: string) => string
  readonly deadLetters: (node: string) => string
  /** The only filter the gateway listens to. Nothing it publishes matches it [U-2]. */
  readonly commandRequests: string
  readonly parseCommandRequest: (topic: string) => CommandTopic | undefined
}

/** [U-1] Every topic of the bus below `base`. Throws RangeError for a part that is not a name: a topic never escapes. */
export function topicsUnder(base: string): Topics {
  const checked = (part: string): string => {
    if (!isName(part)) throw new RangeError('topic part is not a name [N-1]')
    return part
  }
  const of = (device: string, rest: string) => `${base}/devices/${checked(device)}/${rest}`
  const requests = `${base}/devices/+/command/request/+`
  return {
    availability: (device) => of(device, 'availability'),
    info: (device) => of(device, 'info'),
    telemetry: (device) => of(device, 'telemetry'),
    channel: (device, channel) => of(device, `telemetry/${checked(channel)}`),
    state: (device) => of(device, 'state'),
    event: (device, name) => of(device, `event/${checked(name)}`),
    log: (device) => of(device, 'log'),
    shadow: (device) => of(device, 'shadow'),
    alert: (device) => of(device, 'alert'), // [P-9]
    commandRequest: (device, command) => of(device, `command/request/${checked(command)}`),
    commandStatus: (device, command) => of(device, `command/status/${checked(command)}`),
    commandResponse: (device, command) => of(device, `command/response/${checked(command)}`),
    nodeState: (node) => `${base}/nodes/${checked(node)}/state`,
    deadLetters: (node) => `${base}/nodes/${checked(node)}/dead-letter`, // [C-21]
    commandRequests: requests,
    parseCommandRequest: (topic) => parseRequest(base, topic),
  }
}

function parseRequest(base: string, topic: string): CommandTopic | undefined {
  const prefix = `${base}/devices/`
  if (!topic.startsWith(prefix)) return undefined
  const [device, area, kind, command, ...more] = topic.slice(prefix.length).split('/')
  if (area !== 'command' || kind !== 'request' || more.length > 0) return undefined
  return isName(device) && isName(command) ? { device, command } : undefined
}
