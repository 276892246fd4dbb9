import { isIPv6, SocketAddress } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'

/** A machine with hundreds of virtual interfaces must not make a certificate too long for an ESP32; the last lose. */
const NAMES_MAX = 64
const DNS_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*$/

/**
 * Everything this machine may be called on its network: `publicHosts` first, then localhost, its host name (also
 * under `.local`, as mDNS has it) and its addresses, canonical and each once. Link-local IPv6 is left out: it means
 * nothing without the interface of the one who asks.
 */
export function machineNames(publicHosts: readonly string[]): string[] {
  const host = hostname().toLowerCase()
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const lan = addresses.map(({ address }) => address).filter((address) => !/^fe[89ab]/i.test(address))
  const hosts = DNS_NAME.test(host) ? [host, `${host.split('.')[0]}.local`] : []
  const all = [...publicHosts, 'localhost', ...hosts, '127.0.0.1', '::1', ...lan]
  return [...new Set(all.map(canonicalName))].slice(0, NAMES_MAX)
}

/** Lower case; an IPv6 address in its short form. */
export function canonicalName(name: string): string {
  const lower = name.toLowerCase()
  return isIPv6(lower) ? new SocketAddress({ address: lower, family: 'ipv6' }).address : lower
}
