import fc from 'fast-check'
import { isJsonObject, type JsonObject } from '../../protocol/json.ts'
import type { OpenapiDocument, Parameter, Route } from './openapi-document.ts'

/** One request, made from the description of its route: mostly as it says, sometimes not. */
export interface MadeRequest {
  readonly path: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly body?: { readonly type: string; readonly text: string }
}

/** Whatever the schema lets pass, within small sizes. */
export function anyOf(document: OpenapiDocument, given: JsonObject, depth = 0): fc.Arbitrary<unknown> {
  const schema = document.resolved(given)
  const variants = schema.anyOf ?? schema.oneOf
  if ('const' in schema) return fc.constant(schema.const)
  if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum)
  if (Array.isArray(variants)) return fc.oneof(...variants.map((one) => anyOf(document, one as JsonObject, depth)))
  switch (schema.type) {
    case 'string':
      return textOf(schema)
    case 'integer':
      return integerOf(schema)
    case 'number':
      return fc.double({ noNaN: true })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(anyOf(document, (schema.items ?? {}) as JsonObject, depth + 1), {
        minLength: Number(schema.minItems ?? 0),
        maxLength: Math.min(4, Number(schema.maxItems ?? 4)),
      })
    case 'object':
      return objectOf(document, schema, depth)
    default:
      return fc.jsonValue({ maxDepth: 2 })
  }
}

function textOf({ pattern, minLength = 0, maxLength = 40, examples }: JsonObject): fc.Arbitrary<string> {
  const made =
    typeof pattern === 'string'
      ? fc.stringMatching(new RegExp(pattern))
      : fc.string({ minLength: Number(minLength), maxLength: Math.min(40, Number(maxLength)) })
  return Array.isArray(examples) ? fc.oneof(made, fc.constantFrom(...(examples as [string, ...string[]]))) : made
}

function integerOf({ minimum = -1e9, maximum = 1e9 }: JsonObject): fc.Arbitrary<number> {
  const [min, max] = [Number(minimum), Number(maximum)]
  return fc.oneof(fc.integer({ min, max: Math.min(max, min + 100) }), fc.constantFrom(min, Math.min(max, 2 ** 52)))
}

function objectOf(document: OpenapiDocument, schema: JsonObject, depth: number): fc.Arbitrary<object> {
  const properties = isJsonObject(schema.properties) ? schema.properties : undefined
  if (properties === undefined) {
    return depth > 2 ? fc.constant({}) : fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 })
  }
  const parts = Object.entries(properties).map(([name, part]) => [name, anyOf(document, part as JsonObject, depth + 1)])
  const requiredKeys = Array.isArray(schema.required) ? (schema.required as string[]) : []
  const model: Record<string, fc.Arbitrary<unknown>> = Object.fromEntries(parts)
  return fc.record(model, { requiredKeys })
}

/** A body that was right, made wrong in one of the ways in which people and programs do it. */
function spoilt(value: unknown): fc.Arbitrary<string> {
  const fields = isJsonObject(value) ? value : {}
  const names = Object.keys(fields)
  const text = JSON.stringify(value) ?? ''
  const ways: fc.Arbitrary<string>[] = [
    fc.string().map((more) => `${text}${more}`),
    fc.nat(Math.max(1, text.length)).map((end) => text.slice(0, end)),
    fc.jsonValue({ maxDepth: 3 }).map((other) => JSON.stringify(other)),
    fc.tuple(fc.string(), fc.jsonValue()).map(([name, other]) => JSON.stringify({ ...fields, [name]: other })),
    fc.constantFrom('', 'null', '{"__proto__":{"x":1}}', `${'['.repeat(5_000)}`, '{"id":1e999}', '"\\ud800"'),
  ]
  if (names.length > 0) {
    const wrong = fc.tuple(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 2 }))
    ways.push(wrong.map(([name, other]) => JSON.stringify({ ...fields, [name]: other })))
    ways.push(fc.constantFrom(...names).map((name) => JSON.stringify({ ...fields, [name]: undefined })))
  }
  return fc.oneof(...ways)
}

/** `known`: ids of what there is, by the name of the parameter of the path. */
export function requestOf(
  document: OpenapiDocument,
  route: Route,
  known: (parameter: string) => readonly string[],
): fc.Arbitrary<MadeRequest> {
  const { parameters = [], requestBody } = route.operation
  const among = (place: string) => parameters.filter((one) => one.in === place)
  const entries = (list: readonly Parameter[], make: (one: Parameter) => fc.Arbitrary<string>, required: boolean) => {
    const parts = Object.fromEntries(list.map((one) => [one.name, make(one)]))
    return fc.record(parts, required ? {} : { requiredKeys: [] }) as fc.Arbitrary<Record<string, string>>
  }
  const good = (one: Parameter) => anyOf(document, one.schema).map(String)
  const either = (one: Parameter) =>
    fc.oneof({ weight: 9, arbitrary: good(one) }, { weight: 1, arbitrary: fc.string() })
  const id = (one: Parameter) => {
    const there = known(one.name)
    const strange = fc.oneof(good(one), fc.string({ minLength: 1, maxLength: 80 }))
    if (there.length === 0) return strange
    return fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...there) }, { weight: 1, arbitrary: strange })
  }
  const more = fc.tuple(fc.stringMatching(/^[a-z_]{1,8}$/), fc.string())
  const extra = fc.oneof({ weight: 14, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: more })
  const query = fc
    .tuple(entries(among('query'), either, false), extra)
    .map(([fields, more]) => (more === undefined ? fields : { ...fields, [more[0]]: more[1] }))
  return fc.record({
    path: entries(among('path'), id, true),
    query,
    headers: entries(among('header'), () => fc.constantFrom('*', '"x"', 'W/"1", "2"', ''), false),
    body: requestBody === undefined ? fc.constant(undefined) : bodyOf(document, requestBody.content),
  }) as fc.Arbitrary<MadeRequest>
}

function bodyOf(
  document: OpenapiDocument,
  content: Readonly<Record<string, { readonly schema: JsonObject }>>,
): fc.Arbitrary<{ type: string; text: string } | undefined> {
  const kinds = Object.entries(content).map(([type, { schema }]) => {
    const value = anyOf(document, schema)
    const isJson = type === 'application/json'
    const right = value.map((one) => (isJson ? JSON.stringify(one) : String(one)))
    const wrong = isJson ? value.chain(spoilt) : fc.string({ unit: 'binary' })
    const text = fc.oneof({ weight: 3, arbitrary: right }, { weight: 2, arbitrary: wrong })
    const types = {
      weight: 1,
      arbitrary: fc.constantFrom('text/plain', 'application/xml', `${type}; charset=utf-16`, '/'),
    }
    return fc.record({ type: fc.oneof({ weight: 12, arbitrary: fc.constant(type) }, types), text })
  })
  return fc.option(fc.oneof(...kinds), { nil: undefined, freq: 12 })
}
