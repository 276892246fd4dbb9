import { plainAddress } from './address.ts'

/**
 * [U-10] What a client of the embedded broker may publish. Below the base it may ask for commands and nothing else: nobody
 * speaks for a device or a node. [U-2] Topics that begin with `$` are the broker's own.
 */
export function mayClientPublish(base: string, topic: string): boolean {
  if (topic.startsWith('$')) return false
  if (topic !== base && !topic.startsWith(`${base}/`)) return true
  const parts = topic.slice(base.length + 1).split('/')
  return parts.length === 5 && parts[0] === 'devices' && parts[2] === 'command' && parts[3] === 'request'
}

/** Whether an address, as configured or as a socket shows it, can only be reached from this machine. */
export function isLoopback(address: string): boolean {
  const plain = plainAddress(address)
  return plain === 'localhost' || plain === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(plain)
}
