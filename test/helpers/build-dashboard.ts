import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

const FOLDER = resolve(import.meta.dirname, '../../dashboard')

/** Once before all tests: the page that is tested is the page as it is written. `npm ci` builds it; a change does not. */
export default function buildIfStale(): void {
  const builtMs = statSync(join(FOLDER, 'dist/index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const sources = readdirSync(join(FOLDER, 'src'), { recursive: true, encoding: 'utf8' }).map((name) => `src/${name}`)
  const newestMs = Math.max(
    ...[...sources, 'index.html', 'build.js'].map((name) => statSync(join(FOLDER, name)).mtimeMs),
  )
  if (newestMs <= builtMs) return
  execFileSync(process.execPath, [join(FOLDER, 'build.js')], { stdio: ['ignore', 'inherit', 'inherit'] })
}
