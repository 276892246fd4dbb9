import { BlockList, isIP } from 'node:net'
import type { AddressWall } from '../core/ban-store.ts'

/** Addresses that a listener takes no socket from: node asks it before TLS, and closes at once. */
export class BlockedAddresses extends BlockList implements AddressWall {
  readonly #onBlocked: (address: string) => void
  #blocked = new BlockList()

  /** `onBlocked` is told of each socket that was not taken. */
  constructor(onBlocked: (address: string) => void) {
    super()
    this.#onBlocked = onBlocked
  }

  set(networks: readonly string[]): void {
    const blocked = new BlockList()
    for (const network of networks) add(blocked, network)
    this.#blocked = blocked
  }

  /** Asked for each new socket. An IPv4 address may come in its IPv6 form. */
  override check(address: string, family?: string): boolean
  override check(address: object): boolean
  override check(address: string | object, family?: string): boolean {
    if (typeof address !== 'string') return false
    const isBlocked = this.#blocked.check(address, family === 'ipv6' || address.includes(':') ? 'ipv6' : 'ipv4')
    if (isBlocked) this.#onBlocked(address)
    return isBlocked
  }

  canonical(text: string): string | undefined {
    const [address = '', prefix, ...more] = text.split('/')
    const family = isIP(address)
    if (family === 0 || address.includes('%') || more.length > 0) return undefined
    if (prefix === undefined) return addressOf(address)
    const bits = family === 4 ? 32 : 128
    if (!/^\d{1,3}$/.test(prefix) || Number(prefix) < 1 || Number(prefix) > bits) return undefined
    return `${addressOf(address)}/${Number(prefix)}`
  }

  covers(network: string, address: string): boolean {
    if (isIP(address) === 0) return false
    const one = new BlockList()
    add(one, network)
    return one.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
}

/** `2001:DB8::0` and `2001:db8::` are one. */
function addressOf(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address
}

function add(list: BlockList, network: string): void {
  const [address = '', prefix] = network.split('/')
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  if (prefix === undefined) list.addAddress(address, family)
  else list.addSubnet(address, Number(prefix), family)
}
