import type { Flags, Given } from './arguments.ts'
import { UsageError } from './failures.ts'

/** What a list or an export of devices can be narrowed by. */
export const DEVICE_FILTERS: Flags = {
  prefix: { type: 'string', value: 'text', about: 'only ids that begin so' },
  text: { type: 'string', value: 'words', about: 'only those in whose id, model, firmware or tags each word stands' },
  tag: { type: 'string', value: 'tag', about: 'only those with this tag' },
  model: { type: 'string', value: 'model', about: 'only this model' },
  firmware: { type: 'string', value: 'version', about: 'only this firmware' },
  state: { type: 'string', value: 'state', about: 'only online, offline or sleeping ones' },
  disabled: { type: 'boolean', about: 'only disabled ones' },
}
const STATES = ['online', 'offline', 'sleeping']

/** `&tag=north` and so on; the first operand is a part of the id. Throws UsageError for a state that there is not. */
export function deviceFilterQuery(given: Given): string {
  const state = given.text('state')
  if (state !== undefined && !STATES.includes(state)) {
    throw new UsageError(`--state is one of ${STATES.join(', ')}, not "${state}"`)
  }
  const query = new URLSearchParams()
  const texts = ['prefix', 'text', 'tag', 'model', 'firmware', 'state'].map((name) => [name, given.text(name)] as const)
  for (const [name, value] of [...texts, ['search', given.operands[0]] as const]) {
    if (value !== undefined) query.set(name, value)
  }
  if (given.isSet('disabled')) query.set('enabled', 'false')
  return query.size === 0 ? '' : `&${query}`
}
