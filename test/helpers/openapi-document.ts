import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { isJsonObject, type JsonObject } from '../../protocol/json.ts'

/** The OpenAPI document as a test reads it. */

export interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly schema: JsonObject
}
export interface Media {
  readonly schema: JsonObject
  readonly example?: unknown
  readonly examples?: Readonly<Record<string, { readonly $ref: string }>>
}
export interface Operation {
  readonly operationId: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly required?: boolean; readonly content: Readonly<Record<string, Media>> }
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Media>> }>>
}
export interface Route {
  readonly method: string
  readonly path: string
  /** Every path that this one stands for. */
  readonly pattern: RegExp
  readonly operation: Operation
}

export interface PlainAnswer {
  readonly status: number
  /** As the header says it. */
  readonly contentType: string
  readonly text: string
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch']

let known: Promise<OpenapiDocument> | undefined

/** The document, read once: it is the same for every gateway of a test file. */
export function documentOf(load: () => Promise<unknown>): Promise<OpenapiDocument> {
  known ??= load().then((document) => new OpenapiDocument(document as JsonObject))
  return known
}

export class OpenapiDocument {
  readonly routes: readonly Route[]
  readonly schemas: Readonly<Record<string, JsonObject>>
  readonly #ajv: Ajv2020
  readonly #compiled = new Map<string, ValidateFunction>()

  /** Compiles every schema by the rules of JSON Schema 2020-12: one that is none throws. */
  constructor(document: JsonObject) {
    // `strict` refuses keywords that nobody knows; `nullable` forms and unions of types are fine.
    this.#ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true })
    this.#ajv.addVocabulary(['example'])
    this.#ajv.addFormat('date-time', true)
    this.#ajv.addVocabulary(['openapi', 'info', 'servers', 'tags', 'components', 'paths'])
    this.#ajv.addSchema(document, 'openapi', undefined, false)
    const { paths, components } = document as {
      paths: Record<string, Record<string, Operation>>
      components: { schemas: Record<string, JsonObject> }
    }
    this.schemas = components.schemas
    this.routes = Object.entries(paths).flatMap(([path, item]) => {
      const pattern = new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`)
      return METHODS.flatMap((method) => {
        const operation = item[method]
        return operation === undefined ? [] : [{ method: method.toUpperCase(), path, pattern, operation }]
      })
    })
  }

  /** Throws when the operation that answers does not document this; `target` is a path with its query. */
  expectAnswer(method: string, target: string, answer: PlainAnswer): void {
    const operation = this.#operationOf(method, target.split('?', 1)[0] ?? '')
    const problem = operation && this.problemOfAnswer(operation, answer)
    if (problem !== undefined) throw new Error(`${operation?.operationId}: ${problem.slice(0, 2_000)}`)
  }

  /** Undefined for what the document leaves out: files of the dashboard, paths that are not there, refused methods. */
  #operationOf(method: string, path: string): Operation | undefined {
    const exact = this.routes.filter((route) => route.path === path) // before any template, whatever their methods
    const fitting = exact.length > 0 ? exact : this.routes.filter((route) => route.pattern.test(path))
    return fitting.find((route) => route.method === method)?.operation
  }

  /** What is wrong with the answer, in words; undefined when its status, its code and its body are as documented. */
  problemOfAnswer({ responses }: Operation, { status, contentType, text }: PlainAnswer): string | undefined {
    const type = contentType.split(';', 1)[0] ?? ''
    const documented = responses[status]
    if (documented === undefined) return `${status} is not documented: ${text}`
    if (documented.content === undefined) return text === '' ? undefined : `${status} has a body: ${text}`
    const media = documented.content[type]
    if (media === undefined) return `${status} is ${type}, which is not documented`
    const { code } = Object(type === 'application/problem+json' ? JSON.parse(text) : undefined)
    if (code !== undefined && media.examples?.[code] === undefined)
      return `${status} ${code} is not documented: ${text}`
    return this.problemOf(media.schema, /[/+]json$/.test(type) ? JSON.parse(text) : text)
  }

  /** What is wrong with the value, in words; undefined when it is as the schema says. */
  problemOf(schema: JsonObject, value: unknown): string | undefined {
    const text = JSON.stringify(schema)
    let validate = this.#compiled.get(text)
    if (validate === undefined) {
      validate = this.#ajv.compile(pointed(schema) as JsonObject)
      this.#compiled.set(text, validate)
    }
    return validate(value) ? undefined : this.#ajv.errorsText(validate.errors)
  }

  /** The schema itself where it is only named. */
  resolved(schema: JsonObject): JsonObject {
    const { $ref } = schema
    if (typeof $ref !== 'string') return schema
    return this.schemas[$ref.slice($ref.lastIndexOf('/') + 1)] ?? {}
  }
}

/** References within the document, seen from outside of it. */
function pointed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(pointed)
  if (!isJsonObject(node)) return node
  const entries = Object.entries(node).map(([key, value]) =>
    key === '$ref' && typeof value === 'string' ? [key, `openapi${value}`] : [key, pointed(value)],
  )
  return Object.fromEntries(entries)
}
