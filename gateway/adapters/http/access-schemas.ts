import { type Static, Type } from 'typebox'
import { NAME_PATTERN } from '../../../protocol/names.ts'
import { type Caller, ROLES, type User } from '../../core/access/ports.ts'
import { SCOPES } from '../../core/access/scopes.ts'
import type { ApiKey } from '../../core/records.ts'
import { closed, TimeMs } from './schemas.ts'

/** Logins, users and API keys, as REST reads and writes them. */

/** Far over the limits of passwords, so that those are explained; bounds the memory of a request. */
const SECRET_TEXT_MAX = 1_024
const KEY_LIFE_MAX_S = 10 * 365 * 24 * 3600

const Name = (description: string) => Type.String({ pattern: NAME_PATTERN, description })
const RoleField = Type.Enum([...ROLES], { description: 'viewer reads; operator also commands; admin does everything.' })
const Scopes = Type.Array(
  Type.Enum([...SCOPES], {
    description: 'An area (a tag of this document), or only `:read`, or only `:add`: make new ones, change none.',
  }),
  {
    minItems: 1,
    maxItems: SCOPES.length,
    uniqueItems: true,
    description: 'All it reaches; absent: what the role allows.',
  },
)
const Secret = (description: string) => Type.String({ minLength: 1, maxLength: SECRET_TEXT_MAX, description })
const LINK_TOKEN = 'kX3v0mQ1a8Zr5tYw2uE7oP4sD6fG9hJ-lC_bN0iVqRk'
const LinkToken = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$', description: 'The secret of the login link.' })

export const NameParams = Type.Object({ name: Name('Name of the user or key.') }, closed)

export const LoginInput = Type.Object(
  { name: Secret('Name of the user.'), password: Secret('Password of the user.') },
  { ...closed, title: 'LoginInput', examples: [{ name: 'anna', password: 'a long sentence is good' }] },
)
export const Session = Type.Object(
  {
    name: Type.String({ description: 'Of the user or the API key.' }),
    kind: Type.Enum(['user', 'key']),
    role: RoleField,
    scopes: Type.Optional(Scopes),
    expires_at: Type.Optional(TimeMs('When the login or the key ends if nobody uses it.')),
  },
  { ...closed, title: 'Session', description: 'Who asks.' },
)
export const PasswordInput = Type.Object(
  { current_password: Secret('The present one.'), new_password: Secret('The new one.') },
  {
    ...closed,
    title: 'PasswordInput',
    examples: [{ current_password: 'a long sentence is good', new_password: 'another sentence is better' }],
  },
)
export const LoggedOut = Type.Object(
  { ended: Type.Integer({ minimum: 0, description: 'Logins that ended.' }) },
  { ...closed, title: 'LoggedOut', description: 'This login goes on.' },
)
export const LinkInput = Type.Object(
  { token: LinkToken },
  { ...closed, title: 'LinkInput', examples: [{ token: LINK_TOKEN }] },
)
export const LinkOwner = Type.Object(
  { name: Type.Union([Type.String(), Type.Null()], { description: 'Null: you choose the name of a new admin.' }) },
  { ...closed, title: 'LinkOwner', description: 'Whose password the link sets.' },
)
export const RedeemInput = Type.Object(
  { token: LinkToken, name: Name('Name of the user.'), password: Secret('The new password.') },
  {
    ...closed,
    title: 'RedeemInput',
    examples: [{ token: LINK_TOKEN, name: 'anna', password: 'a long sentence is good' }],
  },
)
export const Link = Type.Object(
  {
    token: Type.String({ description: 'Open `/#/welcome/{token}` within its life. Shown this once.' }),
    name: Type.Union([Type.String(), Type.Null()], { description: 'Whose password it sets; null: of a new admin.' }),
    expires_at: TimeMs('When it ends.'),
  },
  { ...closed, title: 'LoginLink', description: 'Good for one login.' },
)

const UserWire = Type.Object(
  {
    name: Name('Name of the user.'),
    role: RoleField,
    enabled: Type.Boolean(),
    has_password: Type.Boolean({ description: 'False until the login link was used.' }),
    created_at: TimeMs('When the user was added.'),
    last_login_at: Type.Optional(TimeMs('Last login.')),
  },
  { ...closed, title: 'User', description: 'A user.' },
)

export { UserWire as User }
export const UserList = Type.Object(
  { items: Type.Array(UserWire) },
  { ...closed, title: 'UserList', description: 'All users, by name.' },
)
export const UserInput = Type.Object(
  { name: Name('Name of the user.'), role: RoleField },
  { ...closed, title: 'UserInput', examples: [{ name: 'anna', role: 'operator' }] },
)
export const UserCreated = Type.Object(
  { user: UserWire, link: Link },
  { ...closed, title: 'UserCreated', description: 'The user, and the link with which they set their password.' },
)
export const UserPatchInput = Type.Object(
  { role: Type.Optional(RoleField), enabled: Type.Optional(Type.Boolean({ description: '`false` ends all logins.' })) },
  { ...closed, minProperties: 1, title: 'UserPatch', examples: [{ role: 'viewer' }] },
)

const keyFields = {
  name: Name('Name of the key.'),
  role: RoleField,
  scopes: Type.Optional(Scopes),
  created_at: TimeMs('When it was made.'),
  expires_at: Type.Union([TimeMs('When it ends.'), Type.Null()], { description: 'Null: it does not end.' }),
  last_used_at: Type.Optional(TimeMs('Last use, to the minute.')),
}
export const ApiKeyList = Type.Object(
  { items: Type.Array(Type.Object(keyFields, { ...closed, title: 'ApiKey' })) },
  { ...closed, title: 'ApiKeyList', description: 'All API keys, by name.' },
)
export const ApiKeyInput = Type.Object(
  {
    name: Name('Name of the key.'),
    role: RoleField,
    scopes: Type.Optional(Scopes),
    expires_in_s: Type.Optional(
      Type.Integer({ minimum: 1, maximum: KEY_LIFE_MAX_S, description: 'Life in seconds; absent: no end.' }),
    ),
  },
  {
    ...closed,
    title: 'ApiKeyInput',
    examples: [
      { name: 'grafana', role: 'viewer', expires_in_s: 31536000 },
      { name: 'workbench', role: 'admin', scopes: ['devices:add', 'tokens:add'] },
    ],
  },
)
export const ApiKeyCreated = Type.Object(
  { ...keyFields, key: Type.String({ description: 'The key itself: flk_… Shown this once and never again.' }) },
  { ...closed, title: 'ApiKeyCreated', description: 'The new key.' },
)

export function sessionToWire({ name, kind, role, scopes, expiresAtMs }: Caller): Static<typeof Session> {
  return { name, kind, role, scopes: scopes && [...scopes], expires_at: expiresAtMs }
}

export function userToWire(user: User): Static<typeof UserWire> {
  return {
    name: user.name,
    role: user.role,
    enabled: user.enabled,
    has_password: user.passwordHash !== undefined,
    created_at: user.createdAtMs,
    last_login_at: user.lastLoginAtMs,
  }
}

export function linkToWire(link: { token: string; user?: string; expiresAtMs: number }): Static<typeof Link> {
  return { token: link.token, name: link.user ?? null, expires_at: link.expiresAtMs }
}

export function keyToWire(key: ApiKey): Static<typeof ApiKeyList>['items'][number] {
  return {
    name: key.name,
    role: key.role,
    scopes: key.scopes && [...key.scopes],
    created_at: key.createdAtMs,
    expires_at: key.expiresAtMs ?? null,
    last_used_at: key.lastUsedAtMs,
  }
}
