import { createHash, randomInt } from 'node:crypto'
import { seededRandom } from '../../simulator/seeded-random.ts'

export const drawSeed = (): number => randomInt(2 ** 32)

/** A stream of its own for each name: what one case or device draws changes nothing for the others. */
export function streamOf(seed: number, name: string): () => number {
  return seededRandom(createHash('sha256').update(`${seed}:${name}`).digest().readUInt32LE(0))
}
