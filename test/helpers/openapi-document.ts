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
  readonly operation: Operation
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch']

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
    this.routes = Object.entries(paths).flatMap(([path, item]) =>
      METHODS.flatMap((method) => {
        const operation = item[method]
        return operation === undefined ? [] : [{ method: method.toUpperCase(), path, operation }]
      }),
    )
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
