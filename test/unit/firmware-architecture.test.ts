import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as protocolLimits from '../../protocol/limits.ts'

/** The rules of the house for the firmware, held by machine. Each failure names the file and the line. */

const ROOT = new URL('../../', import.meta.url)
const CORE = 'firmware/lib/fairlead_core/'
const FILE_LINES_MAX = 300
const FUNCTION_LINES_MAX = 40

/** Of the standard library the core takes what needs no heap, no exceptions, no locale and no operating system. */
const CORE_MAY_INCLUDE =
  /^(?:"fairlead\/[a-z0-9_]+\.hpp"|<(?:algorithm|array|atomic|charconv|cstddef|cstdint|cstring|initializer_list|iterator|limits|string_view|tuple|type_traits|utility)>)$/
const CORE_MAY_NOT_SAY =
  /\b(?:new|delete|malloc|calloc|realloc|free|throw|try|catch|dynamic_cast|typeid|thread_local|\w*printf|random|randomSeed|rand|srand|setInsecure|beginSSL|millis|micros|delay|gettimeofday|clock_gettime)\b(?!\s*;)|\btime\(\s*(?:nullptr|NULL|0)?\s*\)|\bstd::(?:string|vector|function|map|set|list|deque|unique_ptr|shared_ptr|chrono|cout|mutex|thread)\b/

interface CppFile {
  readonly path: string
  readonly lines: readonly string[]
  /** The lines without comments and with empty texts. */
  readonly code: readonly string[]
}

/** Every C++ file below the folder, but not what a build left there. */
function cppFiles(folder: string): CppFile[] {
  const names = readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })
  return names
    .map((name) => `${folder}${name.replaceAll('\\', '/')}`)
    .filter((path) => /\.(?:cpp|hpp|h|ino)$/.test(path) && !/^firmware\/(?:build|\.pio)\//.test(path))
    .sort()
    .map((path) => {
      const text = readFileSync(new URL(path, ROOT), 'utf8')
      return { path, lines: linesOf(text), code: linesOf(withoutTexts(text)) }
    })
}

function linesOf(text: string): string[] {
  return text.replace(/\n$/, '').split('\n')
}

/** Comments, texts and characters; the lines stay where they are. Includes keep their names. */
function withoutTexts(text: string): string {
  const tokens = /^\s*#include.*$|\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'/gm
  return text.replace(tokens, (token) => {
    if (token.trimStart().startsWith('#')) return token
    const breaks = token.replace(/[^\n]/g, '')
    return token.startsWith('"') ? `""${breaks}` : breaks
  })
}

function search(files: readonly CppFile[], pattern: RegExp, where: 'code' | 'lines'): string[] {
  return files.flatMap((file) =>
    file[where].flatMap((line, at) => (pattern.test(line) ? [`${file.path}:${at + 1}: ${line.trim()}`] : [])),
  )
}

