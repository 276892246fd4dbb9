import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, extname, join, relative, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { variableNames } from '../../gateway/config.ts'

const ROOT = resolve(import.meta.dirname, '../..')
/** Not ours, or made by running the project. */
const SKIPPED = ['node_modules', '.git', 'data', 'coverage', 'dist']
/** What the command line, the simulator and the compose file's broker read, and the gateway does not. */
const OTHER_VARIABLES = ['FAIRLEAD_URL', 'FAIRLEAD_API_KEY', 'FAIRLEAD_CA']
const README_LINES_MAX = 170

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (SKIPPED.includes(entry.name)) return []
    return entry.isDirectory() ? filesBelow(path) : [path]
  })
}
const files = filesBelow('')
const pages = files.filter((file) => extname(file) === '.md')

/** Text without fenced code, and without code in backticks: nothing there is a link. */
function prose(page: string): string {
  return read(page)
    .replace(/^```[\s\S]*?^```/gm, '')
    .replace(/`[^`\n]*`/g, '')
}

/** As hosting sites make them: lower case, no punctuation, spaces as hyphens. */
function anchors(page: string): string[] {
  const headings = read(page)
    .replace(/^```[\s\S]*?^```/gm, '')
    .matchAll(/^#+ (.+)$/gm)
  return [...headings].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  )
}

describe('pages', () => {
  test('there are some', () => {
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'protocol/README.md']))
  })

  test.for(pages)('every link of %s leads somewhere', (page) => {
    const links = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
    const dead = links.filter((link) => {
      if (/^(https?|mailto):/.test(link)) return false
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : relative(ROOT, resolve(ROOT, dirname(page), path))
      if (!existsSync(join(ROOT, target))) return true
      return anchor !== undefined && !anchors(target).includes(anchor)
    })
    expect(dead).toEqual([])
  })

  test.for(pages)('every source file that %s names exists', (page) => {
    const named = [...read(page).matchAll(/`((?:protocol|gateway|simulator|cli|demo|test|deploy|docs)\/[\w./-]+)`/g)]
    const missing = named.map(([, path = '']) => path).filter((path) => !existsSync(join(ROOT, path)))
    expect(missing).toEqual([])
  })

  test.for(pages)('every npm script that %s names exists', (page) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const named = [...read(page).matchAll(/npm run ([a-z:]+)/g)].map(([, script = '']) => script)
    expect(named.filter((script) => !(script in scripts))).toEqual([])
  })

  test.for([...pages, 'docker-compose.yml', '.ci/run'])('%s names only variables that are read', (page) => {
    const known = [...variableNames(), ...OTHER_VARIABLES]
    const named = new Set(read(page).match(/\bFAIRLEAD_[A-Z0-9_]*[A-Z0-9]\b/g) ?? [])
    expect([...named].filter((name) => !known.includes(name))).toEqual([])
  })

  test('README.md is short, and its table gives the defaults of .env.example', () => {
    expect(read('README.md').split('\n').length).toBeLessThanOrEqual(README_LINES_MAX)
    const defaults = parseEnv(read('.env.example'))
    const rows = [...read('README.md').matchAll(/^\| `(FAIRLEAD_[A-Z_]+)` \| `?([\w./]*)`? \|/gm)]
    expect(rows.length).toBeGreaterThanOrEqual(5)
    for (const [, name = '', value] of rows) expect(`${name}=${value}`).toBe(`${name}=${defaults[name]}`)
  })
})

describe('package.json', () => {
  const manifest = JSON.parse(read('package.json')) as {
    version: string
    license: string
    dependencies: Record<string, string>
    devDependencies: Record<string, string>
  }

  test('pins every dependency to one version', () => {
    const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(versions.length).toBeGreaterThan(10)
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
  })

  test('agrees with the lock file, which holds the packages of every system', () => {
    const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> }
    const root = lock.packages['']
    expect(root?.dependencies).toEqual(manifest.dependencies)
    expect(root?.devDependencies).toEqual(manifest.devDependencies)
    for (const [path, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
      const missing = Object.keys(optionalDependencies).filter((name) => {
        const own = `${path}/node_modules/${name}`
        return !(own in lock.packages) && !(`node_modules/${name}` in lock.packages)
      })
      expect(missing, `${path} is locked without packages of other systems: npm ci refuses that`).toEqual([])
    }
  })

  test('names the licence whose text is in LICENSE', () => {
    expect(manifest.license).toBe('Apache-2.0')
    const text = read('LICENSE')
    expect(text).toMatch(/^\s+Apache License\n\s+Version 2\.0, January 2004\n/)
    expect(text).toContain('END OF TERMS AND CONDITIONS')
  })

  test('has its version in the changelog', () => {
    expect(read('CHANGELOG.md')).toContain(manifest.version)
  })
})

interface LockedPackage {
  readonly dependencies?: Record<string, string>
  readonly devDependencies?: Record<string, string>
  readonly optionalDependencies?: Record<string, string>
}

describe('scripts and settings', () => {
  const scripts = files.filter((file) => /^#!.*\b(ba)?sh\b/.test(read(file).slice(0, 40)))

  test('there are shell scripts', () => {
    expect(scripts).toEqual(expect.arrayContaining(['.ci/run', 'deploy/mosquitto/start.sh']))
  })

  test.for(scripts)('%s can be executed and parsed', (script) => {
    accessSync(join(ROOT, script), constants.X_OK)
    execFileSync('bash', ['-n', join(ROOT, script)], { stdio: 'pipe' })
  })

  test.for(files.filter((file) => /\.ya?ml$/.test(file)))('%s is YAML', (file) => {
    expect(parse(read(file), { merge: true })).toBeTypeOf('object')
  })

  test('the workflow runs .ci/run, with no more rights than it needs', () => {
    const workflow = parse(read('.github/workflows/ci.yml')) as {
      permissions: object
      jobs: Record<string, { steps: { run?: string; uses?: string }[] }>
    }
    const steps = Object.values(workflow.jobs).flatMap((job) => job.steps)
    expect(steps.map(({ run }) => run)).toContain('bash .ci/run')
    expect(workflow.permissions).toEqual({ contents: 'read' })
    for (const { uses } of steps) if (uses !== undefined) expect(uses).toMatch(/^actions\/[a-z-]+@v\d+$/)
  })

  test('no text file ends without a newline', () => {
    const texts = files.filter(
      (file) => /\.(ts|md|json|ya?ml|sql|conf)$/.test(file) && statSync(join(ROOT, file)).size > 0,
    )
    expect(texts.filter((file) => !read(file).endsWith('\n'))).toEqual([])
  })
})
