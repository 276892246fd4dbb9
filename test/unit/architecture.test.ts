import { describe, expect, test } from 'vitest'
import {
  dependencies,
  functionLengths,
  importCycle,
  packageOf,
  resolved,
  type SourceFile,
  sourceFiles,
} from '../helpers/source-tree.ts'

/** The rules of the house, held by machine. Each failure names the file and what it does. */

const FILE_LINES_MAX = 300
const FUNCTION_LINES_MAX = 40
/** Everything that runs outside the tests. */
const production = sourceFiles(['protocol', 'gateway', 'simulator', 'cli', 'demo', 'dashboard'])
const tests = sourceFiles(['test', 'bench'])
const ADAPTERS = 'gateway/adapters/'

/** The one place of each external system: a file, or a folder that ends with `/`. A client of ours has its own side of it. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  ws: ['gateway/adapters/websocket/', 'simulator/link.ts', 'cli/live-socket.ts'],
  aedes: ['gateway/adapters/embedded-broker/'],
  mqtt: ['gateway/adapters/mqtt/', 'cli/tail-bus.ts', 'demo/bus-watcher.ts'],
  fastify: ['gateway/adapters/http/'],
  '@fastify/cookie': ['gateway/adapters/http/'],
  '@fastify/static': ['gateway/adapters/http/'],
  '@fastify/helmet': ['gateway/adapters/http/'],
  '@fastify/swagger': ['gateway/adapters/http/'],
  '@fastify/type-provider-typebox': ['gateway/adapters/http/'],
  typebox: ['gateway/adapters/http/'],
  jose: ['gateway/adapters/tokens/'],
  '@peculiar/x509': ['gateway/adapters/tls/'],
  'reflect-metadata': ['gateway/adapters/tls/'],
  pino: ['gateway/adapters/log.ts'],
  'pino-pretty': ['gateway/adapters/log.ts'],
  'prom-client': ['gateway/adapters/metrics.ts'],
  preact: ['dashboard/'],
  '@preact/signals': ['dashboard/'],
  uplot: ['dashboard/'],
  'qrcode-generator': ['dashboard/'],
  'node:sqlite': ['gateway/adapters/sqlite/'],
}

interface Import {
  readonly file: SourceFile
  readonly specifier: string
  /** Relative ones from the root. */
  readonly target: string | undefined
  readonly name: string | undefined
}

const imports: Import[] = production.flatMap((file) =>
  file.imports.map((specifier) => ({
    file,
    specifier,
    target: resolved(file, specifier),
    name: packageOf(specifier),
  })),
)

/** The imports of the files under `folder` that the rule does not allow. */
function forbidden(folder: string, allows: (one: Import) => boolean): string[] {
  return imports.filter((one) => one.file.path.startsWith(folder) && !allows(one)).map(shown)
}
const shown = ({ file, specifier }: Import) => `${file.path} imports ${specifier}`
const isUnder = (path: string | undefined, ...places: readonly string[]) =>
  path !== undefined && places.some((place) => (place.endsWith('/') ? path.startsWith(place) : path === place))

/** The file or folder right below `adapters/` that a path belongs to. */
function adapterOf(path: string | undefined): string | undefined {
  if (path === undefined || !path.startsWith(ADAPTERS)) return undefined
  return path.slice(ADAPTERS.length).split('/', 1)[0]
}

