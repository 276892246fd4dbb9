import { type DeviceQuery, wordsOf } from '../../gateway/core/device-query.ts'
import type { DeviceRow, PresenceState } from '../../gateway/core/records.ts'

/** The filters as the ports promise them, said the plain way. */
export function matches(row: DeviceRow, presence: PresenceState, query: DeviceQuery): boolean {
  const { after = '', prefix = '', search = '', tag, model, firmware, state, enabled } = query
  const isInPage = row.id > after && row.id.startsWith(prefix) && row.id.toLowerCase().includes(search.toLowerCase())
  const hasLabels = [model === undefined || row.model === model, firmware === undefined || row.firmware === firmware]
  const isTagged = tag === undefined || row.tags.includes(tag)
  const isSo = (state === undefined || presence === state) && (enabled === undefined || row.enabled === enabled)
  const labels = [row.id, row.model ?? '', row.firmware ?? '', ...row.tags].map((label) => label.toLowerCase())
  const hasWords = wordsOf(query.text).every((word) => labels.some((label) => label.includes(word.toLowerCase())))
  return hasWords && isInPage && hasLabels.every(Boolean) && isTagged && isSo
}
