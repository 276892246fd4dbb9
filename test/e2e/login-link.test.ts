import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CliUser } from '../helpers/run-cli.ts'
import { startTestGateway } from '../helpers/start-gateway.ts'

const PASSWORD = 'quiet harbour lantern 7'

test('fairlead login-link prints a way in for a new admin, and one for a user who lost the password', async () => {
  const gateway = await startTestGateway()
  using home = new CliUser()
  const { body } = await gateway.api('POST', 'api-keys', { name: 'terminal', role: 'admin' })
  home.env = {
    FAIRLEAD_URL: `https://127.0.0.1:${gateway.port}`,
    FAIRLEAD_API_KEY: body.key,
    FAIRLEAD_CA: join(gateway.dataDir, 'tls', 'ca.pem'),
  }
  const redeem = (url: string, name: string) =>
    gateway.api('POST', 'session/link', { token: url.split('/#/welcome/')[1], name, password: PASSWORD }, '')

  const first = await home.run(['login-link'])
  expect(first).toMatchObject({ code: 0, stderr: '' })
  const [url = ''] = first.stdout.split('\n')
  expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/#\/welcome\/[\w-]{43}$/)
  expect(await redeem(url, 'mia')).toMatchObject({ status: 201, body: { role: 'admin' } })

  await gateway.api('POST', 'users', { name: 'otto', role: 'viewer' })
  const second = await home.run(['login-link', 'otto', '--json'])
  const { url: again } = JSON.parse(second.stdout) as { url: string }
  expect(await redeem(again, 'otto')).toMatchObject({ status: 201, body: { role: 'viewer' } })
  expect(await home.run(['login-link', 'nobody'])).toMatchObject({ code: 1 })

  const { body: audit } = await gateway.api('GET', 'audit?limit=50')
  const said = audit.items.map(({ actor, action }: { actor: string; action: string }) => `${actor} ${action}`)
  expect(said).toEqual(
    expect.arrayContaining(['key:terminal createLoginLink', 'user:mia loginByLink', 'user:otto loginByLink']),
  )
})
