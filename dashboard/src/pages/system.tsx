/** System. */
export function SystemPage() {
  return (
    <div class="page">
      <h1>System</h1>
    </div>
  )
}
