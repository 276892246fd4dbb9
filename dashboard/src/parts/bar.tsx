/** A share of a whole, 0 to 1, as a line. What it means stands beside it. */
export function Bar({ share }: { share: number }) {
  return (
    <svg class="share" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
      <rect width="100" height="4" class="track" />
      <rect width={Math.max(1, 100 * share)} height="4" />
    </svg>
  )
}
