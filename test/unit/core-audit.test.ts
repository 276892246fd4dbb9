import { beforeEach, describe, expect, test } from 'vitest'
import { AuditTrail } from '../../gateway/core/audit.ts'
import { CountingMetrics, QuietLog } from '../helpers/core-fakes.ts'
import { ManualClock, settled } from '../helpers/manual-clock.ts'
import { MemoryRegistry } from '../helpers/memory-registry.ts'

let clock: ManualClock
let memory: MemoryRegistry
let metrics: CountingMetrics
let trail: AuditTrail
beforeEach(() => {
  clock = new ManualClock()
  memory = new MemoryRegistry()
  metrics = new CountingMetrics()
  trail = new AuditTrail({ registry: memory, clock, log: new QuietLog(), metrics })
})
const entry = (action: string) => ({ actor: 'key:first', action, outcome: 'ok' })
const actions = () => memory.audit.map(({ action }) => action)

describe('the audit trail', () => {
  test('an appended entry is stored with its time before the promise resolves', async () => {
    await trail.append(entry('a'))
    expect(memory.audit).toEqual([{ ...entry('a'), id: 1, atMs: clock.wallMs() }])
    expect(clock.pending).toBe(0)
  })

  test('entries keep their order while the store is slow', async () => {
    const pass = memory.hold('appendAudit')
    for (const action of ['a', 'b', 'c']) trail.note(entry(action))
    pass()
    await trail.append(entry('d'))
    expect(actions()).toEqual(['a', 'b', 'c', 'd'])
  })

  test('a store that hangs holds nobody up for more than two seconds, and the entry is stored when it comes back', async () => {
    const pass = memory.hold('appendAudit')
    let answered = false
    const appended = trail.append(entry('a')).then(() => {
      answered = true
    })
    await clock.advance(1_999)
    expect(answered).toBe(false)
    await clock.advance(1)
    await appended
    pass()
    await trail.settled()
    expect(actions()).toEqual(['a'])
  })

  test('what a failed store left behind is stored later, in order', async () => {
    memory.fail('appendAudit')
    trail.note(entry('a'))
    await settled()
    trail.note(entry('b'))
    await settled()
    expect(actions()).toEqual([])
    memory.recover()
    trail.store()
    await trail.settled()
    expect(actions()).toEqual(['a', 'b'])
  })

  test('while the store is away a thousand entries wait; the newest beyond them are lost and counted', async () => {
    memory.fail('appendAudit')
    for (let i = 0; i < 1_003; i++) trail.note(entry(`a${i}`))
    await trail.append(entry('late')) // does not wait for what is lost
    expect(metrics.of('audit_dropped')).toBe(4)
    await settled()
    memory.recover()
    trail.store()
    await trail.settled()
    expect(actions()).toHaveLength(1_000)
    expect(actions().at(-1)).toBe('a999')
  })

  test('an entry that comes while the last one is being stored is not forgotten', async () => {
    for (let i = 0; i < 50; i++) {
      trail.note(entry(`a${i}`))
      await Promise.resolve()
    }
    await settled()
    await trail.settled()
    expect(actions()).toHaveLength(50)
  })

  test('a page says where the next one begins', async () => {
    for (const action of ['a', 'b', 'c']) await trail.append(entry(action))
    const { items, next } = await trail.list({ limit: 2 })
    expect(items.map(({ action }) => action)).toEqual(['c', 'b'])
    expect(await trail.list({ limit: 2, before: next })).toMatchObject({ items: [{ action: 'a' }], next: undefined })
  })
})
