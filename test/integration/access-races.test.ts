import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { makeSecrets } from '../../gateway/access.ts'
import { SqliteRegistry } from '../../gateway/adapters/sqlite/registry.ts'
import { systemClock } from '../../gateway/adapters/system-clock.ts'
import { Access } from '../../gateway/core/access/access.ts'
import { QuietLog } from '../helpers/core-fakes.ts'

const NAME = 'anna'
const PASSWORD = 'a long sentence is good'
const NEW_PASSWORD = 'another sentence is better'

let access: Access
let registry: SqliteRegistry
/** What happens while the slow hash of a login is being compared. */
let meanwhile: (() => Promise<unknown>) | undefined

beforeEach(async () => {
  meanwhile = undefined
  const directory = await mkdtemp(join(tmpdir(), 'fairlead-access-'))
  registry = new SqliteRegistry({ file: join(directory, 'access.db') })
  await registry.start()
  onTestFinished(async () => {
    await registry.stop()
    await rm(directory, { recursive: true, force: true })
  })
  const real = makeSecrets()
  const verifyPassword: typeof real.verifyPassword = async (password, hash) => {
    const isRight = await real.verifyPassword(password, hash)
    const happens = meanwhile
    meanwhile = undefined
    await happens?.()
    return isRight
  }
  const log = new QuietLog()
  access = new Access({
    store: registry.access,
    registry,
    secrets: { ...real, verifyPassword },
    clock: systemClock,
    log,
  })
  for (const name of [NAME, 'other-admin']) {
    const { token } = (await access.createUser(name, 'admin')).link
    await access.redeemLink(token, name, PASSWORD)
  }
})

describe('a login whose password was compared a moment ago', () => {
  const tried = () => access.login(NAME, PASSWORD)

  test('is refused when the user changed the password meanwhile: no login of the old one is left', async () => {
    meanwhile = () => access.changePassword(NAME, PASSWORD, NEW_PASSWORD)
    await expect(tried()).rejects.toMatchObject({ code: 'login_failed' })
  })

  test('is refused when a link set another password meanwhile', async () => {
    const link = await access.issueLink(NAME)
    meanwhile = () => access.redeemLink(link.token, NAME, NEW_PASSWORD)
    await expect(tried()).rejects.toMatchObject({ code: 'login_failed' })
  })

  test('is refused when the user was disabled meanwhile, so nothing is left for when they are enabled again', async () => {
    meanwhile = () => access.updateUser(NAME, { enabled: false })
    await expect(tried()).rejects.toMatchObject({ code: 'login_failed' })
  })

  test('is refused when the user was removed meanwhile', async () => {
    meanwhile = () => access.deleteUser(NAME)
    await expect(tried()).rejects.toMatchObject({ code: 'login_failed' })
  })

  test('is good when nothing happened', async () => {
    const { token } = await tried()
    expect(await access.bySession(token, false)).toMatchObject({ name: NAME })
  })
})
