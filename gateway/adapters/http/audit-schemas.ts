import { Type } from 'typebox'
import type { AuditRow } from '../../core/records.ts'
import { closed, FreeForm, Limit, Name, TimeMs } from './schemas.ts'

const Word = (description: string) => Type.String({ minLength: 1, maxLength: 128, description })

export const AuditQuery = Type.Object(
  {
    limit: Type.Optional(Limit),
    before: Type.Optional(Type.Integer({ minimum: 1, description: '`next` of the page before.' })),
    device: Type.Optional(Name('Only what concerns this device.')),
    actor: Type.Optional(Word('Only what this one did, such as `key:first`.')),
    action: Type.Optional(Word('Only this operation id or security event.')),
    outcome: Type.Optional(Word('Only this outcome: `ok`, the code of an error, or `refused`: everything but `ok`.')),
    since: Type.Optional(Type.Integer({ minimum: 0, description: 'Not before this Unix time in ms.' })),
    until: Type.Optional(Type.Integer({ minimum: 0, description: 'Before this Unix time in ms.' })),
  },
  closed,
)

const Entry = Type.Object(
  {
    id: Type.Integer({ description: 'Rises; never used twice.' }),
    at: TimeMs('When it was done.'),
    actor: Type.String({
      description: '`key:<name>`, `user:<name>`, `gateway`, or `unknown`: a refused key or login.',
    }),
    action: Type.String({ description: 'Operation id of this API, or the name of a security event.' }),
    target: Type.Optional(Type.String({ description: 'Path below `/api/v1/` of what it was done to, or tried on.' })),
    device: Type.Optional(Type.String({ description: 'The device that it concerns.' })),
    outcome: Type.String({ description: '`ok`, or the code of the error.' }),
    address: Type.Optional(Type.String({ description: 'Where the request came from.' })),
    detail: Type.Optional(FreeForm('A few facts, such as the name of a command. Never a secret.')),
  },
  { ...closed, title: 'AuditEntry' },
)
export const AuditList = Type.Object(
  { items: Type.Array(Entry), next: Type.Union([Type.Integer(), Type.Null()]) },
  { ...closed, title: 'AuditList', description: 'One page, newest first; `next` is null on the last.' },
)

export function auditToWire(row: AuditRow) {
  const { id, atMs, actor, action, target, device, outcome, address, detail } = row
  return { id, at: atMs, actor, action, target, device, outcome, address, detail }
}
