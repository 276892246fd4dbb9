import { type Static, Type } from 'typebox'
import { COMMAND_STATES } from '../../../protocol/command-request.ts'
import {
  COMMAND_TIMEOUT_DEFAULT_S,
  COMMAND_TIMEOUT_MAX_S,
  COMMAND_TTL_DEFAULT_S,
  COMMAND_TTL_MAX_S,
  COMMAND_TTL_MIN_S,
} from '../../../protocol/limits.ts'
import type { DeadLetterRow } from '../../core/records.ts'
import { closed, FreeForm, Limit, Name, TimeMs } from './schemas.ts'

export const CommandParams = Type.Object({ cid: Name('Id of the command.') }, closed)
export const WaitQuery = Type.Object(
  {
    wait: Type.Optional(
      Type.String({
        pattern: '^([1-9]|[1-5][0-9]|60)s$',
        description: 'Answer with the result if it comes within this time: 1s to 60s.',
        examples: ['10s'],
      }),
    ),
  },
  closed,
)

export const CommandInput = Type.Object(
  {
    name: Name('What the device shall do.'),
    params: Type.Optional(FreeForm('At most 3 KiB as JSON, nested at most 8 deep.')),
    ttl_s: Type.Optional(
      Type.Integer({
        minimum: COMMAND_TTL_MIN_S,
        maximum: COMMAND_TTL_MAX_S,
        default: COMMAND_TTL_DEFAULT_S,
        description: 'Seconds until the device must have accepted it.',
      }),
    ),
    timeout_s: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: COMMAND_TIMEOUT_MAX_S,
        default: COMMAND_TIMEOUT_DEFAULT_S,
        description: 'Seconds it may run after that.',
      }),
    ),
  },
  { ...closed, title: 'CommandInput', examples: [{ name: 'set_led', params: { on: true }, ttl_s: 60 }] },
)

const CommandState = Type.Enum([...COMMAND_STATES])
export const CommandError = Type.Object(
  { code: Type.String(), message: Type.String() },
  { ...closed, title: 'CommandError' },
)

export const Command = Type.Object(
  {
    id: Name('The same on REST, the bus and the device.'),
    device: Name('Id of the device.'),
    batch: Type.Optional(Name('The batch that it belongs to.')),
    name: Type.String(),
    params: FreeForm('As given.'),
    ttl_s: Type.Integer(),
    timeout_s: Type.Integer(),
    state: CommandState,
    due_at: Type.Optional(TimeMs('When the present time limit ends.')),
    deliveries: Type.Integer({ description: 'Sessions in which it was sent.' }),
    cancel_requested_at: Type.Optional(TimeMs('When it was to be cancelled after it was sent.')),
    result: Type.Optional(Type.Unknown({ description: 'What the device answered.' })),
    error: Type.Optional(CommandError),
    late_result: Type.Optional(
      Type.Object(
        { ok: Type.Boolean(), data: Type.Optional(Type.Unknown()), error: Type.Optional(CommandError) },
        { ...closed, description: 'A result that came after the state was `unknown`.' },
      ),
    ),
    created_at: TimeMs('When it was stored.'),
    history: Type.Array(Type.Object({ state: CommandState, at: TimeMs('When it got there.') }, closed)),
  },
  { ...closed, title: 'Command', description: 'A command with its history.' },
)
export const CommandList = Type.Object(
  { items: Type.Array(Command), next: Type.Union([Type.String(), Type.Null()]) },
  { ...closed, title: 'CommandList', description: 'One page, newest first; `next` is null on the last.' },
)

export const CommandQuery = Type.Object(
  {
    limit: Type.Optional(Limit),
    before: Type.Optional(Name('`next` of the page before.')),
    device: Type.Optional(Name('Only commands of this device.')),
    state: Type.Optional(
      Type.Enum(['open', ...COMMAND_STATES], { description: 'Only in this state; `open` is every one not final.' }),
    ),
    since: Type.Optional(Type.Integer({ minimum: 0, description: 'Created at this Unix time in ms, or later.' })),
    until: Type.Optional(Type.Integer({ minimum: 0, description: 'Created before this Unix time in ms.' })),
  },
  closed,
)

export const DeadLetterQuery = Type.Object(
  {
    limit: Type.Optional(Limit),
    before: Type.Optional(Type.Integer({ minimum: 1, description: '`next` of the page before.' })),
    device: Type.Optional(Name('Only those for this device.')),
  },
  closed,
)

const DeadLetter = Type.Object(
  {
    id: Type.Integer({ description: 'Rises; never used twice.' }),
    at: TimeMs('When it was refused or given up.'),
    topic: Type.String({ description: 'Where it came in.' }),
    device: Type.Optional(Type.String()),
    command: Type.Optional(Type.String({ description: 'The id that its sender chose.' })),
    reason: Type.String({ description: 'A stable code.' }),
    detail: Type.String({ description: 'For the person who reads it.' }),
    bytes: Type.Integer({ description: 'Of the whole payload.' }),
    payload: Type.String({ description: 'Its first 1,024 bytes.' }),
  },
  { ...closed, title: 'DeadLetter' },
)
export const DeadLetterList = Type.Object(
  { items: Type.Array(DeadLetter), next: Type.Union([Type.Integer(), Type.Null()]) },
  { ...closed, title: 'DeadLetterList', description: 'One page, newest first; `next` is null on the last.' },
)

export function deadLetterToWire({
  id,
  atMs: at,
  topic,
  device,
  command,
  reason,
  detail,
  bytes,
  payload,
}: DeadLetterRow) {
  return { id, at, topic, device, command, reason, detail, bytes, payload }
}

export type CommandWire = Static<typeof Command>
