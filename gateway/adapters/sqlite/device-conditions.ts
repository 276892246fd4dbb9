import { type DeviceQuery, wordsOf } from '../../core/device-query.ts'

/** What stands behind FROM, WHERE and ORDER BY, with the values in their order. The device is `d`. */
export interface Conditions {
  readonly from: string
  readonly where: string
  /** The id, by the column that the index is on: else SQLite would sort. */
  readonly order: string
  readonly values: readonly (string | number)[]
}

/** Ids are ASCII: this sorts after every one that begins with the text before it. */
const AFTER_ALL = '\x7f'
/** A device whose presence was never stored is offline. */
const OFFLINE = "coalesce((SELECT p.state FROM presence AS p WHERE p.device = d.id), 'offline') = ?"
/** A line break stands in no label and in no word. */
const LABELS = "lower(d.id || char(10) || coalesce(d.model, '') || char(10) || coalesce(d.firmware, ''))"
const HAS_WORD = `(instr(${LABELS}, lower(?)) > 0
  OR EXISTS (SELECT 1 FROM device_tags AS w WHERE w.device = d.id AND instr(lower(w.tag), lower(?)) > 0))`

export function conditionsOf(query: DeviceQuery): Conditions {
  const { after = '', prefix, search, text, tag, model, firmware, state, enabled } = query
  let [from, order] = ['devices AS d', 'd.id']
  // '' sorts before every id, and no id is empty.
  const filters: [sql: string, ...values: (string | number)[]][] = [['d.id > ?', after]]
  if (tag !== undefined) {
    // CROSS JOIN: those with the tag first, which come sorted by id.
    from = 'device_tags AS t CROSS JOIN devices AS d ON d.id = t.device'
    order = 't.device'
    filters.push(['t.tag = ? AND t.device > ?', tag, after])
  }
  if (prefix !== undefined) filters.push(['d.id >= ? AND d.id < ?', prefix, `${prefix}${AFTER_ALL}`])
  if (search !== undefined) filters.push(['instr(lower(d.id), lower(?)) > 0', search])
  for (const word of wordsOf(text)) filters.push([HAS_WORD, word, word])
  if (model !== undefined) filters.push(['d.model = ?', model])
  if (firmware !== undefined) filters.push(['d.firmware = ?', firmware])
  if (state === 'offline') filters.push([OFFLINE, state])
  else if (state !== undefined) filters.push(['d.id IN (SELECT p.device FROM presence AS p WHERE p.state = ?)', state])
  if (enabled !== undefined) filters.push(['d.enabled = ?', enabled ? 1 : 0])
  const where = filters.map(([sql]) => sql).join(' AND ')
  return { from, where, order, values: filters.flatMap(([, ...values]) => values) }
}
