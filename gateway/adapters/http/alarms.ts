import { Type } from 'typebox'
import { ALARM_KINDS, type AlarmDetail, alarmItem, SEVERITIES } from '../../core/alarms/alarm.ts'
import type { Alarms } from '../../core/alarms/alarms.ts'
import type { App } from './app.ts'
import { BEARER, problems } from './documented.ts'
import { closed, Name, TimeMs } from './schemas.ts'

const Kind = Type.Enum([...ALARM_KINDS], { description: 'What it is about.' })
const Severity = Type.Enum([...SEVERITIES], {
  description:
    '`critical`: the gateway does not do its work, or is about to. `warning`: something is lost, or soon will be.',
})
const AlarmsQuery = Type.Object(
  {
    severity: Type.Optional(Severity),
    kind: Type.Optional(Kind),
    device: Type.Optional(Name('Only of this device.')),
  },
  closed,
)

const Alarm = Type.Object(
  {
    id: Type.String({ description: 'The kind, and the device after a colon: the same whenever it comes again.' }),
    kind: Kind,
    severity: Severity,
    device: Type.Optional(Name('The device that it is about.')),
    since: TimeMs('When its cause began, as far as that is known.'),
    text: Type.String({ description: 'What is wrong and what to do next, for people.' }),
    detail: Type.Unsafe<AlarmDetail>({
      type: 'object',
      additionalProperties: { type: ['string', 'number'] },
      description: 'The facts behind it; which there are depends on the kind.',
    }),
    count: Type.Integer({
      description: 'How many things it stands for: more than 1 where not all are shown one by one.',
    }),
  },
  {
    ...closed,
    title: 'Alarm',
    examples: [
      {
        id: 'device_overslept:greenhouse-1',
        kind: 'device_overslept',
        severity: 'warning',
        device: 'greenhouse-1',
        since: 1_767_225_600_000,
        text: 'It went to sleep and did not come back when it had promised.',
        detail: {},
        count: 1,
      },
    ],
  },
)
const Counts = Type.Object({ warning: Type.Integer(), critical: Type.Integer() }, { ...closed, title: 'AlarmCounts' })
const AlarmList = Type.Object(
  { items: Type.Array(Alarm), counts: Counts },
  {
    ...closed,
    title: 'AlarmList',
    description: 'All that last, the worst and oldest first; `counts` is of all, unfiltered.',
  },
)

export function addAlarmRoutes(app: App, alarms: Pick<Alarms, 'list' | 'counts'>): void {
  app.get(
    '/api/v1/alarms',
    {
      config: { access: 'viewer' },
      schema: {
        tags: ['system'],
        security: BEARER,
        operationId: 'listAlarms',
        summary: 'What needs a person now',
        description:
          'An alarm begins when its cause has lasted for a while and ends by itself when that is gone. Of each kind 50 ' +
          'are shown one by one; one more says by its `count` how many there are beside them.',
        querystring: AlarmsQuery,
        response: { 200: AlarmList, ...problems() },
      },
    },
    async (request, reply) =>
      reply.code(200).send({ items: alarms.list(request.query).map(alarmItem), counts: alarms.counts() }),
  )
}
