import { BansCard } from '../parts/bans-card.tsx'
import { KeysCard } from '../parts/keys-card.tsx'
import { SigningKeysCard } from '../parts/signing-keys-card.tsx'
import { UsersCard } from '../parts/users-card.tsx'

/** Who may do what here: people, programs, and who is kept out. */
export function AccessPage() {
  return (
    <div class="access">
      <h1>Access</h1>
      <p class="hint">
        A viewer reads. An operator also sends commands and changes settings. An admin does everything. What changes
        here counts at once, also for pages that are open.
      </p>
      <UsersCard />
      <KeysCard />
      <BansCard />
      <SigningKeysCard />
    </div>
  )
}
