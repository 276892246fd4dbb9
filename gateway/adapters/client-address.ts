import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { plainAddress } from '../core/address.ts'

export interface TrustedNetwork {
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
  readonly prefix: number
}

/** Addresses of one header that are looked at: more hops than any real chain of proxies has. */
const HOPS_MAX = 16

/** Where requests come from, also through proxies that are trusted to say it. */
export class ClientAddresses {
  readonly #trusted = new BlockList()

  constructor(networks: readonly TrustedNetwork[]) {
    for (const { address, prefix, family } of networks) this.#trusted.addSubnet(address, prefix, family)
  }

  /** Whether the peer's word is taken. */
  isTrusted(address: string | undefined): boolean {
    const version = isIP(address ?? '')
    return version !== 0 && this.#trusted.check(address ?? '', version === 4 ? 'ipv4' : 'ipv6')
  }

  /**
   * The nearest address that is no trusted proxy: the peer itself, or, told by proxies, the last one in
   * `X-Forwarded-For` that none of them is. What anybody else wrote there counts for nothing. As `plainAddress` writes it.
   */
  of(request: IncomingMessage): string {
    let address = plainAddress(request.socket.remoteAddress ?? 'unknown')
    const said = String(request.headers['x-forwarded-for'] ?? '').split(',')
    for (let hop = 0; hop < HOPS_MAX && this.isTrusted(address); hop++) {
      const before = said.pop()?.trim() ?? ''
      if (isIP(before) === 0) break // nobody, or no address
      address = plainAddress(before)
    }
    return address
  }
}
