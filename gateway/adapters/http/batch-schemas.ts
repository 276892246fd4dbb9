import { Type } from 'typebox'
import { COMMAND_STATES } from '../../../protocol/command-request.ts'
import { LABEL_MAX_BYTES } from '../../../protocol/limits.ts'
import type { Batch, BatchTarget, TargetState } from '../../core/batch-store.ts'
import { CommandError, CommandInput } from './command-schemas.ts'
import { closed, FreeForm, Limit, Name, TimeMs } from './schemas.ts'

/** What REST reads and writes of commands for many devices. */

/** Ids in a body; a larger fleet is named by a tag. */
const DEVICES_MAX = 1_000

const TARGET_STATES = [...COMMAND_STATES, 'pending', 'refused', 'deleted'] as const satisfies TargetState[]
/** In these something is still to come. */
const OPEN: readonly TargetState[] = ['pending', 'queued', 'sent', 'accepted', 'running']
const State = Type.Enum([...TARGET_STATES], {
  description: '`pending`: not made yet. `refused`: never made. `deleted`: with its device. Else that of the command.',
})

export const BatchInput = Type.Object(
  {
    devices: Type.Optional(
      Type.Array(Name('Id of a device.'), { minItems: 1, maxItems: DEVICES_MAX, description: 'Either these …' }),
    ),
    tag: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: LABEL_MAX_BYTES,
        description: '… or all that have this tag now, up to 10,000.',
      }),
    ),
    ...CommandInput.properties,
  },
  {
    ...closed,
    title: 'BatchInput',
    examples: [{ tag: 'north', name: 'set_led', params: { on: true }, ttl_s: 600 }],
  },
)

const BatchSchema = Type.Object(
  {
    id: Name('Id of the batch.'),
    name: Type.String(),
    params: FreeForm('As given.'),
    ttl_s: Type.Integer(),
    timeout_s: Type.Integer(),
    tag: Type.Optional(Type.String()),
    created_at: TimeMs('When it was stored; the life of every command counts from then.'),
    cancelled_at: Type.Optional(TimeMs('When it was cancelled.')),
    done: Type.Boolean({ description: 'Nothing is still to come.' }),
    total: Type.Integer({ description: 'Devices.' }),
    counts: Type.Unsafe<Readonly<Record<string, number>>>({
      type: 'object',
      additionalProperties: { type: 'integer' },
      description: 'How many devices are in which state.',
    }),
  },
  {
    ...closed,
    title: 'CommandBatch',
    description: 'A command for many devices, as far as it has got.',
    examples: [
      {
        ...{ id: 'b7', name: 'set_led', params: { on: true }, ttl_s: 600, timeout_s: 30, tag: 'north' },
        ...{ created_at: 1_767_225_600_000, done: false, total: 12, counts: { succeeded: 10, queued: 2 } },
      },
    ],
  },
)

export { BatchSchema as Batch }

export const BatchList = Type.Object(
  { items: Type.Array(BatchSchema), next: Type.Union([Type.String(), Type.Null()]) },
  { ...closed, title: 'CommandBatchList', description: 'One page, newest first; `next` is null on the last.' },
)

export const BatchTargetList = Type.Object(
  {
    items: Type.Array(
      Type.Object(
        {
          device: Name('Id of the device.'),
          state: State,
          command: Type.Optional(Name('Id of its command.')),
          result: Type.Optional(Type.Unknown({ description: 'What the device answered.' })),
          error: Type.Optional(CommandError),
        },
        { ...closed, title: 'BatchTarget' },
      ),
    ),
    next: Type.Union([Type.String(), Type.Null()]),
  },
  { ...closed, title: 'BatchTargetList', description: 'One page by device id; `next` is null on the last.' },
)

export const BatchParams = Type.Object({ bid: Name('Id of the batch.') }, closed)
export const TargetsQuery = Type.Object(
  {
    limit: Type.Optional(Limit),
    after: Type.Optional(Name('`next` of the page before.')),
    state: Type.Optional(State),
  },
  closed,
)

export function batchToWire(batch: Batch) {
  const counts = Object.entries(batch.counts)
  return {
    id: batch.id,
    name: batch.name,
    params: batch.params,
    ttl_s: batch.ttlS,
    timeout_s: batch.timeoutS,
    tag: batch.tag,
    created_at: batch.createdAtMs,
    cancelled_at: batch.cancelledAtMs,
    done: OPEN.every((state) => batch.counts[state] === undefined),
    total: counts.reduce((sum, [, n]) => sum + n, 0),
    counts: batch.counts as Readonly<Record<string, number>>,
  }
}

export function targetToWire({ device, state, command, result, error }: BatchTarget) {
  return { device, state, command, result, error }
}
