// Writes the seeds of the fuzzers: every text and every binary frame of protocol/vectors, one file each.
//   node firmware/tools/fuzz_corpus.mjs <folder>
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = process.argv[2]
if (folder === undefined) throw new Error('usage: fuzz_corpus.mjs <folder>')
const vectors = new URL('../../protocol/vectors/', import.meta.url)
mkdirSync(folder, { recursive: true })

let seeds = 0
for (const name of readdirSync(vectors).filter((file) => file.endsWith('.json'))) {
  const { cases } = JSON.parse(readFileSync(new URL(name, vectors), 'utf8'))
  for (const { text, hex } of cases) {
    const bytes = hex === undefined ? text : Buffer.from(hex, 'hex')
    if (bytes === undefined) continue
    writeFileSync(join(folder, `${name.replace('.json', '')}-${seeds++}`), bytes)
  }
}
console.log(`${seeds} seeds from the vectors`)
