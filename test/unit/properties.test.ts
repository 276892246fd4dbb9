import { describe, expect, test } from 'vitest'
import { CHEAP, COSTLY } from '../properties/all.ts'

/** A few thousand of each here; `npm run test:chaos -- --only properties` tries far more. */
const RUNS = 2_000

for (const [part, properties] of Object.entries({ ...CHEAP, ...COSTLY })) {
  describe(part, () => {
    test.each(properties)('$says', (one) => {
      expect(one.try(RUNS)).toBe(RUNS)
    })
  })
}
