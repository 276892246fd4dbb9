import { signal } from '@preact/signals'
import { ApiError, ask, type DeviceDetail, type DeviceLabels, pathOf } from './api.ts'

/** What a device's page knows of it beside what the live socket brings: notes and counters. */
export class DeviceDetails {
  readonly now = signal<DeviceDetail | undefined>(undefined)
  readonly #path: string

  constructor(device: string) {
    this.#path = pathOf(device)
  }

  /** Resolves with the ETag of what was read. */
  async load(): Promise<string> {
    const { body, etag } = await ask<DeviceDetail>('GET', this.#path)
    this.now.value = body
    return etag
  }

  /** False when somebody changed the device since `etag`: then nothing was changed. */
  async change(patch: Partial<DeviceLabels>, etag: string): Promise<boolean> {
    try {
      const headers = { 'If-Match': etag }
      this.now.value = (await ask<DeviceDetail>('PATCH', this.#path, { json: patch, headers })).body
      return true
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) return false
      throw error
    }
  }
}
