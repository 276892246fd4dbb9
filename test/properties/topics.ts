import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict'
import fc from 'fast-check'
import { isName, NAME_PATTERN } from '../../protocol/names.ts'
import { topicsUnder } from '../../protocol/topics.ts'
import { type Property, property } from './property.ts'

const name = fc.stringMatching(new RegExp(NAME_PATTERN))
/** Names, near misses, and whatever a hostile client may send. */
const anyPart = fc.oneof(
  name,
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ unit: fc.constantFrom('a', '.', '/', '+', '#', '$', '%', '\0', '\n', '_', 'ａ', '𝐚') }),
  fc.constantFrom('..', '.', '', '__proto__', 'constructor', '%2F', 'a/../b', '\ufeffa', '\ud800'),
)
const base = fc.stringMatching(/^[a-z]{1,8}(\/[a-z]{1,8}){0,2}$/)

type Builder = (device: string, part: string) => string
function builders(under: string): Builder[] {
  const topics = topicsUnder(under)
  const ofDevice = [topics.availability, topics.info, topics.telemetry, topics.state, topics.log, topics.shadow]
  const ofPart = [topics.channel, topics.event, topics.commandRequest, topics.commandStatus, topics.commandResponse]
  return [...ofDevice, ...ofPart]
}

/** The topic, or undefined where none may be built; any other error is a fault. */
function attempt(build: () => string): string | undefined {
  try {
    return build()
  } catch (error) {
    ok(error instanceof RangeError)
    return undefined
  }
}

export const topicProperties: readonly Property[] = [
  property(
    'a topic never leaves {base}/devices/{id}/, whatever it is built from [U-1]',
    fc.property(base, anyPart, anyPart, (under, device, part) => {
      for (const build of builders(under)) {
        const topic = attempt(() => build(device, part))
        if (topic === undefined) {
          ok(!(isName(device) && isName(part)))
          continue
        }
        const place = `${under}/devices/${device}/`
        ok(topic.startsWith(place) && isName(device))
        match(topic.slice(place.length), /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+){0,2}$/)
        doesNotMatch(topic.slice(under.length), /(^|\/)\.\.?(\/|$)/)
      }
    }),
  ),
  property(
    'a topic of a node never leaves {base}/nodes/ [U-11]',
    fc.property(anyPart, (node) => {
      const topic = attempt(() => topicsUnder('fairlead').nodeState(node))
      equal(topic, isName(node) ? `fairlead/nodes/${node}/state` : undefined)
    }),
  ),
  property(
    'a request topic names the command that it was built for [C-9]',
    fc.property(base, name, name, (under, device, command) => {
      const topics = topicsUnder(under)
      deepEqual(topics.parseCommandRequest(topics.commandRequest(device, command)), { device, command })
    }),
  ),
  property(
    'nothing that the gateway publishes is taken for a request [U-2]',
    fc.property(base, name, name, (under, device, part) => {
      const topics = topicsUnder(under)
      const request = topics.commandRequest(device, part)
      const published = builders(under).map((build) => build(device, part))
      equal(published.filter((topic) => topic === request).length, 1)
      equal(published.filter((topic) => topics.parseCommandRequest(topic) !== undefined).length, 1)
    }),
  ),
  property(
    'a topic is read without an exception, whatever arrives [C-9]',
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(anyPart).map((parts) => parts.join('/')),
      ),
      (topic) => {
        const found = topicsUnder('fairlead').parseCommandRequest(topic)
        if (found) equal(topic, `fairlead/devices/${found.device}/command/request/${found.command}`)
      },
    ),
  ),
]
