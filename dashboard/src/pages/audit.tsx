import { useEffect } from 'preact/hooks'
import { count } from '../format.ts'
import { messageOf, useAction } from '../parts/action.ts'
import { AuditExport } from '../parts/audit-export.tsx'
import { AuditFilterForm } from '../parts/audit-filters.tsx'
import { AuditList } from '../parts/audit-list.tsx'
import { Empty } from '../parts/empty.tsx'
import { Problem } from '../parts/problem.tsx'
import { Waiting } from '../parts/waiting.tsx'
import {
  entries,
  filterAudit,
  filters,
  hasNewer,
  loadAudit,
  loadNewer,
  loadOlder,
  NO_FILTERS,
  olderFrom,
  watchAudit,
} from '../state/audit.ts'

/** Who did what, and what the gateway did for its safety. */
export function AuditPage() {
  const { busy, problem, run } = useAction()
  useEffect(() => {
    run(loadAudit)
    return watchAudit()
  }, [])
  const apply = ({ pastMs, ...texts }: Readonly<Record<string, string>>) => {
    problem.value = ''
    filterAudit({ ...NO_FILTERS, ...texts, pastMs: Number(pastMs) }).catch((error: unknown) => {
      problem.value = messageOf(error)
    })
  }
  const shown = entries.value ?? []
  return (
    <div class="page audit">
      <header class="audit-head">
        <h1>Audit</h1>
        <span class="hint" role="status">
          {entries.value !== undefined &&
            `${count(shown.length)} shown${olderFrom.value === undefined ? '' : ', there are more'}`}
        </span>
        <button type="button" data-new={hasNewer.value} disabled={busy.value} onClick={() => run(loadNewer)}>
          {hasNewer.value ? 'Show new entries' : 'Look for new entries'}
        </button>
        <AuditExport entries={shown} />
      </header>
      <AuditFilterForm apply={apply} />
      <Problem of={problem} />
      <Found />
      {olderFrom.value !== undefined && (
        <button type="button" class="audit-more" disabled={busy.value} onClick={() => run(loadOlder)}>
          Show older entries
        </button>
      )}
    </div>
  )
}

function Found() {
  const { value } = entries
  if (value === undefined) return <Waiting>Asking the gateway…</Waiting>
  if (value.length > 0) return <AuditList entries={value} />
  if (!Object.values(filters.value).some(Boolean))
    return <Empty title="Nothing happened yet">Every change will stand here.</Empty>
  return <Empty title="Nothing found">No entry is like that. Leave a filter out.</Empty>
}
