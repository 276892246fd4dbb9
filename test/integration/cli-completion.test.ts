import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { COMMANDS, COMMON_FLAGS } from '../../cli/command-table.ts'
import { CliUser } from '../helpers/run-cli.ts'

let user: CliUser
beforeAll(() => {
  user = new CliUser()
})
afterAll(() => user[Symbol.dispose]())

async function script(shell: string): Promise<string> {
  const { code, stdout } = await user.run(['completion', shell])
  expect(code).toBe(0)
  return stdout
}

describe('completion in bash', () => {
  let file: string
  beforeAll(async () => {
    file = join(user.home, 'completion.bash')
    writeFileSync(file, await script('bash'))
  })
  /** What bash offers after these words; the last is the one being typed. */
  const offered = (...words: string[]): string[] => {
    const run = `. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); _fairlead; printf '%s\\n' "\${COMPREPLY[@]}"`
    return execFileSync('bash', ['-c', run, file, 'fairlead', ...words], { encoding: 'utf8' })
      .trim()
      .split('\n')
  }

  test('every command is offered, word by word', () => {
    const subjects = [...new Set(COMMANDS.map(({ words }) => words.split(' ')[0]))]
    expect(offered('').sort()).toEqual([...subjects, 'help'].sort())
    for (const { words } of COMMANDS) {
      const [subject = '', verb] = words.split(' ')
      if (verb !== undefined) expect(offered(subject, verb.slice(0, 2))).toContain(verb)
    }
  })

  test('every flag is offered with its command', () => {
    for (const { words, flags } of COMMANDS) {
      const known = Object.keys({ ...flags, ...COMMON_FLAGS }).map((name) => `--${name}`)
      expect(offered(...words.split(' '), 'x', '--').sort(), words).toEqual(known.sort())
    }
  })

  test('elsewhere files are offered', () => {
    expect(offered('device', 'import', `${file.slice(0, -2)}`)).toEqual([file])
  })
})

describe.each(['zsh', 'fish'])('completion in %s', (shell) => {
  test('names every command and every flag', async () => {
    const text = await script(shell)
    for (const { words, flags } of COMMANDS) {
      for (const word of words.split(' ')) expect(text).toContain(word)
      for (const flag of Object.keys(flags)) expect(text).toMatch(new RegExp(`(--|-l )${flag}\\b`))
    }
    expect((text.match(/'/g)?.length ?? 0) % 2).toBe(0)
  })

  // Few machines have them, and nothing else here needs them.
  if (spawnSync(shell, ['--version']).status !== 0) return
  test(`is what ${shell} can read`, async () => {
    const file = join(user.home, `completion.${shell}`)
    writeFileSync(file, await script(shell))
    expect(spawnSync(shell, ['-n', file], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
  })
})

test('another shell is wrong usage, and names those that there are', async () => {
  expect(await user.run(['completion', 'tcsh'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('bash, zsh and fish'),
  })
})
