import { type Signal, useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { count, span } from '../format.ts'
import { type Aim, BatchSender, DEVICES_MAX, TAGGED_MAX } from '../state/batches.ts'
import { commandNamesOf } from '../state/command-names.ts'
import { draft as given } from '../state/draft.ts'
import { allDevices, type Device, isLoaded } from '../state/fleet.ts'
import { go, toBatch } from '../state/route.ts'
import { useAction } from './action.ts'
import { type CommandDraft, CommandFields, paramsProblem, requestOf, useCommandDraft } from './command-fields.tsx'
import { Dialog } from './dialog.tsx'
import { Problem } from './problem.tsx'

/** Time for a device that sleeps for an hour to come. */
const DEFAULT_TTL_S = 3_600
/** Ids that are shown before "and … more". */
const IDS_SHOWN = 8

interface Reach {
  readonly aim: Aim
  readonly devices: readonly Device[]
  /** Why it cannot be sent there. */
  readonly problem?: string
}

/** A command to a tag or to the devices that were found: written, looked at once more, sent. */
export function FleetCommandForm() {
  const draft = useCommandDraft({ ...given.value, ttlS: given.value?.ttlS ?? DEFAULT_TTL_S })
  const sender = useMemo(() => new BatchSender(), [])
  const byTag = useSignal(given.value === undefined)
  const tag = useSignal('')
  const isConfirming = useSignal(false)
  useEffect(() => forgetGiven, [])
  const reach = byTag.value ? taggedWith(tag.value.trim()) : listed(given.value?.devices ?? [], given.value?.total ?? 0)
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    isConfirming.value = reach.problem === undefined && paramsProblem(draft.params.value) === undefined
  }
  return (
    <>
      <form class="card fleet-command" onSubmit={submit}>
        <Target byTag={byTag} tag={tag} />
        <ReachText reach={reach} isAsked={!byTag.value || tag.value !== ''} />
        <div class="command-form">
          <CommandFields draft={draft} known={commandNamesOf(reach.devices)} />
        </div>
        <Knowing devices={reach.devices} name={draft.name.value.trim()} />
        <div class="buttons">
          <button type="submit" class="primary">
            Review and send
          </button>
          <a class="button" href="#/commands">
            Not now
          </a>
        </div>
      </form>
      {isConfirming.value && (
        <Review draft={draft} reach={reach} sender={sender} close={() => (isConfirming.value = false)} />
      )}
    </>
  )
}

function forgetGiven(): void {
  given.value = undefined
}

function Target({ byTag, tag }: { byTag: Signal<boolean>; tag: Signal<string> }) {
  const found = given.value
  return (
    <div class="target">
      {found !== undefined && (
        <fieldset class="choice">
          <legend class="unseen">To which devices</legend>
          <label>
            <input type="radio" name="to" checked={!byTag.value} onChange={() => (byTag.value = false)} />
            {count(found.total)} {found.from}
          </label>
          <label>
            <input type="radio" name="to" checked={byTag.value} onChange={() => (byTag.value = true)} />
            All with a tag
          </label>
        </fieldset>
      )}
      {byTag.value ? <TagField tag={tag} /> : <Ids ids={found?.devices ?? []} total={found?.total ?? 0} />}
    </div>
  )
}

function TagField({ tag }: { tag: Signal<string> }) {
  const tags = tagsOf(allDevices.value)
  return (
    <label>
      To all devices with the tag
      <input
        value={tag.value}
        onInput={(event) => (tag.value = event.currentTarget.value)}
        list="fleet-tags"
        required
        placeholder={tags[0]?.[0] ?? 'north'}
        autocapitalize="none"
        spellcheck={false}
      />
      <datalist id="fleet-tags">
        {tags.map(([name, n]) => (
          <option key={name} value={name} label={`${name}: ${count(n)}`} />
        ))}
      </datalist>
    </label>
  )
}

function Ids({ ids, total }: { ids: readonly string[]; total: number }) {
  const more = total - IDS_SHOWN
  return (
    <p class="ids">
      {ids.slice(0, IDS_SHOWN).map((id) => (
        <i key={id} class="tag">
          {id}
        </i>
      ))}
      {more > 0 && <small>and {count(more)} more</small>}
    </p>
  )
}

