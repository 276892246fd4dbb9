import { ask } from './api.ts'

const KEY_BYTES = 16

/**
 * What a form sends, under an Idempotency-Key. The key stays while the same is asked for and nobody has seen an answer,
 * so that neither a double click nor a second try after a lost answer sends twice.
 */
export class Once {
  #key = ''
  #request = ''

  /** Rejects with ApiError. */
  async post<T>(path: string, request: object): Promise<T> {
    const text = JSON.stringify([path, request])
    if (text !== this.#request) this.#key = newKey()
    this.#request = text
    const { body } = await ask<T>('POST', path, { json: request, headers: { 'Idempotency-Key': this.#key } })
    this.#request = '' // the same once more is another one
    return body
  }
}

/** An Idempotency-Key; also where the page came over plain HTTP, which has no `randomUUID`. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
