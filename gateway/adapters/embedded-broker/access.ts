import { createHash, timingSafeEqual } from 'node:crypto'
import { isLoopback } from '../../core/bus-access.ts'

/** The one user of the embedded broker; none of both when only this machine may connect. */
export interface Credential {
  readonly username?: string
  readonly password?: string
}

/** Throws when the address is open to the network and no password is set. */
export function refuseUnsafe(host: string, { username, password }: Credential): void {
  if ((username === undefined) !== (password === undefined)) {
    throw new Error('the embedded broker needs both a user name and a password, or neither')
  }
  if (username === '' || password === '') throw new Error('the embedded broker takes no empty user name or password')
  if (password === undefined && !isLoopback(host)) {
    throw new Error(`the embedded broker would be open to the network on ${host}: set a user name and a password`)
  }
}

/** Who names a user must know the password; who names none must be on this machine. */
export function mayConnect(own: Credential, address: string, username?: string, password?: Buffer): boolean {
  const isAnonymous = username === undefined && password === undefined
  if (isAnonymous || own.username === undefined || own.password === undefined) return isLoopback(address)
  // Digests, so that the time says nothing about how much was right.
  const isRightUser = timingSafeEqual(digest(username ?? ''), digest(own.username))
  const isRightPassword = timingSafeEqual(digest(password ?? ''), digest(own.password))
  return isRightUser && isRightPassword
}

function digest(text: string | Buffer): Buffer {
  return createHash('sha256').update(text).digest()
}
