import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { ago, exactly, now, span } from '../format.ts'
import { call } from '../state/api.ts'
import { toDevice } from '../state/route.ts'
import { fieldsOf, useAction } from './action.ts'
import { Confirm } from './confirm.tsx'
import { Problem } from './problem.tsx'

interface Ban {
  readonly id: string
  readonly address?: string
  readonly device?: string
  readonly reason?: string
  readonly created_at: number
  readonly ends_at: number | null
}
interface BanPage {
  readonly items: readonly Ban[]
  readonly next: string | null
}

const PAGE = 200
const LIVES = [
  { name: 'until it is lifted', s: 0 },
  { name: '1 hour', s: 3_600 },
  { name: '1 day', s: 86_400 },
  { name: '30 days', s: 30 * 86_400 },
]

/** There are at most 1,000. */
async function allBans(): Promise<Ban[]> {
  const all: Ban[] = []
  let after = ''
  for (;;) {
    const page: BanPage = await call('GET', `/bans?limit=${PAGE}${after}`)
    all.push(...page.items)
    if (page.next === null) return all.toSorted((a, b) => b.created_at - a.created_at)
    after = `&after=${encodeURIComponent(page.next)}`
  }
}

/** Who is kept out: addresses before TLS, devices after their token. */
export function BansCard() {
  const bans = useSignal<readonly Ban[]>([])
  const { busy, problem, run } = useAction()
  const load = async () => {
    bans.value = await allBans()
  }
  useEffect(() => run(load), [])
  const add = (event: SubmitEvent) => {
    const form = event.currentTarget as HTMLFormElement
    const { kind = 'address', whom = '', life, reason } = fieldsOf(event)
    const body = { [kind]: whom.trim(), ttl_s: Number(life) || undefined, reason: reason?.trim() || undefined }
    run(async () => {
      await call('POST', '/bans', body)
      form.reset()
      await load()
    })
  }
  const lift = (id: string) => () => run(() => call('DELETE', `/bans/${id}`).then(load))
  const lasting = bans.value.filter(({ ends_at }) => ends_at === null || ends_at > now.value)
  return (
    <section class="card">
      <h2>Bans</h2>
      <p class="hint">
        A banned address is not even answered; a banned device keeps its tokens and its queue. Open sessions end at
        once.
      </p>
      {lasting.length === 0 && <p class="none">Nobody is banned.</p>}
      <ul class="list">
        {lasting.map((ban) => (
          <BanRow key={ban.id} ban={ban} lift={lift(ban.id)} />
        ))}
      </ul>
      <BanForm add={add} isBusy={busy.value} />
      <Problem of={problem} />
    </section>
  )
}

function BanRow({ ban, lift }: { ban: Ban; lift: () => void }) {
  const { address, device, reason, created_at, ends_at } = ban
  const whom = address ?? device ?? ''
  return (
    <li>
      <span class="name">
        <b>{device === undefined ? <code>{whom}</code> : <a href={toDevice(device)}>{device}</a>}</b>
        <small title={exactly(created_at)}>
          {reason && `${reason} · `}banned {ago(created_at)}
        </small>
      </span>
      <span title={ends_at === null ? undefined : exactly(ends_at)}>
        {ends_at === null ? 'until it is lifted' : `${span(ends_at - now.value)} left`}
      </span>
      <Confirm verb="Lift" isCalm question={`${whom} may connect again. Lift the ban?`} onYes={lift} />
    </li>
  )
}

function BanForm({ add, isBusy }: { add: (event: SubmitEvent) => void; isBusy: boolean }) {
  const kind = useSignal('address')
  const hint = kind.value === 'address' ? '203.0.113.0/24' : 'id of the device'
  return (
    <form class="add" onSubmit={add} onReset={() => (kind.value = 'address')}>
      <select
        name="kind"
        aria-label="What to ban"
        value={kind.value}
        onChange={(event) => (kind.value = event.currentTarget.value)}
      >
        <option value="address">address</option>
        <option value="device">device</option>
      </select>
      <input name="whom" aria-label="Whom to ban" placeholder={hint} required spellcheck={false} autocapitalize="off" />
      <select name="life" aria-label="How long">
        {LIVES.map(({ name, s }) => (
          <option key={s} value={s}>
            {name}
          </option>
        ))}
      </select>
      <input name="reason" aria-label="Reason of the ban" placeholder="why, for people" maxLength={200} />
      <button type="submit" disabled={isBusy}>
        Ban
      </button>
    </form>
  )
}
