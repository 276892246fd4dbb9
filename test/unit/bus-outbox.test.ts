import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BusOutbox, type OutboxEntry } from '../../gateway/core/bus-outbox.ts'
import { GatewayError } from '../../gateway/core/errors.ts'

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('confirm' as const), which: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('rewind' as const) }) },
  ),
  { maxLength: 400 },
)

test('whatever is confirmed in whatever order, take hands out each unconfirmed message once per rewind, in order', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const outbox = new BusOutbox()
      const confirmed: number[] = []
      const waiting = new Map<number, Promise<void>>()
      const taken: OutboxEntry[] = []
      const unsent: number[] = []
      let added = 0
      for (const step of plan) {
        if (step.do === 'add') {
          const number = added
          waiting.set(
            number,
            outbox.add('t', `${number}`, false).then(() => void confirmed.push(number)),
          )
          unsent.push(number)
          added += 1
        } else if (step.do === 'take') {
          const entry = outbox.take()
          expect(entry?.payload.toString()).toBe(unsent[0]?.toString())
          if (entry === undefined) continue
          unsent.shift()
          taken.push(entry)
        } else if (step.do === 'confirm') {
          const [entry] = taken.splice(step.which % Math.max(1, taken.length), 1)
          if (entry === undefined) continue
          const number = Number(entry.payload)
          outbox.confirm(entry)
          outbox.confirm(entry) // a second PUBACK changes nothing
          await waiting.get(number)
          waiting.delete(number)
        } else {
          outbox.rewind()
          taken.length = 0
          unsent.splice(0, unsent.length, ...waiting.keys())
        }
        expect(outbox.backlog()).toMatchObject({ messages: waiting.size })
      }
      expect(new Set(confirmed).size).toBe(confirmed.length)
    }),
  )
})

test('the oldest places are given up as messages are confirmed, over many more messages than it holds', async () => {
  const outbox = new BusOutbox({ messagesMax: 10, bytesMax: 1_000 })
  for (let number = 0; number < 5_000; number += 1) {
    const confirmed = outbox.add('t', `${number}`, false)
    const entry = outbox.take()
    expect(entry?.order).toBe(number)
    if (entry !== undefined) outbox.confirm(entry)
    await confirmed
  }
  expect(outbox.backlog()).toEqual({ messages: 0, bytes: 0 })
})

test('it is full by messages or by bytes, the newest loses, and there is room after a confirmation', async () => {
  const outbox = new BusOutbox({ messagesMax: 2, bytesMax: 10 })
  const first = outbox.add('t', '12345', false)
  await expect(outbox.add('t', '12345', false)).rejects.toMatchObject({ code: 'bus_full' })
  const second = outbox.add('t', '1', false)
  await expect(outbox.add('t', '', false)).rejects.toMatchObject({ code: 'bus_full' })
  for (let entry = outbox.take(); entry !== undefined; entry = outbox.take()) outbox.confirm(entry)
  await Promise.all([first, second])
  expect(outbox.backlog()).toEqual({ messages: 0, bytes: 0 })
})

test('drained resolves once nothing waits, and abandon rejects what does', async () => {
  const outbox = new BusOutbox()
  await outbox.drained()
  const lost = outbox.add('t', 'x', false)
  const drained = outbox.drained()
  outbox.abandon(new GatewayError('stopping'))
  await expect(lost).rejects.toMatchObject({ code: 'stopping' })
  await expect(outbox.add('t', 'late', false)).rejects.toMatchObject({ code: 'stopping' })
  await drained
})
