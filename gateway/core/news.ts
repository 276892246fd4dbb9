import { GatewayError } from './errors.ts'
import type { Bus } from './ports.ts'
import type { Session } from './session.ts'

/** Logs and progress of one session on their way to the bus. They have no window, so while the bus is away this bounds them. */
const NEWS_IN_FLIGHT_MAX = 16

/** Publishes what may be lost. Rejects with `bus_full` at once when too much of this session is on its way, else like the bus. */
export async function publishNews(
  session: Session,
  bus: Pick<Bus, 'publish'>,
  topic: string,
  payload: string,
): Promise<void> {
  if (session.newsInFlight >= NEWS_IN_FLIGHT_MAX) throw new GatewayError('bus_full')
  session.newsInFlight += 1
  try {
    await bus.publish(topic, payload)
  } finally {
    session.newsInFlight -= 1
  }
}