describe('imports point inwards: adapters, core, protocol', () => {
  test('the sources are found', () => {
    expect(production.length).toBeGreaterThan(80)
    expect(imports.length).toBeGreaterThan(200)
  })

  test('protocol imports nothing but itself', () => {
    expect(forbidden('protocol/', ({ target }) => isUnder(target, 'protocol/'))).toEqual([])
  })

  test('the core imports protocol and itself: no package, no node: module', () => {
    expect(forbidden('gateway/core/', ({ target }) => isUnder(target, 'protocol/', 'gateway/core/'))).toEqual([])
  })

  test('the core reads no clock, no chance, no environment and opens nothing', () => {
    const outside =
      /\b(?:Date\.now|new Date|setTimeout|setInterval|setImmediate|Math\.random|process\.|console\.|performance\.|fetch\()/
    const guilty = production.filter(({ path, code }) => path.startsWith('gateway/core/') && outside.test(code))
    expect(guilty.map(({ path }) => path)).toEqual([])
  })

  test('an adapter imports the core, protocol, itself, node: modules and packages', () => {
    const allows = ({ file, target, name }: Import) =>
      name !== undefined ||
      isUnder(target, 'protocol/', 'gateway/core/') ||
      (target !== undefined && adapterOf(target) === adapterOf(file.path))
    expect(forbidden(ADAPTERS, allows)).toEqual([])
  })

  test('only the files that wire the gateway know adapters', () => {
    const wiring = [
      'gateway/gateway.ts',
      'gateway/operator-plane.ts',
      'gateway/open-bus.ts',
      'gateway/surroundings.ts',
      'gateway/gauges.ts',
      'gateway/main.ts',
      'gateway/access.ts',
      ADAPTERS,
      'demo/',
    ]
    const guilty = imports.filter(
      ({ file, target }) => adapterOf(target) !== undefined && !isUnder(file.path, ...wiring),
    )
    expect(guilty.map(shown)).toEqual([])
  })

  test('simulator, command line and dashboard share only protocol with the gateway', () => {
    const own = (folder: string) =>
      forbidden(folder, ({ target }) => target === undefined || isUnder(target, folder, 'protocol/'))
    const page = forbidden('dashboard/', ({ target, name }) =>
      target === undefined ? name !== undefined : isUnder(target, 'dashboard/', 'protocol/'),
    )
    expect([...own('simulator/'), ...own('cli/'), ...page]).toEqual([])
  })

  test('nothing outside the tests imports a test', () => {
    expect(forbidden('', ({ target }) => !isUnder(target, 'test/', 'bench/'))).toEqual([])
  })

  test('no imports go in a circle', () => {
    expect(importCycle(production)).toBeUndefined()
  })
})

describe('each external system has one place', () => {
  test('a package is imported by its owner alone', () => {
    const guilty = imports.filter(({ file, name }) => {
      if (name === undefined) return false
      const owners = OWNERS[name]
      return owners === undefined ? !name.startsWith('node:') : !isUnder(file.path, ...owners)
    })
    expect(guilty.map(shown)).toEqual([])
  })

  test('a package has one owner below adapters', () => {
    const shared = Object.entries(OWNERS).filter(
      ([, owners]) => owners.filter((one) => one.startsWith(ADAPTERS)).length > 1,
    )
    expect(shared).toEqual([])
  })

  test('every dependency in package.json is imported', () => {
    const used = new Set(imports.map(({ name }) => name))
    expect(dependencies().filter((name) => !used.has(name))).toEqual([])
  })
})

describe('sizes and names', () => {
  test(`no file is longer than ${FILE_LINES_MAX} lines`, () => {
    const long = [...production, ...tests].filter(({ lines, path }) => lines.length > limitOf(path))
    expect(long.map(({ path, lines }) => `${path}: ${lines.length}`)).toEqual([])
  })

  test(`no function is longer than ${FUNCTION_LINES_MAX} lines`, () => {
    const all = production.flatMap(functionLengths)
    expect(all.length).toBeGreaterThan(500)
    expect(all.filter(({ lines }) => lines > FUNCTION_LINES_MAX)).toEqual([])
  })

  test('file names are in kebab-case', () => {
    const name = /^[a-z0-9]+(?:[.-][a-z0-9]+)*\.tsx?$/
    expect([...production, ...tests].map(baseName).filter((one) => !name.test(one))).toEqual([])
  })

  test('no folder is a drawer: utils, services, managers, or helpers outside the tests', () => {
    const drawer = /(?:^|\/)(?:utils?|helpers?|services?|managers?|common|misc|lib)\//
    expect(production.map(({ path }) => path).filter((path) => drawer.test(path))).toEqual([])
  })

  test('no file only passes on what others export', () => {
    const barrels = production.filter(({ path, code }) => {
      const rest = code.replace(/export\b[^;]*?\bfrom ''/g, '').trim()
      return path.endsWith('/index.ts') || rest === ''
    })
    expect(barrels.map(({ path }) => path)).toEqual([])
  })
})

describe('what is not written here', () => {
  const search = (files: readonly SourceFile[], pattern: RegExp, where: 'code' | 'text') =>
    files.flatMap((file) => {
      const lines = file[where].split('\n')
      return lines.flatMap((line, at) => (pattern.test(line) ? [`${file.path}:${at + 1}: ${line.trim()}`] : []))
    })

  test('no enum, no namespace', () => {
    expect(search(production, /\b(?:enum|namespace)\s+\w+\s*\{/, 'code')).toEqual([])
  })

  test('no any', () => {
    expect(search(production, /(?:[:<|&,(]|\bas)\s*any\b(?!\s*\()/, 'code')).toEqual([])
  })

  test('no work left for later', () => {
    const marks = new RegExp(
      `\\b(?:${['TO', 'FIX'].map((half) => `${half}${half === 'TO' ? 'DO' : 'ME'}`).join('|')})\\b`,
    )
    expect(search([...production, ...tests], marks, 'text')).toEqual([])
  })

  test('no path of the machine it was written on', () => {
    const path = /(?<![\w.:@/-])\/(?:work|root|home|Users)\/\w/
    expect(search([...production, ...tests], path, 'text')).toEqual([])
  })
})

function baseName({ path }: SourceFile): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** A table of cases may be longer than code: it is read line by line. */
function limitOf(path: string): number {
  return path.startsWith('test/') ? 2 * FILE_LINES_MAX : FILE_LINES_MAX
}
