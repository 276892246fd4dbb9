import { expect, test } from 'vitest'
import { operatorOf } from '../helpers/run-cli.ts'
import { startTestGateway } from '../helpers/start-gateway.ts'

test('whoami says which gateway and which key, where they were found, and what the key may do', async () => {
  const gateway = await startTestGateway()
  const user = await operatorOf(gateway, 'viewer')
  const { code, stdout } = await user.run(['whoami'])
  expect(code).toBe(0)
  expect(stdout).toContain(`https://127.0.0.1:${gateway.port} (from FAIRLEAD_URL)`)
  expect(stdout).toContain('cli-viewer (from FAIRLEAD_API_KEY)')
  expect(stdout).not.toContain(user.env.FAIRLEAD_API_KEY)
  const { body } = await gateway.api('POST', 'api-keys', { name: 'station', role: 'admin', scopes: ['devices:add'] })
  user.env = { ...user.env, FAIRLEAD_API_KEY: body.key }
  const answer = await user.run(['whoami', '--json'])
  expect(JSON.parse(answer.stdout)).toMatchObject({ name: 'station', role: 'admin', scopes: ['devices:add'] })
})

test('logout forgets the login, and then no key is known', async () => {
  const gateway = await startTestGateway()
  const user = await operatorOf(gateway)
  const { FAIRLEAD_URL = '', FAIRLEAD_CA = '', FAIRLEAD_API_KEY = '' } = user.env
  user.env = {}
  expect(await user.run(['login', FAIRLEAD_URL, '--ca', FAIRLEAD_CA], FAIRLEAD_API_KEY)).toMatchObject({ code: 0 })
  expect(await user.run(['whoami'])).toMatchObject({ code: 0, stdout: expect.stringContaining('cli-operator') })
  expect(await user.run(['logout'])).toMatchObject({ code: 0 })
  expect(await user.run(['logout'])).toMatchObject({ code: 0 })
  expect(await user.run(['whoami'])).toMatchObject({ code: 2, stderr: expect.stringContaining('which gateway?') })
})

test('device values prints the last value of each key', async () => {
  const gateway = await startTestGateway()
  const user = await operatorOf(gateway)
  const { device } = await gateway.readyDevice('a')
  await device.telemetry({ temperature: 21.5, door: 'open' }).settled
  expect(await user.run(['device', 'values', 'a'])).toMatchObject({
    code: 0,
    stdout: 'temperature\t21.5\ndoor\t"open"\n',
  })
  expect(await user.run(['device', 'values', 'b'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no such device'),
  })
})
