import type { Operator } from '../../core/operator.ts'
import type { Shadow as DeviceShadow } from '../../core/records.ts'
import type { App } from './app.ts'
import { BEARER, bodyProblems, problems, withHeaders } from './documented.ts'
import { DeviceParams, IfMatchHeader, NoQuery } from './schemas.ts'
import { Shadow, ShadowPatch } from './shadow-schemas.ts'
import { shadowToWire } from './wire.ts'

const ETAG = { ETag: 'The version of what is desired; for If-Match.' }
const shared = { tags: ['settings'], security: BEARER, params: DeviceParams, querystring: NoQuery }
const PATH = '/api/v1/devices/:id/shadow'

export function addShadowRoutes(app: App, operator: Operator): void {
  addRead(app, operator)
  addChange(app, operator)
}

function addRead(app: App, operator: Operator): void {
  app.get(
    PATH,
    {
      config: { access: 'viewer' },
      schema: {
        ...shared,
        operationId: 'getShadow',
        summary: 'Desired and reported settings of a device',
        response: { 200: withHeaders(Shadow, ETAG), ...problems('device_not_found') },
      },
    },
    async (request, reply) => {
      const shadow = await operator.shadow(request.params.id)
      return reply.code(200).header('ETag', etagOf(shadow)).send(shadowToWire(shadow))
    },
  )
}

function addChange(app: App, operator: Operator): void {
  app.patch(
    PATH,
    {
      config: { access: 'operator' },
      schema: {
        ...shared,
        operationId: 'changeShadow',
        summary: 'Change what a device should run with',
        description:
          'Answers when it is stored durably. A device that is here gets it at once, one that is away when it comes ' +
          'back. With `If-Match` the change is made only if nobody else changed the settings since that ETag.',
        headers: IfMatchHeader,
        body: ShadowPatch,
        response: { 200: withHeaders(Shadow, ETAG), ...bodyProblems('device_not_found', 'precondition_failed') },
      },
    },
    async (request, reply) => {
      const ifVersions = versionsIn(request.headers['if-match'])
      const shadow = await operator.changeDesired(request.params.id, request.body.desired, { ifVersions })
      return reply.code(200).header('ETag', etagOf(shadow)).send(shadowToWire(shadow))
    },
  )
}

function etagOf({ desiredVersion }: DeviceShadow): string {
  return `"${desiredVersion}"`
}

/** The versions that `If-Match` names; undefined when every one will do. A tag that is none of ours matches nothing. */
function versionsIn(header: string | undefined): number[] | undefined {
  if (header === undefined || header.trim() === '*') return undefined
  const tags = header.split(',').map((tag) => /^"(\d{1,16})"$/.exec(tag.trim())?.[1])
  return tags.flatMap((version) => (version === undefined ? [] : [Number(version)]))
}
