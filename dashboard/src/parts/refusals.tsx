import { count } from '../format.ts'
import type { Refusals } from '../state/node.ts'
import { Bar } from './bar.tsx'

/** Of the reasons these are shown; the others are for /metrics. */
const SHOWN_MAX = 8

const WORDS: Readonly<Record<string, string>> = {
  invalid_token: 'a token that is wrong, revoked or has ended',
  too_many_connects: 'a device that connects over and over',
  quarantined: 'two devices with one token',
  device_disabled: 'a device that an operator disabled',
  device_banned: 'a device that an operator banned',
  banned: 'an address that an operator banned',
  banned_address: 'an address with too many bad tokens',
  tls_failed: 'no TLS: a client that does not trust the certificate, or speaks something else',
  handshake_aborted: 'a client that left while it was checked',
  aborted: 'a client that left before it had asked',
  request_timeout: 'a client that took too long to ask',
  header_too_large: 'headers that are too large',
  malformed_http: 'something that is no HTTP',
  overload: 'too many devices at once; they come again',
  waited_too_long: 'waited too long for its turn; it comes again',
  too_many_waiting: 'too many waited for their turn',
  too_many_sockets: 'too many connections at once',
  registry_unavailable: 'the registry could not be asked',
  stopping: 'the gateway was stopping',
  upgrade_required: 'a protocol version that is not spoken here',
  token_in_url: 'a token in the address, where it may be seen',
  bad_request: 'a handshake that is malformed',
  foreign_origin: 'a page of another site',
  route_not_found: 'an address that is not there',
  method_not_allowed: 'a handshake that is no GET',
}

/** Connections that were refused since the start, by reason. */
export function RefusalBars({ refusals }: { refusals: readonly Refusals[] }) {
  const most = Math.max(1, ...refusals.map((one) => one.count))
  return (
    <section class="card refusals" aria-label="Connections refused">
      <h2>Connections refused</h2>
      {refusals.length === 0 && <p class="hint">None since the gateway started.</p>}
      <ul>
        {refusals.slice(0, SHOWN_MAX).map(({ reason, count: times }) => (
          <li key={reason}>
            <span>{WORDS[reason] ?? reason.replaceAll('_', ' ')}</span>
            <b>{count(times)}</b>
            <Bar share={times / most} />
          </li>
        ))}
      </ul>
    </section>
  )
}
