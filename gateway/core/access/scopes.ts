/**
 * What an API key may be kept to. Its role stays the upper bound: a scope never allows what the role does not. A key
 * without scopes reaches everything that its role allows.
 */

/** Each operation of the REST API that needs a key belongs to one of these, by the tag of the OpenAPI document. */
export const AREAS = [
  'devices',
  'tokens',
  'signing-keys',
  'settings',
  'commands',
  'events',
  'bans',
  'audit',
  'access',
  'system',
] as const
export type Area = (typeof AREAS)[number]

/** Where something new can be made without touching what is there: only these have `:add`. */
export const AREAS_TO_ADD_TO = ['devices', 'tokens', 'commands'] as const satisfies readonly Area[]

/** `add` makes something new and changes nothing that exists. */
export type Verb = 'read' | 'add' | 'change'

/** `commands` is all of it, `commands:read` what only looks, `devices:add` what only makes new ones. */
export type Scope = Area | `${Area}:read` | `${(typeof AREAS_TO_ADD_TO)[number]}:add`

export const SCOPES: readonly Scope[] = [
  ...AREAS,
  ...AREAS.map((area) => `${area}:read` as const),
  ...AREAS_TO_ADD_TO.map((area) => `${area}:add` as const),
]

/** Whether a key with these scopes, or without any, may do that there. */
export function reaches(scopes: readonly Scope[] | undefined, area: Area, verb: Verb): boolean {
  return scopes === undefined || scopes.some((scope) => scope === area || scope === `${area}:${verb}`)
}

/** The least that a key would need for it. */
export function leastScope(area: Area, verb: Verb): string {
  return verb === 'change' ? area : `${area}:${verb}`
}

/** Whether everything that `inner` reaches is reached by `outer` too; undefined is a key without scopes. */
export function contains(outer: readonly Scope[] | undefined, inner: readonly Scope[] | undefined): boolean {
  if (outer === undefined) return true
  if (inner === undefined) return false
  return inner.every((scope) => {
    const [area = ''] = scope.split(':', 1)
    return outer.some((one) => one === scope || one === area)
  })
}
