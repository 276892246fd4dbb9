import { expect, test } from 'vitest'
import { changedFields, merge } from '../../dashboard/src/state/edit.ts'

const BASE = { model: 'esp32', tags: 'north', notes: '' }

test('what only others changed comes into the form', () => {
  const mine = { ...BASE, notes: 'second door' }
  expect(merge(BASE, mine, { ...BASE, tags: 'north, glass' })).toEqual({
    mine: { model: 'esp32', tags: 'north, glass', notes: 'second door' },
    conflicts: {},
  })
})

test('where both wrote something else mine stays, and theirs is shown', () => {
  const mine = { ...BASE, notes: 'second door' }
  expect(merge(BASE, mine, { ...BASE, notes: 'third door' })).toEqual({ mine, conflicts: { notes: 'third door' } })
})

test('where both wrote the same there is nothing to decide', () => {
  const mine = { ...BASE, notes: 'second door' }
  expect(merge(BASE, mine, mine)).toEqual({ mine, conflicts: {} })
  expect(changedFields(mine, mine)).toEqual([])
  expect(changedFields(BASE, mine)).toEqual(['notes'])
})
