import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifySchemaCompiler,
  type FastifySerializerCompiler,
} from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Log } from '../../core/ports.ts'
import { PROBLEM_TYPE, toProblem } from './problems.ts'

export type App = FastifyInstance<HttpServer, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxTypeProvider>

declare module 'fastify' {
  interface FastifyRequest {
    /** Where it comes from: the client, not a trusted proxy. */
    address: string
  }
}

/** A JSON body of the API: the largest are `params` of 3 KiB, so this leaves room and bounds memory per request. */
const BODY_MAX_BYTES = 64 * 1024
/** Names have 64 characters; longer parts of a path cannot mean anything. */
const PATH_PART_MAX = 128
/** Time for a whole request to arrive [B31]; long answers (`?wait`) are not concerned. */
const REQUEST_TIMEOUT_MS = 30_000

/** A fastify instance on a server that somebody else made, listens with and closes. */
export function createApp(
  server: HttpServer | HttpsServer,
  log: Log,
  addressOf: (request: IncomingMessage) => string,
): App {
  const app = fastify({
    serverFactory: (handler) => {
      server.on('request', handler)
      return server as HttpServer
    },
    logger: false,
    bodyLimit: BODY_MAX_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: 0,
    routerOptions: { maxParamLength: PATH_PART_MAX },
    return503OnClosing: false, // build.ts answers with a problem of the usual shape
    clientErrorHandler: () => undefined, // the owner of the server answers what never became a request
    frameworkErrors: (error, _request, reply) => answerWithoutRoute(error, reply.raw),
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.decorateRequest('address', '')
  app.addHook('onRequest', async (request) => {
    request.address = addressOf(request.raw)
  })
  app.removeContentTypeParser('text/plain')
  app.setValidatorCompiler(strictValidator)
  app.setSerializerCompiler(strictSerializer)
  app.setErrorHandler((error, request, reply) => {
    const { problem, headers, unexpected } = toProblem(error)
    request.problemCode = problem.code
    const where = { method: request.method, route: request.routeOptions.url }
    if (unexpected) log.error({ err: error, ...where }, 'request failed')
    return reply.code(problem.status).headers(headers).type(PROBLEM_TYPE).send(JSON.stringify(problem))
  })
  return app
}

/** Answers a request whose path is so wrong that it reaches no route and none of the checks before it. */
function answerWithoutRoute(error: unknown, response: ServerResponse): void {
  const { problem } = toProblem(error)
  response.writeHead(problem.status, {
    'Content-Type': PROBLEM_TYPE,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  })
  response.end(JSON.stringify(problem))
}

/** Checks without changing anything, except that the text of a query's number is read as that number. */
const strictValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const compiled = Compile(schema)
  return (data) => {
    const value = httpPart === 'querystring' ? readIntegers(schema, data) : data
    return compiled.Check(value) ? { value } : { error: compiled.Errors(value) }
  }
}

function readIntegers(schema: TSchema, query: object): object {
  const { properties } = schema as { properties?: Readonly<Record<string, { type?: string }>> }
  const read = ([name, value]: [string, unknown]): [string, unknown] => {
    const isInteger = properties?.[name]?.type === 'integer' && typeof value === 'string' && /^\d{1,15}$/.test(value)
    return [name, isInteger ? Number(value) : value]
  }
  return Object.fromEntries(Object.entries(query).map(read))
}

/** An answer that is not as documented is our fault and becomes a 500: a field must never leave by accident. */
const strictSerializer: FastifySerializerCompiler<TSchema> = ({ schema, url, httpStatus }) => {
  const compiled = Compile(schema)
  return (data) => {
    if (compiled.Check(data)) return JSON.stringify(data)
    const [first] = compiled.Errors(data)
    throw new Error(`answer ${httpStatus} of ${url} breaks its schema at ${first?.instancePath}: ${first?.message}`)
  }
}
