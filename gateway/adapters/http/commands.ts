import type { ServerResponse } from 'node:http'
import { isFinal } from '../../../protocol/command-request.ts'
import type { Operator } from '../../core/operator.ts'
import type { App } from './app.ts'
import {
  Command,
  CommandInput,
  CommandList,
  CommandParams,
  CommandQuery,
  DeadLetterList,
  DeadLetterQuery,
  deadLetterToWire,
  WaitQuery,
} from './command-schemas.ts'
import { BEARER, bodyProblems, problems, withHeaders } from './documented.ts'
import { OnceHeader, onceOf } from './once.ts'
import { BeforeQuery, DeviceParams, NoQuery, pageLimit } from './schemas.ts'
import type { Waiters } from './waiters.ts'
import { commandToWire } from './wire.ts'

const shared = { tags: ['commands'], security: BEARER }
const LOCATION = { Location: 'Path of the command.' }

export function addCommandRoutes(app: App, operator: Operator, waiters: Waiters): void {
  addSubmit(app, operator, waiters)
  addReads(app, operator)
  addCancel(app, operator)
  addSearches(app, operator)
}

function addSubmit(app: App, operator: Operator, waiters: Waiters): void {
  app.post(
    '/api/v1/devices/:id/commands',
    {
      config: { access: 'operator', adds: true, auditFields: ['name', 'ttl_s', 'timeout_s'] },
      schema: {
        ...shared,
        operationId: 'sendCommand',
        summary: 'Send a command',
        description:
          'Answers 202 once the command is stored durably; from then on it always ends in one final state. ' +
          'With `?wait` it answers 200 with the final state if that comes in time. A repeat with the same ' +
          '`Idempotency-Key` answers with the command of the first request.',
        params: DeviceParams,
        querystring: WaitQuery,
        headers: OnceHeader,
        body: CommandInput,
        response: {
          200: withHeaders(Command, LOCATION),
          202: withHeaders(Command, LOCATION),
          ...bodyProblems('device_not_found', 'command_exists', 'idempotency_key_reused', 'queue_full'),
        },
      },
    },
    async (request, reply) => {
      const stored = await operator.submitCommand(request.params.id, request.body, onceOf(request))
      const { wait } = request.query
      const command =
        wait === undefined
          ? stored
          : await waiters.follow(operator, stored, Number.parseInt(wait, 10) * 1000, whenGone(reply.raw))
      reply.header('Location', `/api/v1/commands/${command.id}`)
      return reply.code(wait !== undefined && isFinal(command.state) ? 200 : 202).send(commandToWire(command))
    },
  )
}

/** Aborts when the caller hangs up, so that nobody polls for an answer that no one reads. */
function whenGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  return gone.signal
}

function addReads(app: App, operator: Operator): void {
  app.get(
    '/api/v1/devices/:id/commands',
    {
      config: { access: 'viewer' },
      schema: {
        ...shared,
        operationId: 'listCommands',
        summary: 'Commands of a device, newest first',
        params: DeviceParams,
        querystring: BeforeQuery,
        response: { 200: CommandList, ...problems('device_not_found') },
      },
    },
    async (request, reply) => {
      const { before, limit } = request.query
      const page = await operator.listCommands(request.params.id, { before, limit: pageLimit(limit) })
      return reply.code(200).send({ items: page.items.map(commandToWire), next: page.next ?? null })
    },
  )
  app.get(
    '/api/v1/commands/:cid',
    {
      config: { access: 'viewer' },
      schema: {
        ...shared,
        operationId: 'getCommand',
        summary: 'One command with its history',
        params: CommandParams,
        querystring: NoQuery,
        response: { 200: Command, ...problems('command_not_found') },
      },
    },
    async (request, reply) => reply.code(200).send(commandToWire(await operator.command(request.params.cid))),
  )
}

function addCancel(app: App, operator: Operator): void {
  app.post(
    '/api/v1/commands/:cid/cancel',
    {
      config: { access: 'operator' },
      schema: {
        ...shared,
        operationId: 'cancelCommand',
        summary: 'Cancel a command',
        description:
          'A queued command ends as `cancelled`. One that was sent already is asked to stop on the device; the ' +
          'answer is then 409 `command_in_flight`, and its own end is still to come.',
        params: CommandParams,
        querystring: NoQuery,
        response: { 200: Command, ...bodyProblems('command_not_found', 'command_in_flight', 'command_final') },
      },
    },
    async (request, reply) => {
      const { device } = await operator.command(request.params.cid)
      request.auditDevice = device
      return reply.code(200).send(commandToWire(await operator.cancelCommand(request.params.cid)))
    },
  )
}

function addSearches(app: App, operator: Operator): void {
  app.get(
    '/api/v1/commands',
    {
      config: { access: 'viewer' },
      schema: {
        ...shared,
        operationId: 'findCommands',
        summary: 'Commands of all devices, newest first',
        querystring: CommandQuery,
        response: { 200: CommandList, ...problems() },
      },
    },
    async (request, reply) => {
      const { limit, since: sinceMs, until: untilMs, ...filters } = request.query
      const page = await operator.findCommands({ ...filters, sinceMs, untilMs, limit: pageLimit(limit) })
      return reply.code(200).send({ items: page.items.map(commandToWire), next: page.next ?? null })
    },
  )
  app.get(
    '/api/v1/dead-letters',
    {
      config: { access: 'viewer' },
      schema: {
        ...shared,
        operationId: 'listDeadLetters',
        summary: 'Command requests that could not be taken, and commands given up, newest first',
        querystring: DeadLetterQuery,
        response: { 200: DeadLetterList, ...problems() },
      },
    },
    async (request, reply) => {
      const { before, device, limit } = request.query
      const page = await operator.deadLetters({ before, device, limit: pageLimit(limit) })
      return reply.code(200).send({ items: page.items.map(deadLetterToWire), next: page.next ?? null })
    },
  )
}
