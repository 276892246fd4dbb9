import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inStage, replayDockerfile, type Stage } from '../helpers/dockerfile-replay.ts'

const ROOT = join(import.meta.dirname, '../..')
/** npm may have to fetch every dependency, twice, and what it put there is thousands of files to take away again. */
const INSTALL_TIMEOUT_MS = 480_000
const START_TIMEOUT_MS = 30_000
/** What `docker stop` allows with the compose file's stop_grace_period. */
const STOP_TIMEOUT_MS = 30_000

describe('the container image', () => {
  let scratch = ''
  let image: Stage
  let running: ChildProcess | undefined

  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'fairlead-image-'))
    const stages = replayDockerfile({ context: ROOT, dockerfile: 'gateway/Dockerfile', scratch })
    const last = stages.at(-1)
    if (last === undefined) throw new Error('the Dockerfile has no stage')
    image = last
  }, INSTALL_TIMEOUT_MS)

  afterAll(async () => {
    if (running !== undefined && running.exitCode === null && running.signalCode === null) {
      running.kill('SIGKILL')
      await once(running, 'exit')
    }
    rmSync(scratch, { recursive: true, force: true })
  }, INSTALL_TIMEOUT_MS)

  test('is of the Node version that the project pins', () => {
    const { devDependencies } = readJson(join(ROOT, 'package.json')) as { devDependencies: { node: string } }
    expect(image.base).toBe(`node:${devDependencies.node}-slim`)
    expect(process.version).toBe(`v${devDependencies.node}`)
  })

  test('runs as an unprivileged user, says where its data is, and stops by SIGTERM', () => {
    expect(image.user).toBe('node')
    expect(image.volumes).toContain(image.env.FAIRLEAD_DATA_DIR)
    expect(image.exposed).toEqual(['8443'])
    expect(image.stopSignal).toBe('SIGTERM')
  })

  test('holds neither tests, nor secrets, nor development dependencies', () => {
    const app = readdirSync(inStage(image, '.')).sort()
    expect(app).toEqual(
      [
        'LICENSE',
        'NOTICE',
        'cli',
        'dashboard',
        'gateway',
        'node_modules',
        'package.json',
        'protocol',
        'simulator',
      ].sort(),
    )
    const { devDependencies } = readJson(join(ROOT, 'package.json')) as { devDependencies: Record<string, string> }
    const tools = ['vitest', 'typescript', '@biomejs/biome', 'node'].filter((name) => name in devDependencies)
    expect(tools).toHaveLength(4)
    expect(tools.filter((name) => existsSync(inStage(image, `node_modules/${name}`)))).toEqual([])
  })

  test(
    'starts, becomes ready, passes its health check, and exits with 0 on SIGTERM',
    async () => {
      const { child, output } = start(image)
      running = child
      const exited = once(child, 'exit')
      const runFile = inStage(image, join(image.env.FAIRLEAD_DATA_DIR ?? '', 'run.json'))
      const isUp = () => {
        if (child.exitCode !== null) throw new Error(`exited with ${child.exitCode}:\n${output()}`)
        return existsSync(runFile)
      }
      await expect.poll(isUp, { timeout: START_TIMEOUT_MS, interval: 50 }).toBe(true)
      const { url, ca } = readJson(runFile) as { url: string; ca: string }
      await expect.poll(() => statusOf(`${url}/readyz`, ca), { timeout: START_TIMEOUT_MS }).toBe(200)
      expect(healthcheck(image)).toBe('ready')
      child.kill(image.stopSignal as NodeJS.Signals)
      expect(await exited, output()).toEqual([0, null])
      expect(healthcheck(image)).toBe('not ready')
    },
    START_TIMEOUT_MS + STOP_TIMEOUT_MS,
  )

  test('has the dashboard built in, and nothing of what it is built from', () => {
    expect(readdirSync(inStage(image, 'dashboard'))).toEqual(['dist'])
    expect(readFileSync(inStage(image, 'dashboard/dist/index.html'), 'utf8')).toContain('/assets/')
  })

  test.for(['simulator/main.ts', 'cli/main.ts'])('can run %s', (program) => {
    const said = execFileSync(process.execPath, [inStage(image, program), '--help'], {
      ...optionsFor(image),
      encoding: 'utf8',
    })
    expect(said).toContain('--json')
  })
})

function optionsFor(image: Stage) {
  const dataDir = inStage(image, image.env.FAIRLEAD_DATA_DIR ?? '')
  const ports = { FAIRLEAD_HOST: '127.0.0.1', FAIRLEAD_PORT: '0', FAIRLEAD_BROKER_PORT: '0' }
  return { cwd: inStage(image, '.'), env: { ...image.env, ...ports, FAIRLEAD_DATA_DIR: dataDir } }
}

/** `node` of a command is this Node: the image's version, see above. */
function start(image: Stage): { child: ChildProcess; output: () => string } {
  const [program, ...args] = image.command
  expect(program).toBe('node')
  const child = spawn(process.execPath, args, { ...optionsFor(image), stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  const keep = (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-8192)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  return { child, output: () => said }
}

function healthcheck(image: Stage): 'ready' | 'not ready' {
  const [program, ...args] = image.healthcheck
  expect(program).toBe('node')
  try {
    execFileSync(process.execPath, args, { ...optionsFor(image), stdio: 'pipe' })
    return 'ready'
  } catch {
    return 'not ready'
  }
}

function statusOf(url: string, caPath: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = https.get(url, { ca: readFileSync(caPath), agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    request.on('error', reject)
  })
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'))
}
