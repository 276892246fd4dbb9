import { beforeEach, describe, expect, test } from 'vitest'
import { ApiBench } from '../helpers/cli-bench.ts'
import { VIEWER_KEY } from '../helpers/rest.ts'

const DAY_MS = 86_400_000
const cli = new ApiBench(VIEWER_KEY)
beforeEach(() => {
  cli.api.operator.quarantined.splice(0)
  cli.api.around.surroundings.endsAtMs = Date.now() + 300 * DAY_MS
  look()
})
const fairlead = (...words: string[]) => cli.user.run(words)
/** As its duty does each second. */
function look() {
  cli.api.around.alarms.duties[0]?.run()
}
function quarantine() {
  const sinceMs = 1_767_225_600_000
  cli.api.operator.quarantined.push({ device: 'twin', sinceMs, untilMs: sinceMs + 300_000, addresses: [] })
  look()
}

describe('alarms', () => {
  test('prints nothing for programs and exits with 0 when nothing needs anybody', async () => {
    expect(await fairlead('alarms')).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(JSON.parse((await fairlead('alarms', '--json')).stdout)).toMatchObject({
      items: [],
      counts: { critical: 0 },
    })
  })

  test('says what is wrong and what to do; a warning is no failure', async () => {
    quarantine()
    const { code, stdout } = await fairlead('alarms')
    expect(code).toBe(0)
    const [severity, since, kind, device, text] = stdout.trimEnd().split('\t')
    expect([severity, since, kind, device]).toEqual([
      'warning',
      '2026-01-01T00:00:00.000Z',
      'device_quarantined',
      'twin',
    ])
    expect(text).toContain('revoke the shared one')
  })

  test('exits with 1 when one that is shown is critical', async () => {
    quarantine()
    cli.api.around.surroundings.endsAtMs = Date.now() + DAY_MS
    look()
    expect(await fairlead('alarms')).toMatchObject({ code: 1, stdout: expect.stringMatching(/^critical\t/) })
    expect((await fairlead('alarms', 'twin')).code).toBe(0)
    expect((await fairlead('alarms', '--severity', 'warning')).stdout).toMatch(/^warning\t.*\n$/)
    expect((await fairlead('alarms', '--kind', 'certificate_ending', '--json')).code).toBe(1)
  })

  test('a severity that there is not is wrong usage, a kind that there is not is refused', async () => {
    expect(await fairlead('alarms', '--severity', 'bad')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('warning or critical'),
    })
    expect((await fairlead('alarms', '--kind', 'fire')).code).toBe(1)
  })
})

test('device quarantined lists those that are kept apart', async () => {
  quarantine()
  const until = '2026-01-01T00:05:00.000Z'
  expect((await fairlead('device', 'quarantined')).stdout).toBe(`twin\t2026-01-01T00:00:00.000Z\t${until}\t\n`)
  expect((await fairlead('device', 'quarantined', '--after', 'twin')).stdout).toBe('')
})

describe('status with a key', () => {
  test('also says how the gateway is', async () => {
    quarantine()
    const { code, stdout } = await fairlead('status')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^alarms +0 critical, 1 warning$/m)
    expect(stdout).toMatch(/^bus +external, mqtt:\/\/broker\.example:1883, 0 messages wait$/m)
    expect(stdout).toMatch(/^load +86 MiB, 3 % of a core/m)
    const json = JSON.parse((await fairlead('status', '--json')).stdout)
    expect(json).toMatchObject({ ready: true, node: { name: 'node-1' }, alarms: { counts: { warning: 1 } } })
  })

  test('asks nothing more without one, and says so when the key is refused: that is no matter of being ready', async () => {
    cli.user.env = { FAIRLEAD_URL: cli.api.url }
    const open = await fairlead('status')
    expect(open.code).toBe(0)
    expect(open.stdout).not.toContain('alarms')
    cli.user.env = { FAIRLEAD_URL: cli.api.url, FAIRLEAD_API_KEY: 'flk_wrong' }
    expect(await fairlead('status')).toMatchObject({ code: 0, stderr: expect.stringContaining('unauthorized') })
  })
})
