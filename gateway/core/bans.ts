import { CLOSE } from '../../protocol/close-codes.ts'
import { isName } from '../../protocol/names.ts'
import type { AddressWall, Ban, BanStore } from './ban-store.ts'
import { GatewayError } from './errors.ts'
import type { Clock } from './ports.ts'
import type { Sessions } from './sessions.ts'

/** Bans at once: all are in memory, and each new socket is compared with the addresses among them. */
const BANS_MAX = 1_000
/** Whoever bans these cuts off the gateway's own machine. */
const OWN_ADDRESSES = ['127.0.0.1', '::1']

export interface BansNeeds {
  readonly registry: { readonly banStore: BanStore }
  readonly wall: AddressWall
  readonly sessions: Sessions
  readonly clock: Clock
  readonly newId: () => string
}

export interface BanInput {
  readonly address?: string
  readonly device?: string
  readonly ttlS?: number
  readonly reason?: string
}

/** Who is kept out: addresses before TLS, devices after their token. */
export class Bans {
  readonly #needs: BansNeeds
  /** By id in byte order. */
  #bans: readonly Ban[] = []
  readonly #devices = new Set<string>()

  constructor(needs: BansNeeds) {
    this.#needs = needs
  }

  /** Reads what was decided before. Call it before anybody connects. */
  async restore(): Promise<void> {
    this.#show(await this.#needs.registry.banStore.bans())
  }

  /** Whether the device must not connect now. */
  isBanned(device: string): boolean {
    return this.#devices.has(device)
  }

  /**
   * Keeps an address or a device out from now on, and ends its sessions; a ban of the same is replaced. Resolves when it
   * is stored. Rejects with bad_request, also for an address that `from`, who asks, or this machine has.
   */
  async add({ address, device, ttlS, reason }: BanInput, from: string): Promise<Ban> {
    const createdAtMs = this.#needs.clock.wallMs()
    const endsAtMs = ttlS === undefined ? undefined : createdAtMs + ttlS * 1000
    const whom = this.#whom(address, device, from)
    const ban: Ban = { id: this.#needs.newId(), ...whom, reason: reason || undefined, createdAtMs, endsAtMs }
    if ((await this.#needs.registry.banStore.putBan(ban, BANS_MAX)) === 'full') {
      throw new GatewayError('too_many_bans', `There are ${BANS_MAX} bans already; lift some.`)
    }
    await this.restore()
    this.#endSessions(ban)
    return ban
  }

  /** Resolves when the ban is lifted. */
  async remove(id: string): Promise<void> {
    if (!(await this.#needs.registry.banStore.removeBan(id))) throw new GatewayError('ban_not_found')
    await this.restore()
  }

  /** Those that last, by id; `next` is the `after` of the following page. */
  list({ after = '', limit }: { after?: string; limit: number }): { items: readonly Ban[]; next?: string } {
    const rest = this.#bans.filter(({ id }) => id > after)
    const items = rest.slice(0, limit)
    return { items, next: rest.length > limit ? items.at(-1)?.id : undefined }
  }

  /** Lifts what has ended. Call it every second. */
  async tick(): Promise<void> {
    const nowMs = this.#needs.clock.wallMs()
    if (!this.#bans.some((ban) => hasEnded(ban, nowMs))) return
    this.#show(this.#bans)
    await this.#needs.registry.banStore.dropEndedBans(nowMs)
  }

  #whom(
    address: string | undefined,
    device: string | undefined,
    from: string,
  ): { address: string } | { device: string } {
    if (address === undefined && device !== undefined && isName(device)) return { device }
    if (address === undefined || device !== undefined) {
      throw new GatewayError('bad_request', 'Name either an address or a device.')
    }
    const { wall } = this.#needs
    const network = wall.canonical(address)
    if (network === undefined) {
      throw new GatewayError('bad_request', 'address is not an IP address, or a network such as 203.0.113.0/24.')
    }
    if (wall.covers(network, from)) throw new GatewayError('bad_request', 'You are asking from that address.')
    if (OWN_ADDRESSES.some((own) => wall.covers(network, own))) {
      throw new GatewayError('bad_request', 'That is the machine on which the gateway runs.')
    }
    return { address: network }
  }

  #show(bans: readonly Ban[]): void {
    const nowMs = this.#needs.clock.wallMs()
    this.#bans = bans.filter((ban) => !hasEnded(ban, nowMs))
    this.#devices.clear()
    for (const { device } of this.#bans) if (device !== undefined) this.#devices.add(device)
    this.#needs.wall.set(this.#bans.flatMap(({ address }) => address ?? []))
  }

  #endSessions({ address, device }: Ban): void {
    const { sessions, wall } = this.#needs
    if (device !== undefined) sessions.endAll(device, CLOSE.deviceDisabled)
    if (address === undefined) return
    for (const session of sessions.all()) {
      if (session.address !== undefined && wall.covers(address, session.address)) session.end(CLOSE.deviceDisabled)
    }
  }
}

function hasEnded({ endsAtMs }: Ban, nowMs: number): boolean {
  return endsAtMs !== undefined && endsAtMs <= nowMs
}
