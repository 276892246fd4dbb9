import { csvCell } from '../../../protocol/csv.ts'
import type { AuditEntry } from '../state/audit.ts'
import { download } from '../state/download.ts'

const COLUMNS = ['id', 'at', 'actor', 'action', 'target', 'device', 'outcome', 'address', 'detail'] as const

/** For spreadsheets; a cell that one would run is made harmless. */
export function auditCsv(entries: readonly AuditEntry[]): string {
  const rows = entries.map((entry) => COLUMNS.map((column) => csvCell(cellOf(entry, column))).join(','))
  return [COLUMNS.join(','), ...rows, ''].join('\r\n')
}

function cellOf(entry: AuditEntry, column: (typeof COLUMNS)[number]): string {
  if (column === 'at') return new Date(entry.at).toISOString()
  const value = entry[column]
  return typeof value === 'object' ? JSON.stringify(value) : String(value ?? '')
}

/** An entry on each line, as the API has it. */
export function auditNdjson(entries: readonly AuditEntry[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')
}

export function AuditExport({ entries }: { entries: readonly AuditEntry[] }) {
  const name = `fairlead-audit-${new Date().toISOString().slice(0, 10)}`
  return (
    <div class="audit-export">
      <button
        type="button"
        class="quiet"
        disabled={entries.length === 0}
        onClick={() => download(`${name}.csv`, 'text/csv', auditCsv(entries))}
      >
        Save as CSV
      </button>
      <button
        type="button"
        class="quiet"
        disabled={entries.length === 0}
        onClick={() => download(`${name}.ndjson`, 'application/x-ndjson', auditNdjson(entries))}
      >
        as NDJSON
      </button>
    </div>
  )
}
