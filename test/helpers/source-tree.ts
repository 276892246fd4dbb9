import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'

const ROOT = new URL('../../', import.meta.url)

export interface SourceFile {
  /** From the root of the project, with `/`. */
  readonly path: string
  readonly text: string
  /** The text without comments and with empty strings: what a rule about code may search. */
  readonly code: string
  readonly lines: readonly string[]
  /** As written: packages, `node:` modules and relative paths. */
  readonly imports: readonly string[]
}

/** Every TypeScript file, also with JSX, below the folders; one that does not exist yet is passed over. */
export function sourceFiles(folders: readonly string[]): SourceFile[] {
  return folders.flatMap((folder) => {
    const at = new URL(`${folder}/`, ROOT)
    if (!existsSync(at)) return []
    const names = readdirSync(at, { recursive: true, encoding: 'utf8' })
    return names
      .filter((name) => /\.tsx?$/.test(name) && !/(?:^|\/)(?:node_modules|dist)\//.test(name))
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
      .sort()
      .map(readSource)
  })
}

function readSource(path: string): SourceFile {
  const text = readFileSync(new URL(path, ROOT), 'utf8')
  const lines = text.replace(/\n$/, '').split('\n')
  return { path, text, code: withoutTexts(text), lines, imports: importsOf(text) }
}

const IMPORT = /^\s*(?:import|export)\b[^'";]*?\bfrom\s*'([^']+)'|^\s*import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm

function importsOf(text: string): string[] {
  return [...text.matchAll(IMPORT)].map(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? '')
}

/** The path that a relative import means, from the root; undefined for packages and `node:` modules. */
export function resolved(file: SourceFile, specifier: string): string | undefined {
  return specifier.startsWith('.') ? posix.join(posix.dirname(file.path), specifier) : undefined
}

/** `fastify` of `fastify/types`, `@fastify/swagger` of itself; undefined for relative paths. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.')) return undefined
  if (specifier.startsWith('node:')) return specifier
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

/** Comments, texts and regular expressions, in the order in which they could begin at the same place. */
const TOKENS =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|(?<=[(,=:[!&|?{};>]\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/g

function withoutTexts(text: string): string {
  return text.replace(TOKENS, (token) => {
    const breaks = token.replace(/[^\n]/g, '')
    return token.startsWith('/') ? breaks : `''${breaks}`
  })
}

const CONTROL = /^\s*(?:\} )?(?:if|else|for|while|switch|catch|do|try|finally|class|interface|type|return \{|case)\b/

/** Functions, methods and callbacks with their lengths, by the indentation that the formatter guarantees. */
export function functionLengths(file: SourceFile): { readonly at: string; readonly lines: number }[] {
  const found: { at: string; lines: number }[] = []
  const lines = file.code.split('\n')
  lines.forEach((line, index) => {
    const opens = /(?:\)|\)\s*:[^=]+|=>) \{$/.test(line) && !CONTROL.test(line)
    if (!opens) return
    const indent = indentOf(line)
    const first = /^\s*[)}\]]/.test(line) ? startBefore(lines, index, indent) : index
    const end = lines.findIndex((later, at) => at > index && later.trim() !== '' && indentOf(later) <= indent)
    if (end >= 0) found.push({ at: `${file.path}:${first + 1}`, lines: end - first + 1 })
  })
  return found
}

/** Where a signature of several lines begins: the line before with the same indentation. */
function startBefore(lines: readonly string[], index: number, indent: number): number {
  for (let at = index - 1; at >= 0; at--) {
    const line = lines[at] ?? ''
    if (line.trim() !== '' && indentOf(line) <= indent) return at
  }
  return index
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

/** The first cycle of imports, as the paths on it; undefined when there is none. */
export function importCycle(files: readonly SourceFile[]): string[] | undefined {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const done = new Set<string>()
  const visit = (path: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path]
    const file = byPath.get(path)
    if (file === undefined || done.has(path)) return undefined
    for (const specifier of file.imports) {
      const target = resolved(file, specifier)
      const cycle = target === undefined ? undefined : visit(target, [...way, path])
      if (cycle) return cycle
    }
    done.add(path)
    return undefined
  }
  for (const { path } of files) {
    const cycle = visit(path, [])
    if (cycle) return cycle
  }
  return undefined
}

/** The names of `dependencies` in package.json. */
export function dependencies(): string[] {
  const manifest: unknown = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'))
  const { dependencies: names = {} } = manifest as { dependencies?: Record<string, string> }
  return Object.keys(names)
}
