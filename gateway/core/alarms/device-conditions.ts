import type { Clock } from '../ports.ts'
import type { PresenceBoard } from '../presence.ts'
import type { Quarantine } from '../quarantine.ts'
import type { Condition } from './alarm.ts'
import type { DeviceTrouble, LossView, UnrestView } from './device-trouble.ts'
import { ALARM_LIMITS } from './limits.ts'

export interface DeviceConditionsNeeds {
  readonly clock: Clock
  readonly presence: Pick<PresenceBoard, 'overslept'>
  readonly quarantine: Pick<Quarantine, 'list'>
  readonly trouble: DeviceTrouble
}

/** What is wrong with devices. Those that an operator disabled are left alone. */
export class DeviceConditions {
  readonly #needs: DeviceConditionsNeeds

  constructor(needs: DeviceConditionsNeeds) {
    this.#needs = needs
  }

  *now(): Generator<Condition> {
    const { trouble } = this.#needs
    yield* this.#quarantined()
    for (const { device, unrest, losses } of trouble.recent()) {
      yield* unrestOf(device, unrest)
      yield* lossOf(device, losses)
    }
    yield* this.#overslept()
  }

  *#quarantined(): Generator<Condition> {
    const { quarantine, trouble } = this.#needs
    for (const { device, sinceMs, untilMs, addresses } of quarantine.list()) {
      trouble.forgetSessions(device)
      if (trouble.isDisabled(device)) continue
      const text =
        'Two devices use its token. Give one a token of its own, revoke the shared one, then release it; a token that was stolen is in the hands of somebody else.'
      const detail = { until: untilMs, addresses: addresses.join(', ') }
      yield { kind: 'device_quarantined', severity: 'warning', device, sinceMs, say: () => ({ text, detail }) }
    }
  }

  *#overslept(): Generator<Condition> {
    const { presence, trouble, clock } = this.#needs
    for (const { device, sinceMs } of presence.overslept()) {
      if (clock.wallMs() - sinceMs < ALARM_LIMITS.oversleptMs || trouble.isDisabled(device)) continue
      const text =
        'It went to sleep and did not come back when it had promised. Look at its battery and its Wi-Fi; disable or delete it if it is gone for good.'
      yield { kind: 'device_overslept', severity: 'warning', device, sinceMs, say: () => ({ text, detail: {} }) }
    }
  }
}

function* unrestOf(device: string, { ends, boots, lastReason }: UnrestView): Generator<Condition> {
  const { restarts, drops, dropsKeep } = ALARM_LIMITS
  if (ends < dropsKeep) return
  const detail = { ends, boots, last_reason: lastReason }
  const isRestarting = boots >= restarts
  const restarting =
    'It restarts over and over. Look at its power supply and at its serial console; take back the last firmware if it began with that.'
  const flapping =
    'It loses its connection again and again. Look at its Wi-Fi and the network on the way; its connections say how each one ended.'
  yield {
    ...{ kind: 'device_restarting', severity: 'warning', device, keepsOnly: !isRestarting },
    say: () => ({ text: restarting, detail }),
  }
  if (isRestarting) return
  yield {
    ...{ kind: 'device_flapping', severity: 'warning', device, keepsOnly: ends < drops },
    say: () => ({ text: flapping, detail }),
  }
}

function* lossOf(device: string, { missing, refused, dropped }: LossView): Generator<Condition> {
  const lost = missing + refused + dropped
  if (lost === 0) return
  const text =
    missing >= refused + dropped
      ? 'It loses messages before it can send them: its outbox overflows. Look at its network, or let it measure less often.'
      : 'It sends what cannot be taken: too large, malformed, or too many log lines. Its counters say how much; mend its firmware.'
  yield {
    ...{ kind: 'device_losing', severity: 'warning', device, keepsOnly: lost < ALARM_LIMITS.losses },
    say: () => ({ text, detail: { missing, refused, dropped } }),
  }
}
