import { expect, test } from 'vitest'
import { hanging } from '../../cli/wrap.ts'

const TEXT = 'The token is used twice: revoke the shared one, and give each device its own.'

test('what is too long goes on below itself, between words', () => {
  expect(hanging('twin  ', TEXT, 40)).toBe(
    ['twin  The token is used twice: revoke', '      the shared one, and give each', '      device its own.'].join(
      '\n',
    ),
  )
})

test('what fits, and what goes to a program, stays one line', () => {
  expect(hanging('twin  ', TEXT, 120)).toBe(`twin  ${TEXT}`)
  expect(hanging('twin  ', TEXT, undefined)).toBe(`twin  ${TEXT}`)
})

test('where too little room is left the terminal does it', () => {
  expect(hanging('x'.repeat(30), TEXT, 40)).toBe(`${'x'.repeat(30)}${TEXT}`)
})

test('a long word stays whole, so that it can be copied', () => {
  const json = `{"name":"${'identify'.repeat(6)}"}`
  expect(hanging('at  ', `sent ${json} by mia`, 40)).toBe(`at  sent\n    ${json}\n    by mia`)
})

test('spaces of the text are kept within a line', () => {
  expect(hanging('a  ', 'two  spaces', 80)).toBe('a  two  spaces')
})
