import { type Static, Type } from 'typebox'
import type { JsonObject } from '../../../protocol/json.ts'
import { SLEEP_MAX_S } from '../../../protocol/limits.ts'
import { NAME_PATTERN } from '../../../protocol/names.ts'
import type { TokenState } from '../../core/token-life.ts'

/** Everything that REST reads and writes. Validation, OpenAPI and the types of the handlers come from here. */

/** Nothing passes that is not named here: unknown fields are refused on the way in and never leave on the way out. */
export const closed = { additionalProperties: false } as const

const PAGE_DEFAULT = 50
/** One page stays a quick answer, also when each command carries its 3 KiB of params. */
const PAGE_MAX = 200
/** 64 KiB would be refused by the body limit long before; ten years is longer than any board. */
const TOKEN_LIFE_MAX_S = 10 * 365 * 24 * 3600
/** As long as the longest sleep: whoever wakes from it still has the old token. */
const OVERLAP_MAX_S = SLEEP_MAX_S

export const Name = (description: string) => Type.String({ pattern: NAME_PATTERN, description })
export const TimeMs = (description: string) => Type.Integer({ description: `${description} Unix time in ms.` })
export const FreeForm = (description: string) => Type.Unsafe<JsonObject>({ type: 'object', description })
export const DeviceParams = Type.Object({ id: Name('Id of the device.') }, closed)
export const TokenParams = Type.Object({ id: Name('Id of the device.'), tid: Name('Id of the token.') }, closed)
export const IfMatchHeader = Type.Object({
  'if-match': Type.Optional(Type.String({ description: 'ETag of the device as it was read.' })),
})
export const NoQuery = Type.Object({}, closed)

export const Limit = Type.Integer({
  minimum: 1,
  maximum: PAGE_MAX,
  default: PAGE_DEFAULT,
  description: 'Items on the page.',
})
export const BeforeQuery = Type.Object(
  { limit: Type.Optional(Limit), before: Type.Optional(Name('`next` of the page before.')) },
  closed,
)
export const pageLimit = (limit: number | undefined): number => limit ?? PAGE_DEFAULT

export const expiresAt = Type.Union([TimeMs('End of its life.'), Type.Null()], {
  description: 'Null: it does not expire.',
})
export const tokenText = Type.String({ description: 'The token itself. Shown this once and never again.' })

export const TokenInput = Type.Object(
  {
    expires_in_s: Type.Optional(
      Type.Integer({ minimum: 1, maximum: TOKEN_LIFE_MAX_S, description: 'Life in seconds; absent: no end.' }),
    ),
  },
  { ...closed, title: 'TokenInput', examples: [{ expires_in_s: 7_776_000 }] },
)
export const TokenIssued = Type.Object(
  { id: Name('Id of the token.'), token: tokenText, expires_at: expiresAt },
  { ...closed, title: 'TokenIssued', description: 'The new token.' },
)
export const RotationInput = Type.Object(
  {
    overlap_s: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: OVERLAP_MAX_S,
        description: 'How long the old token lives on after the device has confirmed the new one; absent: 24 h.',
      }),
    ),
  },
  { ...closed, title: 'RotationInput', examples: [{ overlap_s: 3600 }] },
)
export const RotationStarted = Type.Object(
  {
    id: Name('Id of the new token.'),
    state: Type.Enum(['offered', 'pending'], {
      description: '`offered`: on its way to the device. `pending`: it gets it when it connects.',
    }),
  },
  { ...closed, title: 'RotationStarted', description: 'The new token is stored; its text goes to the device alone.' },
)
const TOKEN_STATES = ['live', 'offered', 'pending', 'ending', 'expired', 'revoked'] as const satisfies TokenState[]
export const Token = Type.Object(
  {
    id: Name('Id of the token.'),
    state: Type.Enum([...TOKEN_STATES], {
      description:
        '`pending`, `offered`: made by a rotation, not confirmed by the device; `offered` is on its way now. `ending`: ' +
        'replaced, lives until `ends_at`.',
    }),
    created_at: TimeMs('When it was issued.'),
    expires_at: expiresAt,
    replaces: Type.Optional(Name('Id of the token that a rotation made this one for.')),
    confirmed_at: Type.Optional(TimeMs('When the device had it in its flash, or first used it.')),
    ends_at: Type.Optional(TimeMs('End of a replaced token.')),
    revoked_at: Type.Optional(TimeMs('When it was revoked.')),
    last_used_at: Type.Optional(TimeMs('Last handshake that used it.')),
  },
  { ...closed, title: 'Token' },
)
export const TokenList = Type.Object(
  { items: Type.Array(Token) },
  { ...closed, title: 'TokenList', description: 'All tokens of the device, also revoked ones.' },
)

export const LastValues = Type.Unsafe<JsonObject>({
  type: 'object',
  title: 'LastValues',
  description: 'The last value of each telemetry key, as on the retained bus topic `…/state`.',
  examples: [{ temperature: 21.5, humidity: 40 }],
})

export const ProblemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'For the person who reads it.' }),
    code: Type.String({ description: 'Stable, for programs.' }),
    retry: Type.Boolean({ description: 'Whether the same request may succeed later.' }),
  },
  {
    ...closed,
    title: 'Problem',
    examples: [
      {
        type: 'about:blank',
        title: 'Not Found',
        status: 404,
        detail: 'There is no such device.',
        code: 'device_not_found',
        retry: false,
      },
    ],
  },
)

export const Readiness = Type.Object(
  {
    ready: Type.Boolean(),
    stopping: Type.Boolean(),
    parts: Type.Unsafe<Readonly<Record<string, { readonly ready: boolean; readonly reason?: string }>>>({
      type: 'object',
      additionalProperties: {
        type: 'object',
        properties: { ready: { type: 'boolean' }, reason: { type: 'string' } },
        required: ['ready'],
      },
    }),
  },
  { ...closed, title: 'Readiness', description: 'What works and what does not.' },
)

export type TokenWire = Static<typeof Token>
