import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { ago, count, exactly } from '../format.ts'
import { call } from '../state/api.ts'
import { useAction } from './action.ts'
import { Confirm } from './confirm.tsx'
import { Problem } from './problem.tsx'

interface SigningKey {
  readonly id: string
  readonly created_at: number
  readonly signs: boolean
  readonly live_tokens: number
}
interface Reissue {
  readonly started: number
  readonly busy: number
  readonly live_tokens: number
}

const PATH = '/signing-keys'

/** Begins rotations some hundreds at a time, until there is nothing more to begin. */
async function reissueAll(id: string): Promise<string> {
  let begun = 0
  for (;;) {
    const { started, busy, live_tokens } = await call<Reissue>('POST', `${PATH}/${id}/reissue`)
    begun += started
    if (started > 0) continue
    const waiting = busy === 0 ? '' : ` ${count(busy)} devices are busy with another one.`
    const rest = `Tokens of the key that still live: ${count(live_tokens)}; each ends when its device has the new one.`
    return `Rotations begun: ${count(begun)}.${waiting} ${rest}`
  }
}

function useSigningKeys() {
  const keys = useSignal<readonly SigningKey[]>([])
  const said = useSignal('')
  const { busy, problem, run } = useAction()
  const load = async () => {
    keys.value = (await call<{ items: SigningKey[] }>('GET', PATH)).items
  }
  useEffect(() => run(load), [])
  /** Does it, says what came of it, and shows the keys as they are then. */
  const doing = (work: () => Promise<string>) =>
    run(async () => {
      said.value = ''
      said.value = await work()
      await load()
    })
  return { keys, said, busy, problem, doing }
}

async function addKey(): Promise<string> {
  await call('POST', PATH)
  return 'The new key signs from now on; older tokens stay good.'
}

async function retire({ id, live_tokens }: SigningKey): Promise<string> {
  const path = `${PATH}/${id}${live_tokens > 0 ? '?force=true' : ''}`
  const { revoked } = await call<{ revoked: number }>('DELETE', path)
  return `The key is gone. Tokens revoked with it: ${count(revoked)}.`
}

/** The keys that sign device tokens: a new one first, then the tokens over to it, then the old one goes. */
export function SigningKeysCard() {
  const { keys, said, busy, problem, doing } = useSigningKeys()
  return (
    <section class="card">
      <h2>Signing keys</h2>
      <p class="hint">
        Device tokens are signed by them. To replace one: add a key, replace the tokens of the old one, and retire it
        when none of its tokens lives.
      </p>
      <ul class="list">
        {keys.value.map((key) => (
          <KeyRow
            key={key.id}
            signingKey={key}
            isBusy={busy.value}
            reissue={() => doing(() => reissueAll(key.id))}
            retire={() => doing(() => retire(key))}
          />
        ))}
      </ul>
      <div class="add">
        <Confirm
          verb="Add a key"
          isCalm
          question="It signs new tokens from now on. Tokens that devices have stay good. Add one?"
          onYes={() => doing(addKey)}
        />
      </div>
      <p class="outcome-said" role="status">
        {said.value}
      </p>
      <Problem of={problem} />
    </section>
  )
}

interface RowProps {
  readonly signingKey: SigningKey
  readonly isBusy: boolean
  readonly reissue: () => void
  readonly retire: () => void
}

function KeyRow({ signingKey, isBusy, reissue, retire }: RowProps) {
  const { id, created_at, signs, live_tokens } = signingKey
  const tokens = `${count(live_tokens)} live ${live_tokens === 1 ? 'token' : 'tokens'}`
  const cost =
    live_tokens > 0 ? `${tokens} of it are revoked, and their devices are cut off until they get others.` : ''
  return (
    <li>
      <span class="name">
        <b>
          <code title={id}>{id.slice(0, 12)}</code>
        </b>
        <small title={exactly(created_at)}>made {ago(created_at)}</small>
      </span>
      {signs && (
        <span class="chip" data-state="live">
          signs
        </span>
      )}
      <span>{tokens}</span>
      {!signs && live_tokens > 0 && (
        <button type="button" class="quiet" disabled={isBusy} onClick={reissue}>
          Replace its tokens
        </button>
      )}
      {!signs && <Confirm verb="Retire" question={`The key is removed for good. ${cost} Retire it?`} onYes={retire} />}
    </li>
  )
}
