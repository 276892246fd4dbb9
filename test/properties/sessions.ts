import { deepEqual, equal, ok } from 'node:assert/strict'
import fc from 'fast-check'
import { DEFAULT_LIMITS } from '../../gateway/core/limits.ts'
import { Session } from '../../gateway/core/session.ts'
import { Sessions } from '../../gateway/core/sessions.ts'
import { CLOSE } from '../../protocol/close-codes.ts'
import { FakeLink, QuietLog } from '../helpers/core-fakes.ts'
import { ManualClock } from '../helpers/manual-clock.ts'
import { type Property, property } from './property.ts'

const DEVICES = ['a', 'b']
const clock = new ManualClock()
const log = new QuietLog()

/** Connections get their numbers in the order of `hello`; the store may answer in any other, so they claim in any order. */
type Step =
  | { readonly does: 'hello'; readonly device: number }
  | { readonly does: 'claim' | 'lose' | 'end'; readonly which: number }
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ does: fc.constant('hello' as const), device: fc.nat({ max: DEVICES.length - 1 }) }),
  fc.record({ does: fc.constant('claim' as const), which: fc.nat({ max: 9 }) }),
  fc.record({ does: fc.constant('claim' as const), which: fc.nat({ max: 9 }) }),
  fc.record({ does: fc.constantFrom('lose' as const, 'end' as const), which: fc.nat({ max: 9 }) }),
)

class Trial {
  readonly sessions = new Sessions()
  readonly all: { readonly session: Session; readonly link: FakeLink }[] = []
  /** Those whose claim was granted, by device, in order. */
  readonly granted = new Map<string, Session[]>()

  take(one: Step): void {
    if (one.does === 'hello') return this.#hello(DEVICES[one.device] ?? 'a')
    const chosen = this.all[one.which]
    if (chosen === undefined || chosen.session.state === 'ended') return
    if (one.does === 'lose') chosen.session.lost('connection_lost')
    else if (one.does === 'end') chosen.session.end(CLOSE.restart)
    else if (chosen.session.state !== 'ready') this.#claim(chosen.session)
  }

  #hello(device: string): void {
    const link = new FakeLink()
    const session = new Session({ device, tokenId: 't' }, link, { clock, limits: DEFAULT_LIMITS, log })
    session.onEnded = () => this.sessions.remove(session)
    session.number = this.all.length + 1
    this.sessions.add(session)
    this.all.push({ session, link })
  }

  /** As connections.ts does: claimed sessions become ready. */
  #claim(session: Session): void {
    if (!this.sessions.claim(session)) return
    session.state = 'ready'
    this.granted.set(session.device, [...(this.granted.get(session.device) ?? []), session])
  }

  live(device: string): Session[] {
    return (this.granted.get(device) ?? []).filter(({ state }) => state !== 'ended')
  }
}

/** `look` sees the trial after each step. */
const always = (look: (trial: Trial) => void) =>
  fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
    const trial = new Trial()
    for (const one of steps) {
      trial.take(one)
      look(trial)
    }
  })

export const sessionProperties: readonly Property[] = [
  property(
    'a device has at most one live session, and it is the one that stands for the device [S-5]',
    always((trial) => {
      for (const device of DEVICES) {
        const live = trial.live(device)
        ok(live.length <= 1)
        equal(trial.sessions.of(device), live[0])
      }
    }),
  ),
  property(
    'the numbers of the sessions that a device had rise, also after an end [S-4]',
    always((trial) => {
      for (const sessions of trial.granted.values()) {
        const numbers = sessions.map(({ number }) => number)
        deepEqual(
          numbers,
          [...numbers].sort((a, b) => a - b),
        )
      }
    }),
  ),
  property(
    'an older session that is replaced hears 4009, and nothing else is closed [S-5]',
    always((trial) => {
      for (const { link } of trial.all) {
        const codes = link.closes.map(({ code }) => code)
        ok(codes.length <= 1)
        if (codes[0] === CLOSE.replaced.code) equal(link.of('bye')[0]?.code, CLOSE.replaced.code)
      }
    }),
  ),
  property(
    'what is over is forgotten, and what is open is counted',
    always((trial) => {
      const open = trial.all.filter(({ session }) => session.state !== 'ended')
      equal(trial.sessions.size, open.length)
      equal(trial.sessions.online, DEVICES.filter((device) => trial.live(device).length > 0).length)
    }),
  ),
]
