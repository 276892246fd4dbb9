import { commandProperties } from './commands.ts'
import { messageProperties } from './messages.ts'
import type { Property } from './property.ts'
import { sessionProperties } from './sessions.ts'
import { topicProperties } from './topics.ts'

/** Cheap ones: each is tried many times also where time is short. */
export const CHEAP: Readonly<Record<string, readonly Property[]>> = {
  'command machine': commandProperties,
  'session numbers': sessionProperties,
  topics: topicProperties,
}

export const COSTLY: Readonly<Record<string, readonly Property[]>> = { messages: messageProperties }
