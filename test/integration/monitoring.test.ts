import { readFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { createMetrics } from '../../gateway/adapters/metrics.ts'
import type { CounterName } from '../../gateway/core/ports.ts'
import { connectBusClient } from '../helpers/bus-client.ts'
import { type Exposition, readExposition, readQuery } from '../helpers/exposition.ts'
import { connectByHand } from '../helpers/hand-device.ts'
import { startTestGateway, type TestGateway } from '../helpers/start-gateway.ts'

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number }
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[]
}
interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: Readonly<Record<string, string>>
}

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const dashboard = JSON.parse(read('deploy/grafana/fairlead.json')) as {
  panels: Panel[]
  templating: { list: object[] }
}
const alerts = parse(read('deploy/prometheus/alerts.yml')) as { groups: { name: string; rules: Rule[] }[] }
const rules = alerts.groups.flatMap((group) => group.rules)
const targets = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))

/** Every label that Prometheus itself adds to what it scrapes. */
const SCRAPE_LABELS = ['instance', 'job']

/** A gateway where a little of everything has happened, so that no counter is empty. */
async function livelyGateway(): Promise<{ gateway: TestGateway; page: string }> {
  const gateway = await startTestGateway()
  const bus = await connectBusClient(gateway.mqttUrl)
  onTestFinished(() => bus.close())
  const { device, id } = await gateway.readyDevice('greenhouse-1')
  await device.telemetry(Object.fromEntries(Array.from({ length: 130 }, (_, i) => [`key_${i}`, i]))).settled
  const other = await gateway.enrol('by-hand')
  const hand = await connectByHand(gateway, other.token)
  await hand.hello()
  hand.send({ type: 'telemetry', seq: 1, points: [{ values: {} }] })
  await hand.next('nack')
  hand.send({ type: 'telemetry', seq: 2, points: [{ values: { a: 1 } }] })
  await hand.next('ack')
  hand.send({ type: 'telemetry', seq: 2, points: [{ values: { a: 1 } }] })
  hand.send({ type: 'log', level: 'warn', text: 'pump current high' })
  hand.send({ type: 'reported', version: 0, state: { interval_s: 30 } })
  hand.socket.close(1000)
  await connectByHand(gateway, 'not.a.token').catch(() => {})
  await gateway.api('POST', `devices/${id}/tokens/rotate`)
  await gateway.api('POST', `devices/${id}/commands?wait=10s`, { name: 'ping' })
  await bus.publish(`fairlead/devices/${id}/command/request/c1`, '{}', { retain: true })
  const page = async () => String((await gateway.api('GET', '/metrics')).body)
  const happened = [
    ...['sessions_closed', 'handshakes_refused', 'messages_dropped', 'messages_refused', 'log_lines'],
    ...['bus_requests_refused', 'shadow_changes', 'token_rotations', 'commands_changed', 'messages_published'],
  ]
  const missing = async () => {
    const { labels } = readExposition(await page())
    return happened.filter((name) => !labels.has(`fairlead_${name}_total`))
  }
  await expect.poll(missing, { timeout: 30_000 }).toEqual([])
  return { gateway, page: await page() }
}

function problemsOf(query: string, { labels }: Exposition): string[] {
  const { selectors, groupedBy } = readQuery(query)
  if (selectors.length === 0) return [`reads no metric: ${query}`]
  const readable = (metric: string) => labels.get(metric) ?? (metric === 'up' ? new Set<string>() : undefined)
  const missing = selectors.filter(({ metric }) => readable(metric) === undefined).map(({ metric }) => metric)
  const strange = selectors.flatMap(({ metric, labels: used }) =>
    [...used, ...groupedBy]
      .filter((label) => !SCRAPE_LABELS.includes(label) && !readable(metric)?.has(label))
      .map((label) => `${metric} has no label ${label}`),
  )
  return [...missing.map((metric) => `${metric} does not exist`), ...strange]
}

test('every query of the Grafana dashboard and of the alert rules reads what a running gateway shows', async () => {
  const { page } = await livelyGateway()
  const exposition = readExposition(page)
  expect(targets.length).toBeGreaterThan(25)
  expect(rules.length).toBeGreaterThan(10)
  const queries = [...targets.map(({ expr }) => expr), ...rules.map(({ expr }) => expr)]
  // Lost audit entries cannot be had here without breaking the disk.
  const shown = queries.filter((query) => !query.includes('fairlead_audit_dropped_total'))
  expect(shown.flatMap((query) => problemsOf(query, exposition))).toEqual([])
  for (const id of ['greenhouse-1', 'by-hand']) expect(page).not.toContain(id)
  expect(page).toContain('# TYPE fairlead_audit_dropped_total counter')
  expect(problemsOf('sum by (device) (rate(fairlead_messages_lost_total{a="b"}[5m]))', exposition)).toHaveLength(3)
})

describe('the Grafana dashboard', () => {
  test('has panels with ids of their own that do not lie on each other', () => {
    const ids = dashboard.panels.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    expect(dashboard.panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([])
  })

  test('shows what the operator looks for, for the gateways and the data source that are chosen', () => {
    const titles = dashboard.panels.map(({ title }) => title)
    for (const wanted of ['Devices by presence', 'Commands, by new state', 'Event loop delay', 'Memory']) {
      expect(titles).toContain(wanted)
    }
    expect(targets.filter(({ expr }) => !expr.includes('{instance=~"$instance"'))).toEqual([])
    expect(dashboard.templating.list).toMatchObject([{ name: 'datasource' }, { name: 'instance' }])
  })
})

test('each alert says how bad it is, what happened and what to do', () => {
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
  for (const { alert, labels, annotations } of rules) {
    expect(alert).toMatch(/^Fairlead[A-Za-z]+$/)
    expect(['critical', 'warning', 'info']).toContain(labels.severity)
    expect(annotations.summary).toMatch(/\S/)
    expect(annotations.description).toMatch(/\S/)
  }
})

test('10,000 devices add no label and no sample to /metrics', async () => {
  const metrics = createMetrics()
  const count = async () => readExposition(await metrics.text()).samples.filter((line) => line.includes('fairlead_'))
  const names: CounterName[] = ['sessions_closed', 'messages_refused', 'handshakes_refused', 'commands_changed']
  for (let i = 0; i < 10_000; i++) for (const name of names) metrics.count(name, `greenhouse-${i}`)
  const samples = await count()
  expect(samples.length).toBeLessThan(400)
  const { labels } = readExposition(await metrics.text())
  const fairlead = [...labels].filter(([name]) => name.startsWith('fairlead_'))
  expect(new Set(fairlead.flatMap(([, used]) => [...used]))).toEqual(new Set(['reason', 'le']))
})
