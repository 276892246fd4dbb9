import { expect, test } from 'vitest'
import { withoutKeys, withoutSecrets } from '../../gateway/core/secret-text.ts'

const RANDOM = 'Ab-_0'.repeat(8).padEnd(43, 'z')

test.each([
  [`api-keys/flk_${RANDOM}`, 'api-keys/***'],
  ['devices/a/tokens/eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl', 'devices/a/tokens/***'],
  ['devices/eyJhbGciOiJFUzI1', 'devices/***'],
  ['devices/greenhouse-1', 'devices/greenhouse-1'],
  ['users/flk', 'users/flk'],
  [`users/${RANDOM}`, `users/${RANDOM}`],
])('of %s is kept %s', (tried, kept) => {
  expect(withoutKeys(tried)).toBe(kept)
})

test.each([
  [`users/${RANDOM}`, 'users/***'],
  [`users/${RANDOM}/login-link`, 'users/***/login-link'],
  [`users/${RANDOM}a`, `users/${RANDOM}a`],
  [`signing-keys/${RANDOM}`, `signing-keys/${RANDOM}`],
  ['commands/8e03978e-40d5-43e8-bc93-6894a57f9324', 'commands/8e03978e-40d5-43e8-bc93-6894a57f9324'],
])('of %s, which is no name of anything, is kept %s', (tried, kept) => {
  expect(withoutSecrets(tried)).toBe(kept)
})
