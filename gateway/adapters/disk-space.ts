import { stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { StorageFacts } from '../core/node/surroundings.ts'

/** How large a database is and what its disk has left, as it was at the last look: a disk that hangs holds up nobody. */
export class DiskSpace {
  readonly #file: string
  #seen: StorageFacts = {}

  constructor(file: string) {
    this.#file = file
  }

  get seen(): StorageFacts {
    return this.#seen
  }

  /** Never rejects: what cannot be seen is left out. */
  async look(): Promise<void> {
    const sizes = await Promise.all([this.#file, `${this.#file}-wal`].map(sizeOf))
    const disk = await statfs(dirname(this.#file)).catch(() => undefined)
    this.#seen = {
      sizeBytes: sizes[0] === undefined ? undefined : sizes[0] + (sizes[1] ?? 0),
      freeBytes: disk && disk.bavail * disk.bsize,
      totalBytes: disk && disk.blocks * disk.bsize,
    }
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  )
}
