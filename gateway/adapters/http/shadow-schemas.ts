import { type Static, Type } from 'typebox'
import { closed, FreeForm, TimeMs } from './schemas.ts'

/** What REST reads and writes of a device's settings. */

export const Shadow = Type.Object(
  {
    desired: FreeForm('What the operator wants; the whole of it goes to the device.'),
    desired_version: Type.Integer({ description: 'Rises with each change; 0 before the first.' }),
    desired_at: Type.Optional(TimeMs('When it was last changed.')),
    reported: FreeForm('What the device said it runs with.'),
    reported_version: Type.Integer({ description: 'The `desired_version` that the device took; 0 before its first.' }),
    reported_at: Type.Optional(TimeMs('When the device said so.')),
  },
  { ...closed, title: 'Shadow', description: 'What is wanted of the device, and what it runs with.' },
)

export const ShadowPatch = Type.Object(
  {
    desired: FreeForm('A merge patch (RFC 7396): null removes a key. The whole is at most 3 KiB and 8 levels deep.'),
  },
  { ...closed, title: 'ShadowPatch', examples: [{ desired: { interval_s: 30, name: null } }] },
)

export type ShadowWire = Static<typeof Shadow>
