import type { ComponentChildren } from 'preact'
import { ago, count, exactly, now, size, span } from '../format.ts'
import type { Health, Node } from '../state/node.ts'
import { Bar } from './bar.tsx'

const DAY_MS = 86_400_000

/** The node, its bus, its registry and its certificate, in words. */
export function HealthCards({ node }: { node: Node }) {
  return (
    <div class="health">
      <NodeCard node={node} />
      <BusCard bus={node.bus} />
      <RegistryCard registry={node.registry} />
      <CertificateCard certificate={node.certificate} />
    </div>
  )
}

function NodeCard({ node }: { node: Node }) {
  const { name, version, started_at, sessions, messages, load, entrance, trusted_proxies } = node
  return (
    <section class="card" aria-label="Node">
      <h2>Node</h2>
      <dl class="facts-list">
        <Fact name="name">{name}</Fact>
        <Fact name="version">{version}</Fact>
        <Fact name="up for">
          <time title={exactly(started_at)}>{span(now.value - started_at)}</time>
        </Fact>
        <Fact name="devices online">{count(sessions.online)}</Fact>
        <Fact name="on their way in">{count(entrance.waiting + entrance.starting)}</Fact>
        <Fact name="processor">{load.cpu_percent} % of a core</Fact>
        <Fact name="received">{count(messages.received)}</Fact>
        <Fact name="on the bus">{count(messages.published)}</Fact>
        <Fact name="refused" isBad={messages.refused > 0}>
          {count(messages.refused)}
        </Fact>
        <Fact name="missing" isBad={messages.missing > 0}>
          {count(messages.missing)}
        </Fact>
        {trusted_proxies.length > 0 && <Fact name="trusted proxies">{trusted_proxies.join(', ')}</Fact>}
      </dl>
    </section>
  )
}

function BusCard({ bus }: { bus: Node['bus'] }) {
  const advice =
    bus.kind === 'external'
      ? 'Devices keep what they measure. Start the broker, or mend the way to it; the rest goes by itself.'
      : 'Devices keep what they measure. Look which subscriber does not read, and at the load of this machine.'
  return (
    <section class="card" aria-label="Bus">
      <Heading title="Bus" health={bus} advice={advice} />
      <dl class="facts-list">
        <Fact name="kind">{bus.kind === 'external' ? 'external broker' : 'inside the gateway'}</Fact>
        <Fact name="address">
          <code>{bus.address}</code>
        </Fact>
        <Fact name="waiting messages">{count(bus.waiting_messages)}</Fact>
        <Fact name="their size">{size(bus.waiting_bytes)}</Fact>
        <Fact name="half confirmed in">{inMs(bus.publish_p50_ms)}</Fact>
        <Fact name="99 % confirmed in">{inMs(bus.publish_p99_ms)}</Fact>
      </dl>
    </section>
  )
}

function RegistryCard({ registry }: { registry: Node['registry'] }) {
  const { disk_free_bytes: free, disk_bytes: total } = registry
  return (
    <section class="card" aria-label="Registry">
      <Heading
        title="Registry"
        health={registry}
        advice="New connections and changes are refused, open sessions go on. Make room on its disk or mend it; the rest goes by itself."
      />
      <dl class="facts-list">
        <Fact name="size">{size(registry.size_bytes)}</Fact>
        <Fact name="requests waiting">{count(registry.waiting)}</Fact>
        <Fact name="left on its disk">
          {size(free)}
          {total !== undefined && <small> of {size(total)}</small>}
        </Fact>
      </dl>
      {free !== undefined && total !== undefined && <Bar share={(total - free) / Math.max(1, total)} />}
    </section>
  )
}

function CertificateCard({ certificate }: { certificate: Node['certificate'] }) {
  if (certificate === null) {
    return (
      <section class="card" aria-label="Certificate">
        <h2>Certificate</h2>
        <p class="hint">A proxy in front of the gateway ends TLS; look at its certificate there.</p>
      </section>
    )
  }
  const { source, names, ends_at, fingerprint } = certificate
  const days = Math.floor((ends_at - now.value) / DAY_MS)
  return (
    <section class="card" aria-label="Certificate">
      <h2>Certificate</h2>
      <dl class="facts-list">
        <Fact name="from">{source === 'own' ? 'your own files' : "the gateway's own CA"}</Fact>
        <Fact name="ends" isBad={days < 14}>
          <time title={exactly(ends_at)}>{days < 0 ? 'ended' : `in ${count(days)} days`}</time>
        </Fact>
        <Fact name="names" isWide>
          {names.map((name) => (
            <span key={name} class="tag">
              {name}
            </span>
          ))}
        </Fact>
        <Fact name="SHA-256" isWide>
          <code>{fingerprint}</code>
        </Fact>
      </dl>
    </section>
  )
}

/** What a part is called, whether it works, and if not why and what to do. */
function Heading({ title, health, advice }: { title: string; health: Health; advice: string }) {
  const { ready, reason, since } = health
  return (
    <>
      <h2>
        {title}
        <span class="chip" data-state={ready ? 'live' : 'failed'}>
          {ready ? 'ready' : 'not ready'}
        </span>
        <small title={exactly(since)}>{ago(since)}</small>
      </h2>
      {!ready && (
        <p class="why">
          <b>{reason ?? 'It does not say why.'}</b> {advice}
        </p>
      )}
    </>
  )
}

interface FactProps {
  readonly name: string
  readonly isBad?: boolean
  readonly isWide?: boolean
  readonly children: ComponentChildren
}

function Fact({ name, isBad = false, isWide = false, children }: FactProps) {
  return (
    <div data-bad={isBad} data-wide={isWide}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function inMs(ms: number | undefined): string {
  if (ms === undefined) return '–'
  return `${ms < 10 ? ms.toFixed(1) : count(Math.round(ms))} ms`
}
