import { readFileSync, statSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { ApiBench, rowsOf } from '../helpers/cli-bench.ts'
import type { CliAnswer } from '../helpers/run-cli.ts'

const cli = new ApiBench()
beforeEach(async () => {
  cli.api.operator.devices.clear()
  cli.api.operator.tokens.clear()
  await cli.api.operator.createDevice({ id: 'attic-1', model: 'esp32', tags: ['north'] })
  await cli.api.operator.createDevice({ id: 'attic-2' })
  await cli.api.operator.createDevice({ id: 'cellar-1', tags: ['north'] })
})
const fairlead = (...words: string[]) => cli.user.run(words)
const ids = (answer: CliAnswer) => rowsOf(answer).map(([id]) => id)

describe('device list', () => {
  test('shows those that match', async () => {
    expect(ids(await fairlead('device', 'list', 'TTIC', '--tag', 'north'))).toEqual(['attic-1'])
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
    expect(await cli.api.operator.device('attic-1')).toMatchObject({
      model: 'esp32',
      tags: ['south'],
      notes: 'second door',
    })
  })

  test('empty texts take tags and notes away', async () => {
    await cli.api.operator.updateDevice('attic-1', { notes: 'old' })
    await fairlead('device', 'change', 'attic-1', '--tag', '', '--notes', '')
    const { tags, notes } = await cli.api.operator.device('attic-1')
    expect({ tags, notes }).toEqual({ tags: [], notes: undefined })
  })

  test('without a change it is wrong usage', async () => {
    expect(await fairlead('device', 'change', 'attic-1')).toMatchObject({ code: 2 })
  })
})

describe('device import and export', () => {
  test('a dry run shows line by line what would happen, and exits 1 when something would be refused', async () => {
    const file = join(cli.user.home, 'fleet.csv')
    writeFileSync(file, 'id,tags\nnew-1,north\nattic-1,\n')
    const { code, stdout, stderr } = await fairlead('device', 'import', file, '--dry-run')
    expect(code).toBe(1)
    expect(stdout.split('\n')[0]).toBe('2\tnew-1\tvalid\t')
    expect(stdout.split('\n')[1]).toMatch(/^3\tattic-1\trefused\t.*\(device_exists\)$/)
    expect(stderr).toBe('fairlead: 1 would be added, 1 refused\n')
    expect(cli.api.operator.devices.has('new-1')).toBe(false)
  })

  test('shows the tokens once, or keeps them in a file that nobody else can read', async () => {
    const file = join(cli.user.home, 'fleet.ndjson')
    writeFileSync(file, '{"id":"new-1"}\n')
    const shown = await fairlead('device', 'import', file)
    expect(shown).toMatchObject({ code: 0, stdout: '1\tnew-1\tcreated\tsigned.new-1\n' })
    const tokens = join(cli.user.home, 'tokens.csv')
    const kept = await cli.user.run(['device', 'import', '-', '--tokens', tokens, '--json'], 'id\nnew-2\n')
    expect(JSON.parse(kept.stdout)).toMatchObject({ id: 'new-2', outcome: 'created' })
    expect(kept.stdout).not.toContain('signed')
    expect(readFileSync(tokens, 'utf8')).toBe('id,token\nnew-2,signed.new-2\n')
    expect(statSync(tokens).mode & 0o777).toBe(0o600)
    const again = await cli.user.run(['device', 'import', '-', '--tokens', tokens], 'id\nnew-3\n')
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('EEXIST') })
    expect(cli.api.operator.devices.has('new-3')).toBe(false)
  })

  test('a file of 1,001 devices is imported in parts', async () => {
    const rows = Array.from({ length: 1_001 }, (_, i) => `many-${i}`)
    const { code, stderr } = await cli.user.run(['device', 'import', '-'], `id\n${rows.join('\n')}\n`)
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'fairlead: 1001 added, 0 refused\n' })
  })

  test('what is exported can be imported elsewhere', async () => {
    const csv = await fairlead('device', 'export', 'TTIC')
    expect(csv.code).toBe(0)
    expect(csv.stdout.split('\r\n')).toHaveLength(4)
    const ndjson = await fairlead('device', 'export', '--tag', 'north', '--json')
    expect(ndjson.stdout.trimEnd().split('\n')).toHaveLength(2)
    cli.api.operator.devices.clear()
    cli.api.operator.tokens.clear()
    expect((await cli.user.run(['device', 'import', '-'], csv.stdout)).code).toBe(0)
    expect([...cli.api.operator.devices.keys()]).toEqual(['attic-1', 'attic-2'])
  })

  test('no file, no device in it, another format: wrong usage', async () => {
    for (const words of [['/none'], ['-'], ['-', '--format', 'xml']]) {
      expect((await fairlead('device', 'import', ...words)).code).toBe(2)
    }
    expect((await fairlead('device', 'export', '--format', 'xml')).code).toBe(2)
  })
})

