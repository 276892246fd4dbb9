import type { AccessStore, LoginLink, User, UserPatch, WebSession } from '../../core/access/ports.ts'
import type { ApiKey } from '../../core/records.ts'
import type { READS, WRITES } from './operations.ts'
import type { StoreThread } from './store-thread.ts'

/** Users, keys and browser sessions, on the threads of the registry. */
export class SqliteAccess implements AccessStore {
  readonly #writer: StoreThread<typeof WRITES>
  readonly #reader: StoreThread<typeof READS>

  constructor(writer: StoreThread<typeof WRITES>, reader: StoreThread<typeof READS>) {
    this.#writer = writer
    this.#reader = reader
  }

  listApiKeys(): Promise<ApiKey[]> {
    return this.#reader.call('listApiKeys')
  }
  createApiKey(key: ApiKey, max: number): Promise<'created' | 'exists' | 'full'> {
    return this.#writer.call('createApiKey', key, max)
  }
  deleteApiKey(name: string): Promise<boolean> {
    return this.#writer.call('deleteApiKey', name)
  }
  markApiKeyUsed(name: string, atMs: number): Promise<void> {
    return this.#writer.call('markApiKeyUsed', name, atMs)
  }

  listUsers(): Promise<User[]> {
    return this.#reader.call('listUsers')
  }
  createUser(user: User, max: number): Promise<'created' | 'exists' | 'full'> {
    return this.#writer.call('createUser', user, max)
  }
  user(name: string): Promise<User | undefined> {
    return this.#reader.call('user', name)
  }
  updateUser(name: string, patch: UserPatch): Promise<User | 'last_admin' | undefined> {
    return this.#writer.call('updateUser', name, patch)
  }
  deleteUser(name: string): Promise<'deleted' | 'last_admin' | undefined> {
    return this.#writer.call('deleteUser', name)
  }
  changePassword(name: string, was: string, passwordHash: string): Promise<boolean> {
    return this.#writer.call('changePassword', name, was, passwordHash)
  }

  putLoginLink(link: LoginLink): Promise<void> {
    return this.#writer.call('putLoginLink', link)
  }
  loginLink(sha256: string, atMs: number): Promise<LoginLink | undefined> {
    return this.#reader.call('loginLink', sha256, atMs)
  }
  redeemLoginLink(
    sha256: string,
    user: { readonly name: string; readonly passwordHash: string; readonly atMs: number },
  ): Promise<User | 'invalid' | 'exists'> {
    return this.#writer.call('redeemLoginLink', sha256, user)
  }

  addSession(session: WebSession, was: string, max: number): Promise<boolean> {
    return this.#writer.call('addSession', session, was, max)
  }
  session(sha256: string): Promise<{ readonly session: WebSession; readonly user: User } | undefined> {
    return this.#reader.call('webSession', sha256)
  }
  touchSession(sha256: string, atMs: number): Promise<void> {
    return this.#writer.call('touchSession', sha256, atMs)
  }
  deleteSession(sha256: string): Promise<boolean> {
    return this.#writer.call('deleteSession', sha256)
  }
  deleteOtherSessions(user: string, sha256: string): Promise<number> {
    return this.#writer.call('deleteOtherSessions', user, sha256)
  }
  deleteEndedSessions(seenBeforeMs: number, madeBeforeMs: number): Promise<number> {
    return this.#writer.call('deleteEndedSessions', seenBeforeMs, madeBeforeMs)
  }
}
