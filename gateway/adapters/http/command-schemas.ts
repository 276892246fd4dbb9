import { Type } from 'typebox'
import { COMMAND_STATES } from '../../../protocol/command-request.ts'
import type { DeadLetterRow } from '../../core/records.ts'
import { closed, Limit, Name, TimeMs } from './schemas.ts'

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
