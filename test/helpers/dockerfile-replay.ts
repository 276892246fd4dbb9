import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, matchesGlob, posix, relative, resolve } from 'node:path'

interface Instruction {
  readonly name: string
  readonly rest: string
}

/** One stage of a Dockerfile, built in a folder that stands for its root. */
export interface Stage {
  readonly name: string
  readonly base: string
  readonly root: string
  workdir: string
  user: string
  command: string[]
  healthcheck: string[]
  stopSignal: string
  readonly env: Record<string, string>
  readonly exposed: string[]
  readonly volumes: string[]
}

/**
 * Carries out a Dockerfile without Docker: COPY takes only what the build context holds after .dockerignore, RUN really
 * runs. Throws for an instruction or a RUN that it does not know, so that nothing is left out in silence.
 */
export function replayDockerfile(options: { context: string; dockerfile: string; scratch: string }): Stage[] {
  const context = resolve(options.context)
  const visible = visibleFiles(context)
  const stages: Stage[] = []
  for (const { name, rest } of readInstructions(join(context, options.dockerfile))) {
    if (name === 'FROM') {
      stages.push(newStage(rest, join(options.scratch, `stage-${stages.length}`)))
      continue
    }
    const stage = stages.at(-1)
    if (stage === undefined) throw new Error(`${name} before FROM`)
    if (name === 'COPY') copy(stage, stages, rest, context, visible)
    else if (name === 'RUN') run(stage, rest)
    else applySetting(stage, name, rest)
  }
  return stages
}

/** Where a path of the image lies on this machine. */
export function inStage(stage: Stage, path: string): string {
  return join(stage.root, posix.resolve(stage.workdir, path))
}

function readInstructions(path: string): Instruction[] {
  const text = readFileSync(path, 'utf8').replace(/\\\n\s*/g, ' ')
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  return lines.map((line) => {
    const [, name = '', rest = ''] = /^\s*(\S+)\s*(.*)$/.exec(line) ?? []
    return { name: name.toUpperCase(), rest: rest.trim() }
  })
}

function newStage(from: string, root: string): Stage {
  const [, base = '', name = ''] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(from) ?? []
  mkdirSync(root, { recursive: true })
  const settings = { workdir: '/', user: 'root', command: [], healthcheck: [], stopSignal: 'SIGTERM' }
  return { name, base, root, ...settings, env: {}, exposed: [], volumes: [] }
}

function applySetting(stage: Stage, name: string, rest: string): void {
  switch (name) {
    case 'WORKDIR':
      stage.workdir = posix.resolve(stage.workdir, rest)
      mkdirSync(inStage(stage, '.'), { recursive: true })
      return
    case 'ENV': {
      const [, key = '', value = ''] = /^([A-Z_]+)=(\S*)$/.exec(rest) ?? []
      stage.env[key] = value
      return
    }
    case 'USER':
      stage.user = rest
      return
    case 'EXPOSE':
      stage.exposed.push(rest)
      return
    case 'VOLUME':
      stage.volumes.push(rest)
      return
    case 'STOPSIGNAL':
      stage.stopSignal = rest
      return
    case 'HEALTHCHECK':
      stage.healthcheck = execForm(rest.replace(/^(--\S+\s+)*CMD\s+/, ''))
      return
    case 'CMD':
      stage.command = execForm(rest)
      return
    default:
      throw new Error(`the replay does not know ${name}`)
  }
}

function execForm(text: string): string[] {
  const parsed: unknown = JSON.parse(text)
  if (!Array.isArray(parsed) || !parsed.every((part) => typeof part === 'string'))
    throw new Error(`not a list: ${text}`)
  return parsed
}

/** `COPY [--from=stage] source… target`: a target that ends with "/" or takes several sources is a folder. */
function copy(stage: Stage, stages: Stage[], rest: string, context: string, visible: string[]): void {
  const words = rest.split(/\s+/)
  const from = words[0]?.startsWith('--from=') ? words.shift()?.slice('--from='.length) : undefined
  const target = words.pop() ?? ''
  const isFolder = target.endsWith('/') || words.length > 1
  for (const source of words) {
    const to = inStage(stage, isFolder ? join(target, basename(source)) : target)
    if (from !== undefined) {
      const other = stages.find(({ name }) => name === from)
      if (other === undefined) throw new Error(`there is no stage ${from}`)
      cpSync(join(other.root, source), to, { recursive: true, verbatimSymlinks: true })
      continue
    }
    const files = visible.filter((file) => file === source || file.startsWith(`${source}/`))
    if (files.length === 0) throw new Error(`COPY ${source}: the build context has no such file`)
    for (const file of files) {
      const path = join(to, relative(source, file))
      mkdirSync(dirname(path), { recursive: true })
      cpSync(join(context, file), path)
    }
  }
}

function run(stage: Stage, command: string): void {
  const cwd = inStage(stage, '.')
  const folder = /^install -d -o node -g node -m (0\d{3}) (\/\S+)$/.exec(command)
  if (folder) {
    mkdirSync(inStage(stage, folder[2] ?? ''), { recursive: true, mode: Number.parseInt(folder[1] ?? '', 8) })
    return
  }
  if (!/^npm (ci|run build)( --[a-z-]+(=\S+)?)*$/.test(command))
    throw new Error(`the replay does not know RUN ${command}`)
  const [file = '', ...args] = command.split(' ')
  execFileSync(file, args, { cwd, env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' })
}

/** Without what npm and the test runner tell their children: inside a container nobody says it. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const inherited =
    /^(npm_(package|lifecycle)_|npm_config_local_prefix$|npm_command$|INIT_CWD$|NODE_(ENV|OPTIONS|PATH)$|VITEST|FAIRLEAD_)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !inherited.test(name)))
}

/** The files that a COPY can see, relative to the context. The last line of .dockerignore that matches decides. */
function visibleFiles(context: string): string[] {
  const path = join(context, '.dockerignore')
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []
  const rules = lines
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ keep: line.startsWith('!'), pattern: line.replace(/^!/, '').replace(/^\/|\/$/g, '') }))
  const isVisible = (file: string) => {
    const parents = file.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'))
    const last = rules.findLast(({ pattern }) => parents.some((parent) => matchesGlob(parent, pattern)))
    return last?.keep ?? true
  }
  // What no rule can bring back need not be walked: it is large.
  const skipped = ['node_modules', '.git', 'coverage', 'data']
  const top = readdirSync(context).filter((name) => !skipped.includes(name))
  return top.flatMap((name) => filesBelow(context, name)).filter(isVisible)
}

function filesBelow(context: string, path: string): string[] {
  if (!statSync(join(context, path)).isDirectory()) return [path]
  return readdirSync(join(context, path)).flatMap((name) => filesBelow(context, `${path}/${name}`))
}