const all = cppFiles('firmware/')
const core = all.filter(({ path }) => path.startsWith(CORE))
const onTheBoard = all.filter(({ path }) => /^firmware\/(?:lib|src|examples)\//.test(path))
const isTest = (path: string) => path.startsWith('firmware/test/')

test('the sources of the firmware are found', () => {
  expect(core.length).toBeGreaterThan(30)
  expect(onTheBoard.length).toBeGreaterThan(core.length)
  expect(all.length).toBeGreaterThan(onTheBoard.length)
})

describe('the core is portable: no Arduino, no operating system, no heap, no exceptions', () => {
  test('it includes itself and the part of the standard library that needs none of these', () => {
    const guilty = core.flatMap(({ path, lines }) =>
      lines.flatMap((line, at) => {
        const target = /^\s*#\s*include\s+(\S+)/.exec(line)?.[1]
        return target === undefined || CORE_MAY_INCLUDE.test(target) ? [] : [`${path}:${at + 1}: ${target}`]
      }),
    )
    expect(guilty).toEqual([])
  })

  test('it asks for no heap, no chance and no time but through its ports', () => {
    expect(search(core, CORE_MAY_NOT_SAY, 'code')).toEqual([])
  })

  test('it knows no board', () => {
    expect(search(core, /\b(?:ARDUINO|ESP32|ESP_PLATFORM|esp_\w+|freertos)\b/, 'code')).toEqual([])
  })
})

describe('what runs on the board', () => {
  test('TLS is never without a certificate', () => {
    expect(search(onTheBoard, /\b(?:setInsecure|beginSSL)\s*\(/, 'code')).toEqual([])
  })

  test("chance is the hardware's: the WebSocket library seeds Arduino's random() alike on all devices", () => {
    expect(search(onTheBoard, /(?<![\w.>])(?:random|randomSeed|rand|srand)\s*\(/, 'code')).toEqual([])
  })
})

describe('sizes and names', () => {
  test(`no file is longer than ${FILE_LINES_MAX} lines, a table of cases than twice that`, () => {
    const long = all.filter(({ path, lines }) => lines.length > (isTest(path) ? 2 : 1) * FILE_LINES_MAX)
    expect(long.map(({ path, lines }) => `${path}: ${lines.length}`)).toEqual([])
  })

  test(`no function is longer than ${FUNCTION_LINES_MAX} lines`, () => {
    const functions = all.filter(({ path }) => !isTest(path)).flatMap(functionsOf)
    expect(functions.length).toBeGreaterThan(200)
    const long = functions.filter(({ lines }) => lines > FUNCTION_LINES_MAX)
    expect(long.map(({ where, lines }) => `${where}: ${lines}`)).toEqual([])
  })

  test('file names are in snake_case, but for the one that sketches include', () => {
    const ours = all.filter(({ path }) => !path.startsWith('firmware/host/stubs/'))
    const name = /^(?:[a-z0-9]+(?:_[a-z0-9]+)*\.(?:cpp|hpp|ino)|[A-Z]\w*\.(?:h|cpp))$/
    expect(ours.map(({ path }) => path.slice(path.lastIndexOf('/') + 1)).filter((one) => !name.test(one))).toEqual([])
  })

  test('no work left for later, no path of the machine it was written on', () => {
    const marks = new RegExp(`\\b(?:${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')})\\b`)
    expect(search(all, marks, 'lines')).toEqual([])
    expect(search(all, /(?<![\w.:@/-])\/(?:work|root|home|Users)\/\w/, 'lines')).toEqual([])
  })
})

/** Definitions that begin in the first column, as all of ours do outside of classes. */
function functionsOf({ path, code }: CppFile): { where: string; lines: number }[] {
  const found: { where: string; lines: number }[] = []
  let start: number | undefined
  for (const [at, line] of code.entries()) {
    const begins = /^[A-Za-z_~].*[({,]$/.test(line) && !/^(?:namespace|struct|class|enum|union|constexpr)\b/.test(line)
    if (begins && start === undefined) start = at
    if (start !== undefined && /^\}/.test(line)) {
      found.push({ where: `${path}:${start + 1}`, lines: at - start + 1 })
      start = undefined
    }
  }
  return found
}

describe('the firmware keeps to the protocol', () => {
  const clauses = new Set(
    [...read('protocol/README.md').matchAll(/\*\*\[([A-Z]-\d+)\]\*\*/g)].map(([, clause]) => clause),
  )

  test('every clause that it cites exists', () => {
    expect(clauses.size).toBeGreaterThan(150)
    const cited = all.flatMap(({ path, lines }) =>
      lines.flatMap((line, at) =>
        [...line.matchAll(/\[([A-Z]-\d+)\]/g)].map(([, clause = '']) => ({ clause, where: `${path}:${at + 1}` })),
      ),
    )
    expect(cited.length).toBeGreaterThan(100)
    expect(cited.filter(({ clause }) => !clauses.has(clause))).toEqual([])
  })

  test('a limit has the same name, clause and value in C++ and in TypeScript', () => {
    const ours = limitsOf(read(`${CORE}src/fairlead/limits.hpp`))
    const theirs = clausesOfLimits(read('protocol/limits.ts'))
    const values: Readonly<Record<string, unknown>> = protocolLimits
    expect(ours.length).toBeGreaterThanOrEqual(10)
    for (const { name, clause, value } of ours) {
      const wireName = name
        .slice(1)
        .replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_')
        .toUpperCase()
      expect({ name: wireName, clause: theirs.get(wireName), value: values[wireName] }).toEqual({
        name: wireName,
        clause,
        value,
      })
    }
  })
})

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8')
}

/** `constexpr size_t kPointsMax = 100;  ///< [L-7]` */
function limitsOf(header: string): { name: string; clause: string; value: number }[] {
  const one = /constexpr \w+ (k\w+) = ([^;]+);\s*\/\/\/<.*?\[(L-\d+)\]/g
  return [...header.matchAll(one)].map(([, name = '', value = '', clause = '']) => ({
    name,
    clause,
    value: value.split('*').reduce((product, factor) => product * Number(factor.trim()), 1),
  }))
}

/** The clause in the comment before each exported constant; constants below one comment share it. */
function clausesOfLimits(source: string): Map<string, string> {
  const found = new Map<string, string>()
  let clause = ''
  for (const line of source.split('\n')) {
    clause = /\[(L-\d+)\]/.exec(line)?.[1] ?? clause
    const name = /^export const (\w+)/.exec(line)?.[1]
    if (name !== undefined) found.set(name, clause)
  }
  return found
}
