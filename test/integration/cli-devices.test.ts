import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ADMIN_KEY, type RunningApi, runApi } from '../helpers/rest.ts'
import { CliUser } from '../helpers/run-cli.ts'

let api: RunningApi
let user: CliUser
beforeAll(async () => {
  api = await runApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  user = new CliUser()
  user.env = { FAIRLEAD_URL: api.url, FAIRLEAD_API_KEY: ADMIN_KEY }
  api.operator.devices.clear()
  api.operator.tokens.clear()
  await api.operator.createDevice({ id: 'attic-1', model: 'esp32', tags: ['north'] })
  await api.operator.createDevice({ id: 'attic-2' })
  await api.operator.createDevice({ id: 'cellar-1', tags: ['north'] })
})
afterEach(() => user[Symbol.dispose]())
const fairlead = (...words: string[]) => user.run(words)
const ids = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t')[0])

describe('device list', () => {
  test('shows those that match', async () => {
    expect(ids((await fairlead('device', 'list', 'TTIC', '--tag', 'north')).stdout)).toEqual(['attic-1'])
    const both = await fairlead('device', 'list', '--prefix', 'attic', '--state', 'offline', '--json')
    expect(JSON.parse(both.stdout).items).toMatchObject([{ id: 'attic-1' }, { id: 'attic-2' }])
    expect((await fairlead('device', 'list', '--disabled')).stdout).toBe('')
  })

  test('a state that there is not is wrong usage, and names those that there are', async () => {
    const answer = await fairlead('device', 'list', '--state', 'here')
    expect(answer).toMatchObject({ code: 2, stderr: expect.stringContaining('online, offline, sleeping') })
  })
})

describe('device change', () => {
  test('changes what is named and nothing else', async () => {
    const { code, stdout } = await fairlead('device', 'change', 'attic-1', '--notes', 'second door', '--tag', 'south')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^notes +second door$/m)
    expect(await api.operator.device('attic-1')).toMatchObject({
      model: 'esp32',
      tags: ['south'],
      notes: 'second door',
    })
  })

  test('empty texts take tags and notes away', async () => {
    await api.operator.updateDevice('attic-1', { notes: 'old' })
    await fairlead('device', 'change', 'attic-1', '--tag', '', '--notes', '')
    const { tags, notes } = await api.operator.device('attic-1')
    expect({ tags, notes }).toEqual({ tags: [], notes: undefined })
  })

  test('without a change it is wrong usage', async () => {
    expect(await fairlead('device', 'change', 'attic-1')).toMatchObject({ code: 2 })
  })
})
