import { useEffect, useMemo } from 'preact/hooks'
import { count, exactly, timeOf } from '../format.ts'
import { type DeadLetter, DeadLetterList } from '../state/dead-letters.ts'
import { deviceById } from '../state/fleet.ts'
import { toDevice } from '../state/route.ts'
import { useAction } from './action.ts'
import { Empty } from './empty.tsx'
import { Problem } from './problem.tsx'
import { Waiting } from './waiting.tsx'

interface Advice {
  readonly what: string
  readonly remedy: string
}

/** What each reason means, and what one can do about it. */
const ADVICE: Readonly<Record<string, Advice>> = {
  bad_topic: {
    what: 'Its topic names no device, or no command id.',
    remedy:
      'Correct the sender: …/devices/{device}/command/request/{id}, both of letters, digits, dot, hyphen, underscore.',
  },
  bad_request: {
    what: 'What was sent is no command.',
    remedy: 'Correct the sender: a JSON object with name, and if needed params, ttl_s and timeout_s.',
  },
  too_large: { what: 'It is too large.', remedy: 'Send less: parameters may have 3 KiB.' },
  device_not_found: {
    what: 'There is no such device.',
    remedy: 'Add the device, or correct the id that the sender uses. Then send it again.',
  },
  queue_full: {
    what: 'As many commands wait for the device as may wait.',
    remedy: 'See why the device does not come, or cancel what it need not do any more. Then send it again.',
  },
  command_exists: {
    what: 'Another device has a command with this id.',
    remedy: 'Let the sender choose a new id for every command.',
  },
  too_many_deliveries: {
    what: 'The device got it in ten sessions and never answered; it was given up.',
    remedy: 'Look at its connections: if it falls over this command, change the command or its firmware.',
  },
}

const UNKNOWN: Advice = { what: 'It could not be taken.', remedy: 'The detail says more.' }
/** What came over the bus and could not be taken, and commands that were given up. */
export function DeadLetters() {
  const letters = useMemo(() => new DeadLetterList(), [])
  useEffect(() => letters.watch(), [])
  const { busy, problem, run } = useAction()
  const { list, isLoaded, hasMore } = letters
  if (!isLoaded.value) return <Waiting />
  if (list.value.length === 0)
    return <Empty title="No dead letters">Everything that came over the bus could be taken.</Empty>
  return (
    <>
      <p class="hint">
        Commands from the bus that could not be taken, and commands that were given up. The latest 1,000 are kept.
      </p>
      <ol class="letters">
        {list.value.map((letter) => (
          <Letter key={letter.id} letter={letter} />
        ))}
      </ol>
      {hasMore.value && (
        <button type="button" disabled={busy.value} onClick={() => run(() => letters.more())}>
          {busy.value ? 'Loading…' : 'Load older ones'}
        </button>
      )}
      <Problem of={problem} />
    </>
  )
}

function Letter({ letter }: { letter: DeadLetter }) {
  const { at, topic, device, reason, detail, bytes, payload } = letter
  const { what, remedy } = ADVICE[reason] ?? UNKNOWN
  return (
    <li class="card letter">
      <h2>
        {what}
        <code class="chip">{reason}</code>
      </h2>
      <p>{remedy}</p>
      <footer>
        <time title={exactly(at)}>{timeOf(at)}</time>
        {device !== undefined && (deviceById(device) ? <a href={toDevice(device)}>{device}</a> : <span>{device}</span>)}
        {detail !== what && <span>{detail}</span>}
      </footer>
      <details>
        <summary>
          {topic} · {count(bytes)} bytes
        </summary>
        <pre>{payload === '' ? '(empty)' : payload}</pre>
      </details>
    </li>
  )
}
