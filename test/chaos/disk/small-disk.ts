import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { open, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Room for a registry of some hundred devices and its log. */
const SIZE_KIB = 8 * 1024
/** Left when it is full: a few commits more, then none. */
const LEFT_BYTES = 96 * 1024

/** A disk of our own that can be filled. Mounting needs root: throws where it is not allowed. */
export class SmallDisk {
  readonly directory = mkdtempSync(join(tmpdir(), 'fairlead-disk-'))
  readonly #ballast = join(this.directory, 'ballast')

  constructor() {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_KIB}k`, 'tmpfs', this.directory], { stdio: 'pipe' })
    } catch (error) {
      rmSync(this.directory, { recursive: true })
      throw error
    }
  }

  async fill(): Promise<void> {
    const { bavail, bsize } = await statfs(this.directory)
    const handle = await open(this.#ballast, 'w')
    await handle.write(Buffer.alloc(Math.max(0, bavail * bsize - LEFT_BYTES)))
    await handle.close()
  }

  async makeRoom(): Promise<void> {
    await rm(this.#ballast, { force: true })
  }

  remove(): void {
    execFileSync('umount', ['-l', this.directory], { stdio: 'pipe' })
    rmSync(this.directory, { recursive: true, force: true })
  }
}
