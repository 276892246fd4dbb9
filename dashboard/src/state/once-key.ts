const KEY_BYTES = 16

/**
 * The Idempotency-Key of what a form sends. It stays while the same is asked for and nobody has seen an answer, so that
 * neither a double click nor a second try after a lost answer sends twice.
 */
export class OnceKey {
  #key = newKey()
  #request = ''

  /** The key for this request. */
  of(request: unknown): string {
    const text = JSON.stringify(request)
    if (text !== this.#request) this.#key = newKey()
    this.#request = text
    return this.#key
  }

  /** It was answered: the same once more is another one. */
  answered(): void {
    this.#request = ''
  }
}

function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES)) // randomUUID is not there without TLS
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
