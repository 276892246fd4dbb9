import { randomBytes } from 'node:crypto'
import { newApiKey, sha256Hex } from './adapters/api-keys.ts'
import { Passwords } from './adapters/passwords.ts'
import { Access } from './core/access/access.ts'
import type { AccessStore, Secrets } from './core/access/ports.ts'
import type { Clock, Log } from './core/ports.ts'
import type { Registry } from './core/registry.ts'

/** The key that came from the environment replaces the one that came from there before. */
const ENVIRONMENT_KEY_NAME = 'environment'
const FIRST_KEY_NAME = 'first'
/** As many random bits as in a key. */
const SECRET_BYTES = 32

export interface OpenAccess {
  readonly access: Access
  /** Made at this start because there was none; shown once, then only its hash is left. */
  readonly newKey: string | undefined
  /** The secret of a login link, made because nobody can log in yet. Shown once. */
  readonly newLink: string | undefined
}

export interface AccessParts {
  readonly registry: Registry & { readonly access: AccessStore }
  readonly clock: Clock
  readonly log: Log
}

/** Who may operate this gateway. Sees to it that there is at least one key of an admin, and a way to log in. */
export async function openAccess(parts: AccessParts, adminKey: string | undefined): Promise<OpenAccess> {
  const { registry, clock } = parts
  const put = (name: string, text: string) =>
    registry.putApiKey({ name, sha256: sha256Hex(text), role: 'admin', createdAtMs: clock.wallMs() })
  let newKey: string | undefined
  if (adminKey !== undefined) await put(ENVIRONMENT_KEY_NAME, adminKey)
  else if ((await registry.countApiKeys()) === 0) {
    newKey = newApiKey()
    await put(FIRST_KEY_NAME, newKey)
  }
  const access = new Access({ ...parts, store: registry.access, secrets: makeSecrets() })
  const newLink = (await access.hasAdmin()) ? undefined : (await access.issueLink()).token
  return { access, newKey, newLink }
}

/** What the core needs of cryptography. */
export function makeSecrets(): Secrets {
  const passwords = new Passwords()
  return {
    random: () => randomBytes(SECRET_BYTES).toString('base64url'),
    sha256Hex,
    hashPassword: (password: string) => passwords.hash(password),
    verifyPassword: (password: string, hash: string | undefined) => passwords.verify(password, hash),
  }
}
