import { newApiKey, sha256Hex } from './adapters/api-keys.ts'
import type { Clock, Registry } from './core/ports.ts'
import type { ApiKey } from './core/records.ts'

/** The key that came from the environment replaces the one that came from there before. */
const ENVIRONMENT_KEY_NAME = 'environment'
const FIRST_KEY_NAME = 'first'

export interface Access {
  /** The key with this text, if there is one. */
  authenticate(keyText: string): Promise<ApiKey | undefined>
  /** Made at this start because there was none; shown once, then only its hash is left. */
  readonly newKey: string | undefined
}

/** Who may operate this gateway. Sees to it that there is at least one key of an admin. */
export async function openAccess(registry: Registry, adminKey: string | undefined, clock: Clock): Promise<Access> {
  const put = (name: string, text: string) =>
    registry.putApiKey({ name, sha256: sha256Hex(text), role: 'admin', createdAtMs: clock.wallMs() })
  let newKey: string | undefined
  if (adminKey !== undefined) await put(ENVIRONMENT_KEY_NAME, adminKey)
  else if ((await registry.countApiKeys()) === 0) {
    newKey = newApiKey()
    await put(FIRST_KEY_NAME, newKey)
  }
  return { newKey, authenticate: (keyText) => registry.apiKeyByHash(sha256Hex(keyText)) }
}
