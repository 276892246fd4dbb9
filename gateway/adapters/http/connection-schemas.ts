import { Type } from 'typebox'
import type { StoredConnection } from '../../core/records.ts'
import { closed, Limit, TimeMs } from './schemas.ts'

export const ConnectionQuery = Type.Object(
  {
    limit: Type.Optional(Limit),
    before: Type.Optional(Type.Integer({ minimum: 1, description: '`next` of the page before.' })),
  },
  closed,
)

const Connection = Type.Object(
  {
    id: Type.Integer({ description: 'Rises; never used twice.' }),
    session: Type.Integer({ description: '0 when it ended before its welcome.' }),
    connected_at: TimeMs('When it was opened.'),
    ended_at: Type.Optional(TimeMs('When it ended; absent while it is open.')),
    reason: Type.Optional(Type.String({ description: 'Why it ended: the word that presence uses.' })),
    address: Type.Optional(Type.String({ description: 'Where it came from.' })),
    firmware: Type.Optional(Type.String()),
    boot: Type.Optional(Type.String({ description: 'Random id of the start of the device.' })),
    messages: Type.Integer({ description: 'Frames from the device; set when it ends.' }),
  },
  { ...closed, title: 'Connection' },
)
export const ConnectionList = Type.Object(
  { items: Type.Array(Connection), next: Type.Union([Type.Integer(), Type.Null()]) },
  { ...closed, title: 'ConnectionList', description: 'One page, newest first; `next` is null on the last.' },
)

export function connectionToWire(row: StoredConnection) {
  const { id, session, connectedAtMs, endedAtMs, reason, address, firmware, boot, messages } = row
  return { id, session, connected_at: connectedAtMs, ended_at: endedAtMs, reason, address, firmware, boot, messages }
}
