import type { CommandRecord } from '../../core/command-machine.ts'
import type { DeviceView, IssuedToken, TokenView } from '../../core/operator.ts'
import type { Presence, Shadow } from '../../core/records.ts'
import type { CommandWire } from './command-schemas.ts'
import type { DeviceWire } from './device-schemas.ts'
import type { TokenWire } from './schemas.ts'
import type { ShadowWire } from './shadow-schemas.ts'

/** The one place where camelCase inside becomes snake_case outside. Field by field: what is not named stays inside. */

export function deviceToWire(device: DeviceView): DeviceWire {
  return {
    id: device.id,
    model: device.model,
    firmware: device.firmware,
    capabilities: [...device.capabilities],
    tags: [...device.tags],
    notes: device.notes,
    enabled: device.enabled,
    created_at: device.createdAtMs,
    presence: presenceToWire(device.presence),
    quarantine: device.quarantine && { since: device.quarantine.sinceMs, until: device.quarantine.untilMs },
    counters: device.counters,
  }
}

function presenceToWire(presence: Presence): DeviceWire['presence'] {
  return {
    state: presence.state,
    session: presence.session,
    since: presence.sinceMs,
    reason: presence.reason,
    node: presence.node,
    wake_at: presence.wakeAtMs,
  }
}

export function shadowToWire(shadow: Shadow): ShadowWire {
  return {
    desired: shadow.desired,
    desired_version: shadow.desiredVersion,
    desired_at: shadow.desiredAtMs,
    reported: shadow.reported,
    reported_version: shadow.reportedVersion,
    reported_at: shadow.reportedAtMs,
  }
}

export function tokenToWire(token: TokenView): TokenWire {
  return {
    id: token.id,
    state: token.state,
    created_at: token.createdAtMs,
    expires_at: token.expiresAtMs ?? null,
    replaces: token.replaces,
    confirmed_at: token.confirmedAtMs,
    ends_at: token.endsAtMs,
    revoked_at: token.revokedAtMs,
    last_used_at: token.lastUsedAtMs,
  }
}

export function issuedToWire(issued: IssuedToken): { id: string; token: string; expires_at: number | null } {
  return { id: issued.id, token: issued.token, expires_at: issued.expiresAtMs ?? null }
}

export function commandToWire(command: CommandRecord): CommandWire {
  const { error, lateResult } = command
  return {
    id: command.id,
    device: command.device,
    batch: command.batch,
    name: command.name,
    params: command.params,
    ttl_s: command.ttlS,
    timeout_s: command.timeoutS,
    state: command.state,
    due_at: command.dueAtMs,
    deliveries: command.deliveries,
    cancel_requested_at: command.cancelAskedAtMs,
    result: command.result,
    error: error && { code: error.code, message: error.message },
    late_result: lateResult && {
      ok: lateResult.ok,
      data: lateResult.data,
      error: lateResult.error && { code: lateResult.error.code, message: lateResult.error.message },
    },
    created_at: command.createdAtMs,
    history: command.history.map(({ state, atMs }) => ({ state, at: atMs })),
  }
}