/** The next request is carried out, and its connection breaks in place of the answer. */
function loseNextAnswer(): void {
  cli.api.server.prependOnceListener('request', (_request: unknown, response: ServerResponse) => {
    response.writeHead = () => {
      response.socket?.resetAndDestroy()
      return response
    }
  })
}

describe('an answer that is lost', () => {
  test('a command to many devices is asked for again, and sent once', async () => {
    await cli.api.memory.createDevice(
      { id: 'attic-1', tags: ['north'], createdAtMs: 1 },
      { id: 'x', device: 'attic-1', createdAtMs: 1 },
    )
    const before = await cli.api.memory.batches.listBatches({ limit: 99 })
    loseNextAnswer()
    const { code, stdout, stderr } = await fairlead('command', 'send', '--tag', 'north', 'read', '--json')
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'fairlead: no answer came (ECONNRESET); asking again\n' })
    const after = await cli.api.memory.batches.listBatches({ limit: 99 })
    expect(after.map(({ id }) => id)).toEqual([JSON.parse(stdout).id, ...before.map(({ id }) => id)])
  })

  test('an import is not made twice; who lost its tokens is told what to do', async () => {
    loseNextAnswer()
    const { code, stderr } = await cli.user.run(['device', 'import', '-'], 'id\nlost-1\n')
    expect(code).toBe(1)
    expect(stderr).toContain('from line 2 on were added, but the answer with their tokens was lost')
    expect(stderr).toContain('fairlead token add <id>')
    expect(cli.api.operator.devices.has('lost-1')).toBe(true)
  })
})

describe('commands to many devices', () => {
  beforeEach(async () => {
    for (const id of ['attic-1', 'attic-2']) {
      await cli.api.memory.createDevice({ id, tags: ['north'], createdAtMs: 1 }, { id, device: id, createdAtMs: 1 })
    }
  })
  const latest = () => [...cli.api.memory.commands.values()].slice(-2)

  test('--wait shows how far it gets, and is success only if all of them succeeded', async () => {
    const waiting = fairlead('command', 'send', '--tag', 'north', 'set_led', '{"on":true}', '--wait', '40s')
    await expect.poll(() => latest().map(({ name }) => name)).toEqual(['set_led', 'set_led'])
    const [first, second] = latest()
    await cli.api.memory.advanceCommand(first?.id ?? '', 'attic-1', { kind: 'result', ok: true }, Date.now())
    await cli.api.memory.advanceCommand(second?.id ?? '', 'attic-2', { kind: 'result', ok: false }, Date.now())
    const { code, stdout, stderr } = await waiting
    expect(code).toBe(1)
    expect(stderr).toMatch(/2 of 2 ended: 1 succeeded, 1 rejected\n$/)
    expect(stdout).toMatch(/^state +ended: 1 succeeded, 1 rejected$/m)
  })

  test('batch show, list, devices and cancel', async () => {
    const sent = await fairlead('command', 'send', '--devices', 'attic-1,attic-2,nobody', 'read', '--json')
    expect(sent.code).toBe(0)
    const { id } = JSON.parse(sent.stdout)
    expect((await fairlead('batch', 'show', id)).stdout).toMatch(/^devices +3$/m)
    expect((await fairlead('batch', 'list', '-n', '1')).stdout).toMatch(new RegExp(`^${id}\tread\t3\t`))
    expect((await fairlead('batch', 'devices', id, '--state', 'refused')).stdout).toBe(
      'nobody\trefused\t-\tThere is no such device. (device_not_found)\n',
    )
    expect((await fairlead('batch', 'cancel', id)).code).toBe(0)
    await expect.poll(() => latest().map(({ state }) => state)).toEqual(['cancelled', 'cancelled'])
    expect(await fairlead('batch', 'show', 'none')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching('batch_not_found'),
    })
  })

  test('a device and a tag at once is wrong usage', async () => {
    expect((await fairlead('command', 'send', 'attic-1', 'read', '{}', '--tag', 'north')).code).toBe(2)
    expect((await fairlead('command', 'send', 'attic-1')).code).toBe(2)
  })
})