function ReachText({ reach, isAsked }: { reach: Reach; isAsked: boolean }) {
  const problem = isAsked && isLoaded.value ? reach.problem : undefined
  return (
    <p class={problem === undefined ? 'reach' : 'reach problem'} role="status">
      {problem ?? (isAsked ? `Reaches ${reachText(reach.devices)}.` : 'How many it reaches is said here.')}
    </p>
  )
}

/** `12 devices, 9 online` */
function reachText(devices: readonly Device[]): string {
  const online = devices.filter(({ state }) => state === 'online').length
  return `${devices.length === 1 ? '1 device' : `${count(devices.length)} devices`}, ${count(online)} online`
}

/** Where some devices name the command among what they can do, those that do not may refuse it. */
function Knowing({ devices, name }: { devices: readonly Device[]; name: string }) {
  const n = devices.filter(({ capabilities }) => capabilities.includes(name)).length
  if (n === 0 || n === devices.length) return null
  return (
    <p class="hint">
      {count(n)} of them {n === 1 ? 'names' : 'name'} {name} among what they can do; the others may refuse it.
    </p>
  )
}

interface ReviewProps {
  readonly draft: CommandDraft
  readonly reach: Reach
  /** Outlives this window: a second try after a lost answer is the same request. */
  readonly sender: BatchSender
  readonly close: () => void
}

function Review({ draft, reach, sender, close }: ReviewProps) {
  const { busy, problem, run } = useAction()
  const { name, ttl_s, params } = requestOf(draft)
  const n = reach.devices.length
  const away = reach.devices.filter(({ state }) => state !== 'online').length
  const send = () => run(async () => go(toBatch((await sender.send(reach.aim, requestOf(draft))).id)))
  const devices = n === 1 ? '1 device' : `${count(n)} devices`
  return (
    <Dialog title={`Send ${name} to ${devices}?`} close={close}>
      <pre>
        {name} {params === undefined ? '' : JSON.stringify(params)}
      </pre>
      <p>
        {'tag' in reach.aim && `All that have the tag ${reach.aim.tag} when it is sent. `}
        {away === 0
          ? 'All of them are online.'
          : `${count(away)} of them ${away === 1 ? 'is' : 'are'} not online and ${away === 1 ? 'gets' : 'get'} it when ` +
            `they come within ${span(ttl_s * 1000)}.`}
      </p>
      <Problem of={problem} />
      <div class="buttons">
        <button type="button" class="primary" autofocus disabled={busy.value} onClick={send}>
          {busy.value ? 'Sending…' : problem.value === '' ? `Send to ${devices}` : 'Try again'}
        </button>
        <button type="button" onClick={close}>
          Back
        </button>
      </div>
    </Dialog>
  )
}

function taggedWith(tag: string): Reach {
  const devices = allDevices.value.filter(({ tags }) => tags.includes(tag))
  const problem =
    devices.length === 0
      ? `No device has the tag “${tag}”.`
      : devices.length > TAGGED_MAX
        ? `${count(devices.length)} devices have it; one command reaches at most ${count(TAGGED_MAX)}. Use narrower tags.`
        : undefined
  return { aim: { tag }, devices, problem }
}

function listed(ids: readonly string[], total: number): Reach {
  const wanted = new Set(ids)
  const devices = allDevices.value.filter(({ id }) => wanted.has(id))
  const problem =
    devices.length === 0
      ? 'None of these devices is there any more.'
      : total > DEVICES_MAX
        ? `These are ${count(total)} devices. A list may have ${count(DEVICES_MAX)}: find fewer, or give them a tag ` +
          'and send to that.'
        : undefined
  return { aim: { devices: devices.map(({ id }) => id) }, devices, problem }
}

/** Every tag with how many devices have it, the most common first. */
function tagsOf(devices: readonly Device[]): [string, number][] {
  const counts = new Map<string, number>()
  for (const { tags } of devices) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
}
