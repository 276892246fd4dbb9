import { signal } from '@preact/signals'
import {
  cutIntoParts,
  IMPORT_TYPES,
  type ImportFormat,
  type ImportPart,
  importFormatOf,
} from '../../../protocol/import-parts.ts'
import { ApiError, ask } from './api.ts'
import { keepTokens } from './new-tokens.ts'
import { newKey } from './once.ts'

/** Far more than a gateway has devices; more would only stop the page. */
const FILE_MAX_BYTES = 16 * 1024 * 1024

export interface Outcome {
  /** Of the file, from 1. */
  readonly line: number
  readonly id?: string
  readonly outcome: 'created' | 'valid' | 'refused'
  readonly token?: string
  readonly error?: { readonly code: string; readonly message: string }
}

interface Part extends ImportPart {
  /** A repeat with the same key is carried out once. */
  readonly key: string
}

/** A file with devices: looked through, and then added part by part. */
export class DeviceImport {
  readonly phase = signal<'checking' | 'checked' | 'adding' | 'added'>('checking')
  readonly outcomes = signal<readonly Outcome[]>([])
  /** Parts done in this phase, of how many. */
  readonly done = signal(0)
  readonly fileName: string
  readonly parts: readonly Part[]
  readonly #format: ImportFormat

  private constructor(fileName: string, format: ImportFormat, parts: readonly Part[]) {
    this.fileName = fileName
    this.#format = format
    this.parts = parts
  }

  /** Throws an Error for people when the file as a whole cannot be used. */
  static async of(file: File): Promise<DeviceImport> {
    if (file.size > FILE_MAX_BYTES) throw new Error(`${file.name} has more than 16 MiB: that is no list of devices.`)
    const text = decoded(await file.arrayBuffer(), file.name)
    const format = /^\s*\{/.test(text) ? 'ndjson' : importFormatOf(file.name)
    const parts = cutIntoParts(text, format)
    if (parts.length === 0) throw new Error(`There is no device in ${file.name}.`)
    return new DeviceImport(
      file.name,
      format,
      parts.map((part) => ({ ...part, key: newKey() })),
    )
  }

  /** Asks what would become of each line; nothing is created. */
  async check(): Promise<void> {
    const all: Outcome[] = []
    for (const part of this.parts) {
      all.push(...(await this.#send(part, true)))
      this.done.value += 1
    }
    this.outcomes.value = withoutRepeats(all)
    this.phase.value = 'checked'
  }

  /** Creates what is valid. After a failure it goes on where it was: a part that was carried out is not again. */
  async add(): Promise<void> {
    if (this.phase.value === 'checked') {
      this.phase.value = 'adding'
      this.done.value = 0
      this.outcomes.value = []
    }
    for (const part of this.parts.slice(this.done.value)) {
      const outcomes = await this.#send(part, false)
      keepTokens(outcomes.flatMap(({ id, token }) => (id && token ? [{ id, token }] : [])))
      this.outcomes.value = [...this.outcomes.value, ...outcomes]
      this.done.value += 1
    }
    this.phase.value = 'added'
  }

  async #send(part: Part, dryRun: boolean): Promise<Outcome[]> {
    const headers = { 'Content-Type': IMPORT_TYPES[this.#format], ...(dryRun ? {} : { 'Idempotency-Key': part.key }) }
    try {
      const asked = { text: part.text, headers }
      const { body } = await ask<{ items: Outcome[] }>('POST', `/devices/import?dry_run=${dryRun}`, asked)
      return body.items.map((one) => ({ ...one, line: part.lineOf(one.line) }))
    } catch (error) {
      if (error instanceof ApiError && error.code === 'already_shown') return [lost(part)]
      throw error
    }
  }
}

/** The part was carried out, and its answer never came. */
function lost(part: ImportPart): Outcome {
  const message = 'These devices were added, but the answer with their tokens was lost: issue new ones on their pages.'
  return { line: part.firstLine, outcome: 'refused', error: { code: 'already_shown', message } }
}

/** Each part is looked through by itself; what an earlier part has too is refused when it is added. */
function withoutRepeats(outcomes: readonly Outcome[]): Outcome[] {
  const seen = new Set<string>()
  return outcomes.map((one) => {
    const { id, outcome, line } = one
    if (id === undefined || outcome !== 'valid') return one
    if (!seen.has(id)) {
      seen.add(id)
      return one
    }
    return { line, id, outcome: 'refused', error: { code: 'device_exists', message: 'An earlier line has this id.' } }
  })
}

function decoded(bytes: ArrayBuffer, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Error(`${name} is not UTF-8. Save it as CSV in UTF-8.`)
  }
}
