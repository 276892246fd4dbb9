/** The secrets of a run, and the search for them in every form in which one could have got out. */

interface Canary {
  readonly name: string
  /** What nobody but its holder may know. */
  readonly text: string
}

export interface Finding {
  readonly secret: string
  readonly form: string
  readonly where: string
}

/** Letters at the edge of base64 depend on their neighbours. */
const EDGE = 4

/** A text as base64 within something longer: it begins at one of three places. */
function base64Forms(text: string): string[] {
  return [0, 1, 2].map((offset) =>
    Buffer.from(`${' '.repeat(offset)}${text}`)
      .toString('base64')
      .slice(EDGE, -EDGE),
  )
}

/** The forms as the bytes of a file, each with its name. */
function formsOf(text: string): Map<string, string> {
  const hex = Buffer.from(text).toString('hex')
  const json = JSON.stringify(text).slice(1, -1)
  const urlBase64 = base64Forms(text).map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))
  const forms = new Map([
    ['plain', text],
    ['reversed', [...text].reverse().join('')],
    ['hex', hex],
    ['HEX', hex.toUpperCase()],
    ['URL-encoded', encodeURIComponent(text)],
    ['form-encoded', new URLSearchParams({ v: text }).toString().slice(2)],
    ['JSON-escaped', json],
    ['JSON in JSON', JSON.stringify(json).slice(1, -1)],
  ])
  for (const [offset, form] of base64Forms(text).entries()) forms.set(`base64 at ${offset}`, form)
  for (const [offset, form] of urlBase64.entries()) forms.set(`base64url at ${offset}`, form)
  const unique = new Map([...forms].reverse().map(([form, written]) => [Buffer.from(written).toString('latin1'), form]))
  unique.set(Buffer.from(text, 'utf16le').toString('latin1'), 'UTF-16')
  return unique
}

export class Canaries {
  readonly #canaries: (Canary & { readonly forms: Map<string, string> })[] = []

  /** Returns the text, so that it is noted where it is made. */
  note(name: string, text: string): string {
    if (text.length < 12) throw new Error(`${name} is too short to be told from chance: ${text}`)
    if (!this.#canaries.some((known) => known.text === text)) {
      this.#canaries.push({ name, text, forms: formsOf(text) })
    }
    return text
  }

  /** A device token: what is signed says nothing secret, the signature makes it good. */
  noteToken(name: string, token: string): string {
    this.note(`signature of ${name}`, token.slice(token.lastIndexOf('.') + 1))
    return token
  }

  get names(): string[] {
    return this.#canaries.map(({ name }) => name)
  }

  /** Every secret that stands there, with the form it has. */
  search(where: string, content: Buffer | string): Finding[] {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    const text = bytes.toString('latin1')
    return this.#canaries.flatMap(({ name, forms }) =>
      [...forms].filter(([written]) => text.includes(written)).map(([, form]) => ({ secret: name, form, where })),
    )
  }
}
