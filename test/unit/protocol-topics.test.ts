import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isName, NAME_PATTERN } from '../../protocol/names.ts'
import { topicsUnder } from '../../protocol/topics.ts'

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
  return [
    topics.availability,
    topics.info,
    topics.telemetry,
    topics.state,
    topics.log,
    topics.shadow,
    topics.channel,
    topics.event,
    topics.commandRequest,
    topics.commandStatus,
    topics.commandResponse,
  ]
}

describe('topics', () => {
  test('never leave {base}/devices/{id}/, whatever they are built from [U-1]', () => {
    fc.assert(
      fc.property(base, anyPart, anyPart, (under, device, part) => {
        for (const build of builders(under)) {
          const topic = attempt(() => build(device, part))
          if (topic === undefined) {
            expect(isName(device) && isName(part)).toBe(false)
            continue
          }
          const place = `${under}/devices/${device}/`
          expect(topic.startsWith(place)).toBe(true)
          expect(topic.slice(place.length)).toMatch(/^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+){0,2}$/)
          expect(topic.slice(under.length).split('/')).not.toContain('..')
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test('of a node never leave {base}/nodes/ [U-11]', () => {
    fc.assert(
      fc.property(anyPart, (node) => {
        const topic = attempt(() => topicsUnder('fairlead').nodeState(node))
        expect(topic).toBe(isName(node) ? `fairlead/nodes/${node}/state` : undefined)
      }),
    )
  })

  test('of a request name the command that they were built for [C-9]', () => {
    fc.assert(
      fc.property(base, name, name, (under, device, command) => {
        const topics = topicsUnder(under)
        expect(topics.parseCommandRequest(topics.commandRequest(device, command))).toEqual({ device, command })
      }),
    )
  })

  test('that the gateway publishes are never taken for a request [U-2]', () => {
    fc.assert(
      fc.property(base, name, name, (under, device, part) => {
        const topics = topicsUnder(under)
        const published = builders(under)
          .filter((build) => build !== topics.commandRequest)
          .map((build) => build(device, part))
          .filter((topic) => topic !== topics.commandRequest(device, part))
        expect(published).toHaveLength(builders(under).length - 1)
        expect(published.map((topic) => topics.parseCommandRequest(topic))).toEqual(published.map(() => undefined))
      }),
    )
  })

  test('are read without an exception, whatever arrives', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(anyPart).map((parts) => parts.join('/')),
        ),
        (topic) => {
          const found = topicsUnder('fairlead').parseCommandRequest(topic)
          if (found) expect(topic).toBe(`fairlead/devices/${found.device}/command/request/${found.command}`)
        },
      ),
    )
  })
})

/** The topic, or undefined where none may be built; any other error is a fault. */
function attempt(build: () => string): string | undefined {
  try {
    return build()
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError)
    return undefined
  }
}
