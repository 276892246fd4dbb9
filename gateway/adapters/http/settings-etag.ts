import { createHash } from 'node:crypto'
import { GatewayError } from '../../core/errors.ts'
import type { DeviceView } from '../../core/operator.ts'

/**
 * The ETag of what an operator can change. Presence and counters move all the time and are left out: `If-Match` asks
 * whether somebody else changed the settings.
 */
export function settingsEtag(device: DeviceView): string {
  const { id, createdAtMs, model, tags, notes, enabled } = device
  const settings = JSON.stringify([id, createdAtMs, model, tags, notes, enabled])
  return `"${createHash('sha256').update(settings).digest('base64url').slice(0, 22)}"`
}

/** Throws 412 unless the header names the device's present ETag; no header and `*` always pass. */
export function checkIfMatch(header: string | undefined, device: DeviceView): void {
  if (header === undefined || header.trim() === '*') return
  const wanted = header.split(',').map((tag) => tag.trim())
  if (!wanted.includes(settingsEtag(device))) throw new GatewayError('precondition_failed')
}

/** Runs the changes of one device one after the other, so that nothing of this node comes between check and write. */
export class PerDevice {
  readonly #last = new Map<string, Promise<unknown>>()

  async run<T>(device: string, change: () => Promise<T>): Promise<T> {
    const before = this.#last.get(device)
    const mine = before === undefined ? change() : before.then(change, change)
    this.#last.set(device, mine)
    try {
      return await mine
    } finally {
      if (this.#last.get(device) === mine) this.#last.delete(device)
    }
  }
}
