/** An address (or a network in CIDR notation) or a device that is kept out. */
export interface Ban {
  readonly id: string
  readonly address?: string
  readonly device?: string
  /** For people. */
  readonly reason?: string
  readonly createdAtMs: number
  /** Absent: until it is lifted. */
  readonly endsAtMs?: number
}

/** Part of the registry: every change is on the disk when it resolves. */
export interface BanStore {
  /** Replaces a ban of the same address or device. `full` when there are `max` others. */
  putBan(ban: Ban, max: number): Promise<'kept' | 'full'>
  /** False when there is no such ban. */
  removeBan(id: string): Promise<boolean>
  /** All that are kept, by id in byte order. */
  bans(): Promise<Ban[]>
  /** Forgets those that have ended. */
  dropEndedBans(atMs: number): Promise<void>
}

/** Keeps addresses out before anything is spent on them. */
export interface AddressWall {
  /** The usual way to write the address or network; undefined when it is none. */
  canonical(text: string): string | undefined
  /** Whether the address lies in the network, or is the same. */
  covers(network: string, address: string): boolean
  /** From now on these are kept out, and no others. */
  set(networks: readonly string[]): void
}
