import { type Static, Type } from 'typebox'
import { LABEL_MAX_BYTES } from '../../../protocol/limits.ts'
import { closed, expiresAt, Limit, Name, TimeMs, tokenText } from './schemas.ts'

/** What REST reads and writes of devices. */

/** Tags of one device: a few words to sort a fleet by, small enough to travel in every list. */
const TAGS_MAX = 32
/** What a person writes down about a board: where it hangs, who has the key. */
const NOTES_MAX_CHARACTERS = 2_000

const Model = Type.String({ minLength: 1, maxLength: LABEL_MAX_BYTES, examples: ['esp32-s3'] })
const Tags = Type.Array(Type.String({ minLength: 1, maxLength: LABEL_MAX_BYTES }), {
  maxItems: TAGS_MAX,
  examples: [['greenhouse', 'north']],
})
const Notes = Type.String({
  maxLength: NOTES_MAX_CHARACTERS,
  description: 'What people should know about it; an empty text removes it.',
  examples: ['behind the second door'],
})

/** A search that a person types. */
const SEARCH_MAX = 200

/** A part of an id. */
const IdPart = (description: string) => Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$', description })
const Label = (description: string) => Type.String({ minLength: 1, maxLength: LABEL_MAX_BYTES, description })

/** What a list or an export can be narrowed by. */
export const deviceFilters = {
  prefix: Type.Optional(IdPart('Only ids that begin so.')),
  search: Type.Optional(IdPart('Only ids in which this stands, in upper or lower case.')),
  text: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: SEARCH_MAX,
      description:
        'Only devices in whose id, model, firmware or tags each of these words stands, in upper or lower case.',
    }),
  ),
  tag: Type.Optional(Label('Only devices with this tag.')),
  model: Type.Optional(Label('Only this model.')),
  firmware: Type.Optional(Label('Only this firmware, as the device said in its last hello.')),
  state: Type.Optional(Type.Enum(['online', 'offline', 'sleeping'], { description: 'Only with this presence.' })),
  enabled: Type.Optional(Type.Enum(['true', 'false'], { description: 'Only devices that are enabled, or not.' })),
}
export const DeviceQuery = Type.Object(
  { limit: Type.Optional(Limit), after: Type.Optional(Name('`next` of the page before.')), ...deviceFilters },
  closed,
)
const DeviceFilters = Type.Object(deviceFilters, closed)

/** The filters in the words of the core. */
export function filterOf(query: Static<typeof DeviceFilters>) {
  const { prefix, search, text, tag, model, firmware, state, enabled } = query
  return {
    prefix,
    search,
    text,
    tag,
    model,
    firmware,
    state,
    enabled: enabled === undefined ? undefined : enabled === 'true',
  }
}

export const DeviceInput = Type.Object(
  {
    id: Type.Optional(Name('Made by the gateway when absent.')),
    model: Type.Optional(Model),
    tags: Type.Optional(Tags),
    notes: Type.Optional(Notes),
  },
  { ...closed, title: 'DeviceInput', examples: [{ id: 'greenhouse-1', model: 'esp32-s3', tags: ['north'] }] },
)

export const DevicePatch = Type.Object(
  {
    model: Type.Optional(Model),
    tags: Type.Optional(Tags),
    notes: Type.Optional(Notes),
    enabled: Type.Optional(Type.Boolean({ description: '`false` closes the live socket with 4503.' })),
  },
  { ...closed, minProperties: 1, title: 'DevicePatch', examples: [{ enabled: false }] },
)

export const Presence = Type.Object(
  {
    state: Type.Enum(['online', 'offline', 'sleeping']),
    session: Type.Integer({ description: 'Rises with each session of the device; 0 before the first.' }),
    since: TimeMs('Start of this state.'),
    reason: Type.String(),
    node: Type.String({ description: 'The gateway node that holds or last held the session.' }),
    wake_at: Type.Optional(TimeMs('When a sleeping device promised to be back.')),
  },
  { ...closed, title: 'Presence' },
)

const Quarantine = Type.Object(
  { since: TimeMs('Start.'), until: TimeMs('End, unless an operator ends it before.') },
  { ...closed, title: 'Quarantine', description: 'Two devices use its token: nobody may connect with it for a while.' },
)

const deviceFields = {
  id: Name('Id of the device.'),
  model: Type.Optional(Type.String()),
  firmware: Type.Optional(Type.String({ description: 'As the device said in its last hello.' })),
  capabilities: Type.Array(Type.String(), { description: 'As the device said in its last hello.' }),
  tags: Type.Array(Type.String()),
  notes: Type.Optional(Type.String({ description: 'What people should know about it.' })),
  enabled: Type.Boolean(),
  created_at: TimeMs('When the device was added.'),
  presence: Presence,
  quarantine: Type.Optional(Quarantine),
  counters: Type.Unsafe<Readonly<Record<string, number>>>({
    type: 'object',
    additionalProperties: { type: 'number' },
    description: 'Messages since the gateway started: received, published, and by reason what was not.',
  }),
}
export const Device = Type.Object(deviceFields, { ...closed, title: 'Device', description: 'A device as it is now.' })
export const DeviceList = Type.Object(
  { items: Type.Array(Device), next: Type.Union([Type.String(), Type.Null()]) },
  {
    ...closed,
    title: 'DeviceList',
    description: 'One page by id; `next` is null on the last. With a filter it may be short.',
  },
)

export const DeviceCreated = Type.Object(
  { ...deviceFields, token: tokenText, token_id: Name('Id of the token.'), expires_at: expiresAt },
  { ...closed, title: 'DeviceCreated', description: 'The new device with its first token.' },
)
export type DeviceWire = Static<typeof Device>
