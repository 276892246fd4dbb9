/** Audit. */
export function AuditPage() {
  return (
    <div class="page">
      <h1>Audit</h1>
    </div>
  )
}
