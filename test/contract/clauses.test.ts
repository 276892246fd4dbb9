import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseDeviceMessage } from '../../protocol/device-messages.ts'
import { parseGatewayMessage } from '../../protocol/gateway-messages.ts'
import { definedClauses } from '../helpers/protocol.ts'

const ROOT = new URL('../../', import.meta.url)
/** Code that obeys the contract; a rule must be cited in one of these. */
const CODE = ['protocol', 'gateway', 'simulator', 'cli', 'demo', 'dashboard', 'firmware', 'bench']
const SOURCE = /\.(ts|tsx|c|cc|cpp|h|hpp)$/
const TAG = /\[([A-Z]-\d+)\]/g

/**
 * Rules that no line of code cites yet. The list can only shrink: who cites one takes it out of here. Rules for clients
 * alone and rules of later versions are marked in the README instead, as (device) and (planned).
 */
const UNCITED: readonly string[] = []

const readme = readFileSync(new URL('protocol/README.md', ROOT), 'utf8')
const defined = definedClauses()
const marked = [...readme.matchAll(/\*\*\[([A-Z]-\d+)\]\*\* \((?:device|planned)\)/g)].map(([, tag]) => tag ?? '')
const citedInCode = citations(CODE)
const uncited = defined.filter((tag) => !marked.includes(tag) && !citedInCode.some(([cited]) => cited === tag))

describe('the clauses of the protocol', () => {
  test('are each defined once', () => {
    expect(defined.filter((tag, at) => defined.indexOf(tag) !== at)).toEqual([])
    expect(defined.length).toBeGreaterThan(100)
  })

  test('are numbered without gaps', () => {
    const gaps = [...new Set(defined.map((tag) => tag[0]))].filter((letter) => {
      const numbers = defined.filter((tag) => tag[0] === letter).map((tag) => Number(tag.slice(2)))
      return Math.max(...numbers) !== numbers.length
    })
    expect(gaps).toEqual([])
  })

  test('that the README refers to are defined in it', () => {
    const referred = [...readme.matchAll(TAG)].map(([, tag]) => tag ?? '')
    expect(referred.filter((tag) => !defined.includes(tag))).toEqual([])
  })

  test('that code and tests cite exist', () => {
    const unknown = [...citedInCode, ...citations(['test'])].filter(([tag]) => !defined.includes(tag))
    expect(unknown.map(([tag, file]) => `[${tag}] in ${file}`)).toEqual([])
  })

  test('are each cited in the code, but for those that are marked or known to be missing', () => {
    expect(uncited.filter((tag) => !UNCITED.includes(tag))).toEqual([])
  })

  test('that are cited by now have left the list of the missing ones', () => {
    expect(UNCITED.filter((tag) => !uncited.includes(tag))).toEqual([])
  })
})

test('every example of the README is JSON, and every message among them a good one', () => {
  const blocks = [...readme.matchAll(/```jsonl\n(.*?)```/gs)].map(([, block]) => block ?? '')
  const examples = blocks.flatMap((block) => block.trim().split('\n'))
  expect(examples.length).toBeGreaterThan(20)
  const refused = examples.filter((example) => {
    if (JSON.parse(example).type === undefined) return false // on the bus
    return !parseDeviceMessage(example).ok && !parseGatewayMessage(example).ok
  })
  expect(refused).toEqual([])
})

test('every problem code of the parsers stands in the table of the README [M-6]', () => {
  const source = readFileSync(new URL('protocol/problem.ts', ROOT), 'utf8')
  const codes = [...source.matchAll(/\| '([a-z_]+)'/g)].map(([, code]) => code ?? '')
  const table = readme.slice(readme.indexOf('**[M-6]**'), readme.indexOf('**[M-7]**'))
  expect(codes.length).toBeGreaterThan(10)
  expect(codes.filter((code) => !table.includes(`\`${code}\``))).toEqual([])
})

/** Every tag in the sources below the folders, with its file. */
function citations(folders: readonly string[]): [tag: string, file: string][] {
  return sources(folders).flatMap((file) => {
    const text = readFileSync(new URL(file, ROOT), 'utf8')
    return [...text.matchAll(TAG)].map(([, tag]): [string, string] => [tag ?? '', file])
  })
}

function sources(folders: readonly string[]): string[] {
  return folders
    .filter((folder) => existsSync(new URL(folder, ROOT)))
    .flatMap((folder) =>
      readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })
        .filter((file) => SOURCE.test(file) && !file.includes('node_modules') && !file.includes('.pio'))
        .map((file) => `${folder}/${file}`),
    )
}
