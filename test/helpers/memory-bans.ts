import type { AddressWall, Ban, BanStore } from '../../gateway/core/ban-store.ts'

/** The BanStore port in memory. */
export class MemoryBans implements BanStore {
  #bans: Ban[] = []

  async putBan(ban: Ban, max: number) {
    const others = this.#bans.filter((one) => one.address !== ban.address || one.device !== ban.device)
    if (others.length >= max) return 'full' as const
    this.#bans = [...others, ban].sort((a, b) => (a.id < b.id ? -1 : 1))
    return 'kept' as const
  }
  async removeBan(id: string) {
    const before = this.#bans.length
    this.#bans = this.#bans.filter((ban) => ban.id !== id)
    return this.#bans.length < before
  }
  async bans() {
    return [...this.#bans]
  }
  async dropEndedBans(atMs: number) {
    this.#bans = this.#bans.filter(({ endsAtMs }) => endsAtMs === undefined || endsAtMs > atMs)
  }
}

/** Knows single addresses, and keeps what it was told. */
export class FakeWall implements AddressWall {
  blocked: readonly string[] = []

  canonical(text: string) {
    return /^[\d.:/]+$/.test(text) ? text : undefined
  }
  covers(network: string, address: string) {
    return network === address
  }
  set(networks: readonly string[]) {
    this.blocked = networks
  }
}
