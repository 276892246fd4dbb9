import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { exactly, timeOf } from '../format.ts'
import { call, type IssuedToken, pathOf, type Token } from '../state/api.ts'
import { useAction } from './action.ts'
import { Confirm } from './confirm.tsx'
import { Dialog } from './dialog.tsx'
import { useLooks } from './look-again.ts'
import { Problem } from './problem.tsx'
import { Provisioning } from './provisioning.tsx'

/** A rotation ends when the device has confirmed. */
const UNDER_WAY: readonly Token['state'][] = ['offered', 'pending']

/** The tokens of the device as they are, also while a rotation is under way. */
function useTokens(id: string) {
  const tokens = useSignal<readonly Token[]>([])
  const action = useAction()
  const load = async () => {
    const { items } = await call<{ items: Token[] }>('GET', `${pathOf(id)}/tokens`)
    tokens.value = items.toSorted((a, b) => b.created_at - a.created_at)
  }
  const isUnderWay = tokens.value.some(({ state }) => UNDER_WAY.includes(state))
  useEffect(() => action.run(load), [id])
  useLooks(isUnderWay, load)
  return { tokens, load, ...action }
}

/** What the device connects with: issue, rotate over the open socket, revoke. */
export function TokenPanel({ id }: { id: string }) {
  const issued = useSignal<IssuedToken | undefined>(undefined)
  const { tokens, load, busy, problem, run } = useTokens(id)
  const doing = (work: () => Promise<unknown>) => () => run(() => work().then(load))
  const issue = async () => {
    issued.value = await call<IssuedToken>('POST', `${pathOf(id)}/tokens`)
  }
  const revoke = (token: Token) => doing(() => call('DELETE', `${pathOf(id)}/tokens/${token.id}`))
  return (
    <section class="card tokens">
      <h2>Tokens</h2>
      <div class="buttons">
        <button type="button" disabled={busy.value} onClick={doing(() => call('POST', `${pathOf(id)}/tokens/rotate`))}>
          Rotate
        </button>
        <button type="button" disabled={busy.value} onClick={doing(issue)}>
          Issue another
        </button>
      </div>
      <Problem of={problem} />
      <ul>
        {tokens.value.map((token) => (
          <TokenRow key={token.id} token={token} revoke={revoke(token)} />
        ))}
      </ul>
      {issued.value && (
        <Dialog title="A new token" close={() => (issued.value = undefined)}>
          <Provisioning token={issued.value.token} />
        </Dialog>
      )}
    </section>
  )
}

const STATES: Readonly<Record<Token['state'], string>> = {
  live: 'live',
  offered: 'on its way to the device',
  pending: 'waits for the device',
  ending: 'replaced, ends soon',
  expired: 'expired',
  revoked: 'revoked',
}

function TokenRow({ token, revoke }: { token: Token; revoke: () => void }) {
  const { id, state, created_at, last_used_at, ends_at } = token
  const isOver = state === 'revoked' || state === 'expired'
  return (
    <li data-over={isOver}>
      <p>
        <code title={id}>{id.slice(0, 8)}</code>
        <span class="chip" data-state={state}>
          {STATES[state]}
        </span>
      </p>
      <footer>
        <time title={exactly(created_at)}>made {timeOf(created_at)}</time>
        {last_used_at !== undefined && <time title={exactly(last_used_at)}>used {timeOf(last_used_at)}</time>}
        {ends_at !== undefined && <time title={exactly(ends_at)}>ends {timeOf(ends_at)}</time>}
        {!isOver && (
          <Confirm verb="Revoke" question="The device that uses it is cut off at once. Revoke it?" onYes={revoke} />
        )}
      </footer>
    </li>
  )
}
