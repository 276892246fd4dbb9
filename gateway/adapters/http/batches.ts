import type { Batches } from '../../core/batches.ts'
import type { App } from './app.ts'
import {
  Batch,
  BatchInput,
  BatchList,
  BatchParams,
  BatchTargetList,
  batchToWire,
  TargetsQuery,
  targetToWire,
} from './batch-schemas.ts'
import { BEARER, bodyProblems, problems, withHeaders } from './documented.ts'
import { OnceHeader, onceOf } from './once.ts'
import { BeforeQuery, NoQuery, pageLimit } from './schemas.ts'

/** A thousand ids of 64 characters, the largest params, and room. */
const BODY_MAX_BYTES = 128 * 1024
const PATH = '/api/v1/command-batches'
const shared = { tags: ['commands'], security: BEARER }

export function addBatchRoutes(app: App, batches: Batches): void {
  addSend(app, batches)
  addList(app, batches)
  addReads(app, batches)
  addCancel(app, batches)
}

function addSend(app: App, batches: Batches): void {
  app.post(
    '/api/v1/commands',
    {
      config: { access: 'operator', adds: true, auditFields: ['name', 'tag', 'ttl_s', 'timeout_s'] },
      bodyLimit: BODY_MAX_BYTES,
      schema: {
        ...shared,
        operationId: 'sendCommands',
        summary: 'Send a command to many devices',
        description:
          'Answers 202 once the list of devices is stored durably; each gets a command of its own, also when the ' +
          'gateway is killed meanwhile. Look at the batch to see how far it has got. A repeat with the same ' +
          '`Idempotency-Key` answers with the batch of the first request.',
        querystring: NoQuery,
        headers: OnceHeader,
        body: BatchInput,
        response: {
          202: withHeaders(Batch, { Location: 'Path of the batch.' }),
          ...bodyProblems('device_not_found', 'idempotency_key_reused', 'queue_full'),
        },
      },
    },
    async (request, reply) => {
      const { devices, tag, ...command } = request.body
      const batch = await batches.submit({ devices, tag }, command, onceOf(request))
      return reply.code(202).header('Location', `${PATH}/${batch.id}`).send(batchToWire(batch))
    },
  )
}

function addList(app: App, batches: Batches): void {
  app.get(
    PATH,
    {
      config: { access: 'viewer' },
      schema: {
        ...shared,
        operationId: 'listCommandBatches',
        summary: 'Commands to many devices, newest first; the latest 50 are kept',
        querystring: BeforeQuery,
        response: { 200: BatchList, ...problems() },
      },
    },
    async (request, reply) => {
      const { before, limit } = request.query
      const page = await batches.list({ before, limit: pageLimit(limit) })
      return reply.code(200).send({ items: page.items.map(batchToWire), next: page.next ?? null })
    },
  )
}

function addReads(app: App, batches: Batches): void {
  app.get(
    `${PATH}/:bid`,
    {
      config: { access: 'viewer' },
      schema: {
        ...shared,
        operationId: 'getCommandBatch',
        summary: 'How far a command to many devices has got',
        params: BatchParams,
        querystring: NoQuery,
        response: { 200: Batch, ...problems('batch_not_found') },
      },
    },
    async (request, reply) => reply.code(200).send(batchToWire(await batches.batch(request.params.bid))),
  )
  app.get(
    `${PATH}/:bid/targets`,
    {
      config: { access: 'viewer' },
      schema: {
        ...shared,
        operationId: 'listBatchTargets',
        summary: 'What became of each device, by id',
        params: BatchParams,
        querystring: TargetsQuery,
        response: { 200: BatchTargetList, ...problems('batch_not_found') },
      },
    },
    async (request, reply) => {
      const { limit, ...page } = request.query
      const { items, next } = await batches.targets(request.params.bid, { ...page, limit: pageLimit(limit) })
      return reply.code(200).send({ items: items.map(targetToWire), next: next ?? null })
    },
  )
}

function addCancel(app: App, batches: Batches): void {
  app.post(
    `${PATH}/:bid/cancel`,
    {
      config: { access: 'operator' },
      schema: {
        ...shared,
        operationId: 'cancelCommandBatch',
        summary: 'Cancel what has not ended of a command to many devices',
        description:
          'Answers 202 once the wish is stored durably. What was not sent ends as `cancelled`; devices that have the ' +
          'command already are asked to stop.',
        params: BatchParams,
        querystring: NoQuery,
        response: { 202: Batch, ...bodyProblems('batch_not_found') },
      },
    },
    async (request, reply) => reply.code(202).send(batchToWire(await batches.cancel(request.params.bid))),
  )
}
