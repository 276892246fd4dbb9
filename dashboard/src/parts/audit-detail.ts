import { span } from '../format.ts'
import type { AuditEntry } from '../state/audit.ts'

/** `{role: 'viewer', ttl_s: 3600}` as `role viewer, for 1 h`; what stands there already is left out. */
export function detailWords(entry: Pick<AuditEntry, 'detail' | 'device' | 'target'>): string {
  const known = [entry.device, entry.target?.split('/').at(-1)]
  return Object.entries(entry.detail ?? {})
    .filter(([, value]) => !known.includes(String(value)))
    .map(([name, value]) => factWords(name, value))
    .join(', ')
}

const SPANS: Readonly<Record<string, string>> = {
  ttl_s: 'for',
  expires_in_s: 'ends after',
  overlap_s: 'overlap',
  timeout_s: 'time-out',
}

function factWords(name: string, value: unknown): string {
  const words = SPANS[name]
  if (words !== undefined && typeof value === 'number') return `${words} ${span(value * 1000)}`
  return `${name.replaceAll('_', ' ')} ${valueWords(value)}`
}

function valueWords(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueWords).join(' ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
