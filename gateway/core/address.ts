/** How the addresses of clients are written and counted, wherever they are seen. */

const MAPPED = /^::ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/i

/**
 * An IPv4 address that a socket shows in its IPv6 form (`::ffff:192.0.2.7`) as what it is; any other text as it came. In
 * logs, audit, bans and limits one client has one address, whatever the gateway listens on.
 */
export function plainAddress(address = ''): string {
  const [, dotted, high, low] = MAPPED.exec(address) ?? []
  if (dotted !== undefined) return dotted
  if (high === undefined || low === undefined) return address
  return [high, low].flatMap(bytesOf).join('.')
}

function bytesOf(group: string): [number, number] {
  const value = Number.parseInt(group, 16)
  return [value >> 8, value & 0xff]
}

/** Groups of an IPv6 address that name a network: whoever has one address of a /64 has them all. */
const NETWORK_GROUPS = 4
const GROUPS = 8

/** What one client counts as: its IPv4 address, or its IPv6 network. */
export function countedAs(address: string): string {
  const plain = plainAddress(address)
  if (!plain.includes(':')) return plain
  const [left = [], right = []] = plain.split('::').map((half) => half.split(':').filter((group) => group !== ''))
  const zeros = Array.from({ length: Math.max(0, GROUPS - left.length - right.length) }, () => '0')
  const groups = [...left, ...zeros, ...right].slice(0, NETWORK_GROUPS)
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}
