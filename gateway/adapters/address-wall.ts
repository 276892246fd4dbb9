import { BlockList, isIP } from 'node:net'
import { plainAddress } from '../core/address.ts'
import type { AddressWall } from '../core/ban-store.ts'

/** Addresses from which no socket is taken. */
export class BlockedAddresses implements AddressWall {
  #blocked = new BlockList()

  set(networks: readonly string[]): void {
    const blocked = new BlockList()
    for (const network of networks) add(blocked, network)
    this.#blocked = blocked
  }

  /** Asked for each new socket. An IPv4 address may come in its IPv6 form. */
  blocks(address: string): boolean {
    const family = isIP(address)
    return family !== 0 && this.#blocked.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }

  canonical(text: string): string | undefined {
    const [written = '', prefix, ...more] = text.split('/')
    const address = plainAddress(written)
    const family = isIP(address)
    if (family === 0 || address.includes('%') || more.length > 0) return undefined
    if (address !== written && prefix !== undefined) return undefined // a network of IPv4 is written as one
    if (prefix === undefined) return addressOf(address)
    const bits = family === 4 ? 32 : 128
    if (!/^\d{1,3}$/.test(prefix) || Number(prefix) < 1 || Number(prefix) > bits) return undefined
    return `${addressOf(address)}/${Number(prefix)}`
  }

  covers(network: string, address: string): boolean {
    const family = isIP(address)
    if (family === 0) return false
    const one = new BlockList()
    add(one, network)
    return one.check(address, family === 6 ? 'ipv6' : 'ipv4')
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
