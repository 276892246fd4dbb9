import type { Operator } from '../../core/operator.ts'
import type { App } from './app.ts'
import { Device, DeviceCreated, DeviceInput, DeviceList, DevicePatch, DeviceQuery, filterOf } from './device-schemas.ts'
import { BEARER, bodyProblems, NoContent, problems, withHeaders } from './documented.ts'
import { OnceHeader, onceOf } from './once.ts'
import { DeviceParams, IfMatchHeader, LastValues, NoQuery, pageLimit } from './schemas.ts'
import { checkIfMatch, PerDevice, settingsEtag } from './settings-etag.ts'
import { deviceToWire } from './wire.ts'

const ETAG = { ETag: 'Changes with model, tags, notes and enabled; for If-Match.' }
const shared = { tags: ['devices'], security: BEARER }

export function addDeviceRoutes(app: App, operator: Operator): void {
  addCreate(app, operator)
  addList(app, operator)
  addReads(app, operator)
  const changes = new PerDevice()
  addUpdate(app, operator, changes)
  addDelete(app, operator, changes)
}

function addCreate(app: App, operator: Operator): void {
  app.post(
    '/api/v1/devices',
    {
      config: { access: 'admin', adds: true, auditFields: ['id', 'model'] },
      schema: {
        ...shared,
        operationId: 'createDevice',
        summary: 'Add a device and its first token',
        querystring: NoQuery,
        headers: OnceHeader,
        body: DeviceInput,
        response: {
          201: withHeaders(DeviceCreated, { Location: 'Path of the device.' }),
          ...bodyProblems('device_exists', 'already_shown', 'idempotency_key_reused'),
        },
      },
    },
    async (request, reply) => {
      const { device, token } = await operator.createDevice(request.body, onceOf(request))
      const body = {
        ...deviceToWire(device),
        token: token.token,
        token_id: token.id,
        expires_at: token.expiresAtMs ?? null,
      }
      return reply.code(201).header('Location', `/api/v1/devices/${device.id}`).send(body)
    },
  )
}

function addList(app: App, operator: Operator): void {
  app.get(
    '/api/v1/devices',
    {
      config: { access: 'viewer' },
      schema: {
        ...shared,
        operationId: 'listDevices',
        summary: 'List devices by id, all or those that match',
        description:
          'Filters hold together. A page may have fewer than `limit` items: only `next` says whether more follow.',
        querystring: DeviceQuery,
        response: { 200: DeviceList, ...problems() },
      },
    },
    async (request, reply) => {
      const { after, limit, ...filters } = request.query
      const page = await operator.listDevices({ ...filterOf(filters), after, limit: pageLimit(limit) })
      return reply.code(200).send({ items: page.items.map(deviceToWire), next: page.next ?? null })
    },
  )
}

function addReads(app: App, operator: Operator): void {
  app.get(
    '/api/v1/devices/:id',
    {
      config: { access: 'viewer' },
      schema: {
        ...shared,
        operationId: 'getDevice',
        summary: 'One device with its presence and counters',
        params: DeviceParams,
        querystring: NoQuery,
        response: { 200: withHeaders(Device, ETAG), ...problems('device_not_found') },
      },
    },
    async (request, reply) => {
      const device = await operator.device(request.params.id)
      return reply.code(200).header('ETag', settingsEtag(device)).send(deviceToWire(device))
    },
  )
  app.get(
    '/api/v1/devices/:id/state',
    {
      config: { access: 'viewer' },
      schema: {
        ...shared,
        operationId: 'getLastValues',
        summary: 'Last value of each telemetry key',
        params: DeviceParams,
        querystring: NoQuery,
        response: { 200: LastValues, ...problems('device_not_found') },
      },
    },
    async (request, reply) => reply.code(200).send(await operator.lastValues(request.params.id)),
  )
}

function addUpdate(app: App, operator: Operator, changes: PerDevice): void {
  app.patch(
    '/api/v1/devices/:id',
    {
      config: { access: 'admin', auditFields: ['enabled', 'model'] },
      schema: {
        ...shared,
        operationId: 'updateDevice',
        summary: 'Change, enable or disable a device',
        description: 'With `If-Match` the change is made only if nobody else changed the device since that ETag.',
        params: DeviceParams,
        querystring: NoQuery,
        headers: IfMatchHeader,
        body: DevicePatch,
        response: { 200: withHeaders(Device, ETAG), ...bodyProblems('device_not_found', 'precondition_failed') },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const ifMatch = request.headers['if-match']
      const device = await changes.run(id, async () => {
        if (ifMatch !== undefined) checkIfMatch(ifMatch, await operator.device(id))
        return operator.updateDevice(id, request.body)
      })
      return reply.code(200).header('ETag', settingsEtag(device)).send(deviceToWire(device))
    },
  )
}

function addDelete(app: App, operator: Operator, changes: PerDevice): void {
  app.delete(
    '/api/v1/devices/:id',
    {
      config: { access: 'admin' },
      schema: {
        ...shared,
        operationId: 'deleteDevice',
        summary: 'Remove a device with its tokens and commands',
        description:
          'Closes its live socket with 4521 and clears its retained topics on the bus. With `If-Match` only if nobody ' +
          'else changed the device since that ETag.',
        params: DeviceParams,
        querystring: NoQuery,
        headers: IfMatchHeader,
        response: { 204: NoContent, ...problems('device_not_found', 'precondition_failed') },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const ifMatch = request.headers['if-match']
      await changes.run(id, async () => {
        if (ifMatch !== undefined) checkIfMatch(ifMatch, await operator.device(id))
        await operator.deleteDevice(id)
      })
      return reply.code(204).send(null)
    },
  )
}
