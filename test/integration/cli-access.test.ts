import { describe, expect, test } from 'vitest'
import { ApiBench, rowsOf } from '../helpers/cli-bench.ts'
import type { CliAnswer } from '../helpers/run-cli.ts'

const cli = new ApiBench()

const fairlead = (words: string): Promise<CliAnswer> => cli.user.run(words.split(' '))

describe('key', () => {
  test('add prints it once, with its role, scopes and end; list shows all but the text; revoke ends it', async () => {
    const made = await fairlead('key add workbench admin --scope devices:add --scope tokens:add --expires 90d')
    expect(made.code).toBe(0)
    const text = /^flk_[\w-]{43}$/m.exec(made.stdout)?.[0] ?? ''
    expect(await cli.api.access.byKey(text)).toMatchObject({ name: 'workbench', scopes: ['devices:add', 'tokens:add'] })
    const list = await fairlead('key list')
    expect(list.stdout).not.toContain(text)
    expect(rowsOf(list)).toContainEqual([
      'workbench',
      'admin',
      'devices:add tokens:add',
      expect.stringMatching(/^20/),
      expect.stringMatching(/^20/),
    ])
    expect(
      rowsOf(list)
        .find(([name]) => name === 'admin')
        ?.slice(1, 3),
    ).toEqual(['admin', 'all'])
    expect((await fairlead('key revoke workbench')).code).toBe(0)
    expect(await cli.api.access.byKey(text)).toBeUndefined()
    const again = await fairlead('key revoke workbench')
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('no such API key') })
  })

  test('add says what is wrong with a scope or a role', async () => {
    for (const words of ['key add a admin --scope everything', 'key add a king']) {
      const { code, stderr } = await fairlead(words)
      expect(code, words).toBe(1)
      expect(stderr, words).toMatch(/scopes|role/)
    }
    expect((await fairlead('key add a')).code).toBe(2)
  })

  test('login takes one that is kept to scopes', async () => {
    const { text } = await cli.api.access.createApiKey({ name: 'narrow', role: 'admin', scopes: ['tokens:add'] })
    cli.user.env = {}
    const { code } = await cli.user.run(['login', cli.api.url], `${text}\n`)
    expect(code).toBe(0)
    const refused = await fairlead('device list')
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('needs the scope devices:read') })
  })
})

describe('user', () => {
  test('add prints a link that sets the password; list, change and remove follow', async () => {
    const { stdout, code } = await fairlead('user add anna operator')
    expect(code).toBe(0)
    const token = /\/#\/welcome\/([\w-]{43})$/m.exec(stdout)?.[1] ?? ''
    expect(rowsOf(await fairlead('user list'))).toContainEqual(['anna', 'operator', 'link not used yet', 'never'])
    await cli.api.access.redeemLink(token, 'anna', 'quiet harbour lantern 7')
    expect(rowsOf(await fairlead('user list'))).toContainEqual([
      'anna',
      'operator',
      'enabled',
      expect.stringMatching(/^20/),
    ])
    const changed = await fairlead('user change anna --role viewer --disable')
    expect(changed.stdout).toBe('anna is disabled, with the role viewer.\n')
    expect((await fairlead('user change anna --enable --json')).stdout).toContain('"enabled": true')
    expect((await fairlead('user remove anna')).code).toBe(0)
    expect(await fairlead('user remove anna')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no such user'),
    })
  })

  test('login-link prints one for a user who lost the password', async () => {
    await fairlead('user add otto viewer')
    const { stdout } = await fairlead('user login-link otto')
    const token = /\/#\/welcome\/([\w-]{43})$/m.exec(stdout)?.[1] ?? ''
    expect(await cli.api.access.linkFor(token)).toBe('otto')
  })

  test('the last admin stays, and says why', async () => {
    const { token } = await cli.api.access.issueLink()
    await cli.api.access.redeemLink(token, 'mia', 'quiet harbour lantern 7')
    const removed = await fairlead('user remove mia')
    expect(removed).toMatchObject({ code: 1, stderr: expect.stringContaining('another admin') })
  })

  test('change without a wish, or with two that contradict each other, is wrong usage', async () => {
    expect((await fairlead('user change otto')).code).toBe(2)
    expect((await fairlead('user change otto --enable --disable')).code).toBe(2)
  })
})
