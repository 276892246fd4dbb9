import fc from 'fast-check'
import { expect, test } from 'vitest'
import { credentialProblem } from '../../gateway/core/admission.ts'
import { CoreRig, type DeviceEnd } from '../helpers/core-rig.ts'
import { settled } from '../helpers/manual-clock.ts'

/** Long enough for a sweep to matter, short enough that tokens with an end outlive a few of them. */
const OVERLAP_S = 600
const LIFE_S = 7_200
const STEPS = [
  'rotate',
  'connect',
  'connect with the other',
  'read and store',
  'read, store and answer',
  'read, store, answer and be cut',
  'answer with a wrong hash',
  'cut',
  'kill the gateway',
  'break the store',
  'mend the store',
  'wait a minute',
  'wait an hour',
] as const
type Step = (typeof STEPS)[number]

interface Slot {
  readonly tokenId: string
  readonly text: string
}

/**
 * Found by chance: the device stored a token and fell silent until it had ended, while another one came to wait for
 * the token before.
 */
const ENDED_UNCONFIRMED: Step[] = [
  ...(['rotate', 'wait an hour', 'connect with the other', 'read and store', 'rotate'] as const),
  ...(['wait an hour', 'rotate'] as const),
]

/** A gateway that may be killed, and a device with two slots: what it does is what its flash remembers. */
class World {
  rig = new CoreRig()
  readonly slots: Slot[] = []
  current = 0
  #end: DeviceEnd | undefined
  #read = 0

  async begin(expiresInS: number | undefined): Promise<void> {
    const first = await this.rig.register()
    const issued = await this.rig.core.fleet.issueToken('d1', { expiresInS })
    await this.rig.core.fleet.revokeToken('d1', first)
    this.slots.push({ tokenId: issued.id, text: issued.token })
  }

  async take(step: Step): Promise<void> {
    await this.#act(step)
    await settled()
  }

  async #act(step: Step): Promise<unknown> {
    switch (step) {
      case 'rotate':
        return this.rig.core.fleet.rotateToken('d1', { overlapS: OVERLAP_S }).catch(() => undefined)
      case 'connect':
        return this.connect()
      case 'connect with the other':
        this.current = this.slots.length > 1 ? 1 - this.current : 0
        return this.connect()
      case 'read and store':
        return this.#store()
      case 'read, store and answer':
        return this.#answer(this.#store())
      case 'read, store, answer and be cut':
        this.#answer(this.#store())
        return this.#cut()
      case 'answer with a wrong hash':
        return this.#answer(this.#unread(), 'nonsense')
      case 'cut':
        return this.#cut()
      case 'kill the gateway':
        this.#cut()
        this.rig = new CoreRig({ after: this.rig })
        return undefined
      case 'break the store':
        return this.rig.memory.fail('confirmToken', 'addReplacement', 'revokeToken')
      case 'mend the store':
        return this.rig.memory.recover()
      case 'wait a minute':
        return this.wait(60)
      case 'wait an hour':
        return this.wait(3_600)
    }
  }

  async wait(seconds: number): Promise<void> {
    this.rig.clock.suspend(seconds * 1_000)
    for (const duty of ['replaced tokens', 'due rotations']) {
      await Promise.resolve(this.rig.duty(duty)).catch(() => undefined)
    }
    await settled()
  }

  /** A 401 sends the device to its other slot once [H-13]. Whether one of them opened a session. */
  async connect(): Promise<boolean> {
    this.#cut()
    for (let tries = 0; tries < 2; tries++) {
      if (await this.#isAdmitted()) {
        await this.#open()
        return true
      }
      if (this.slots.length > 1) this.current = 1 - this.current
    }
    return false
  }

  async #isAdmitted(): Promise<boolean> {
    const verified = await this.rig.tokens.verify(this.slots[this.current]?.text ?? '')
    if ('refused' in verified) return false
    const credential = await this.rig.memory.credential('d1', verified.claims.tokenId)
    return credentialProblem(credential, this.rig.clock.wallMs()) === undefined
  }

  async #open(): Promise<void> {
    const verified = await this.rig.tokens.verify(this.slots[this.current]?.text ?? '')
    if ('refused' in verified) throw new Error(verified.refused)
    this.#read = 0
    this.#end = this.rig.open('d1', verified.claims.tokenId, verified.claims.expiresAtMs)
    this.#end.hello()
    await settled()
  }

  get welcomed(): boolean {
    return (this.#end?.link.of('welcome').length ?? 0) > 0
  }

  #unread(): Slot | undefined {
    const message = this.#end?.link.of('token')[this.#read]
    return message && { tokenId: message.tokenId, text: message.token }
  }

  /** The new token goes where the present one is not, and is used from the next connect on. */
  #store(): Slot | undefined {
    const token = this.#unread()
    if (token === undefined) return undefined
    this.#read += 1
    this.current = this.slots.length > 1 ? 1 - this.current : 1
    this.slots[this.current] = token
    return token
  }

  #answer(token: Slot | undefined, text = token?.text): void {
    if (token === undefined || this.#end?.link.closedWith !== undefined) return
    const sha256 = this.rig.tokens.digest(text ?? '')
    this.#end?.send({ type: 'token_stored', tokenId: token.tokenId, sha256 })
  }

  #cut(): void {
    this.#end?.vanish()
    this.#end = undefined
  }
}

test.each([
  ['without an end', undefined],
  ['with an end [K-10]', LIFE_S],
])(
  'in every order of rotations, cuts, kills and failures a device gets in with one of its slots, tokens %s [K-9]',
  async (_, life) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...STEPS), { minLength: 3, maxLength: 25 }), async (steps) => {
        const world = new World()
        await world.begin(life)
        for (const step of steps) await world.take(step)
        world.rig.memory.recover()
        expect(await world.connect()).toBe(true)
        expect(world.welcomed).toBe(true)
        await world.wait(30 * 24 * 3_600) // whatever had begun to end has ended
        expect(await world.connect()).toBe(true)
        expect(world.welcomed).toBe(true)
        const live = (await world.rig.core.fleet.listTokens('d1')).filter(({ state }) => !/revoked|expired/.test(state))
        expect(live.length).toBeLessThanOrEqual(2) // [K-4]
      }),
      { numRuns: 1_000, examples: [[ENDED_UNCONFIRMED]] },
    )
  },
  60_000,
)
