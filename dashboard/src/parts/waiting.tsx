/** That something is on its way from the gateway; read out, so that nobody waits without knowing it. */
export function Waiting({ children = 'Loading…' }: { children?: string }) {
  return (
    <p class="waiting" role="status">
      {children}
    </p>
  )
}
