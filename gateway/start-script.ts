import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const ROOT = dirname(import.meta.dirname)

/** What node is given to run the gateway. */
export interface StartScript {
  /** Of node itself: docs/operations.md, "A crash of V8". */
  readonly flags: readonly string[]
  /** The file that is run, from the root of the file system. */
  readonly entry: string
}

/** The `start` script of package.json, for whoever starts a gateway without npm. Throws when that is no call of node. */
export function startScript(): StartScript {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { start: string } }
  const [program, ...words] = scripts.start.split(' ')
  const entry = words.pop()
  if (program !== 'node' || entry === undefined)
    throw new Error(`the start script is no call of node: ${scripts.start}`)
  return { flags: words, entry: join(ROOT, entry) }
}
