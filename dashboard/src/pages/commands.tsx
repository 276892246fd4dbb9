/** Commands. */
export function CommandsPage({ batch }: { batch?: string }) {
  return (
    <div class="page">
      <h1>Commands {batch}</h1>
    </div>
  )
}
