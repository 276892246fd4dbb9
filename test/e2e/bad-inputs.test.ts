import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SimulatedDevice } from '../../simulator/device.ts'
import { shareTestGateway } from '../helpers/start-gateway.ts'
import { credentials } from './bad-inputs/credentials.ts'
import { frames } from './bad-inputs/frames.ts'
import { fromTheBus } from './bad-inputs/from-the-bus.ts'
import { handshakes } from './bad-inputs/handshakes.ts'
import { messages } from './bad-inputs/messages.ts'
import { type SlowClients, slowClients, startSlowClients } from './bad-inputs/slow-clients.ts'
import { type BadInput, World } from './bad-inputs/world.ts'

/**
 * Bad inputs, one row each: what is sent, what comes back, which counter rises and which reason is logged. After every
 * row the gateway answers, and another device is acknowledged as if nothing had happened. What is not here stands in
 * bad-inputs/elsewhere.ts: where it is shown, or why there is nothing to show.
 */

const gateway = shareTestGateway({ FAIRLEAD_HELLO_TIMEOUT_MS: '5000' })
let world: World
let slow: SlowClients

beforeAll(async () => {
  const { token } = await gateway().enrol('neighbour')
  world = await World.open(gateway(), new SimulatedDevice({ url: gateway().deviceUrl, ca: gateway().ca, token }))
  slow = startSlowClients(gateway()) // each takes its seconds while the others are tried
})
afterAll(() => world?.close())

const TABLE: Readonly<Record<string, readonly BadInput[]>> = {
  'handshakes [H-4]': handshakes,
  'credentials [H-8]': credentials,
  'frames [X-3]': frames,
  'messages [M-8]': messages,
  'requests from the bus [C-9]': fromTheBus,
  'clients that say nothing': slowClients(() => slow),
}

for (const [name, rows] of Object.entries(TABLE)) {
  describe(name, () => {
    test.each(rows)('$id $sends: $answer', async (row) => {
      const logged = gateway().logLines.length
      const [counter, reason] = row.counts ?? []
      const before = counter === undefined ? 0 : await world.metric(counter, reason ?? '')
      await row.does(world)
      if (counter !== undefined) {
        await expect.poll(() => world.metric(counter, reason ?? '')).toBeGreaterThan(before)
      }
      const lines = gateway()
        .logLines.slice(logged)
        .map((line) => JSON.parse(line))
      if (row.logs !== undefined) expect(lines.map(({ reason, code }) => reason ?? code)).toContain(row.logs)
      if (!row.isError) expect(lines.filter(({ level }) => level === 'error')).toEqual([])
      await world.isWell()
      expect(Object.prototype).not.toHaveProperty('polluted')
    })
  })
}
