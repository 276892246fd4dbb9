import { isName } from '../protocol/names.ts'
import type { HomeAssistantSettings } from './core/home-assistant/ports.ts'
import type { Environment } from './environment.ts'

const PREFIX_RULE = 'topic levels separated by "/", each of letters, digits, ".", "_" or "-"'
/** As in a hello: 64 bytes of anything but the comma between two. */
const MODEL_MAX_CHARS = 64

/** Home Assistant is told of nothing unless tags or models say of what. */
export function readHomeAssistant(env: Environment): HomeAssistantSettings | undefined {
  const tags = env.parsed('FAIRLEAD_HOME_ASSISTANT_TAGS', 'tags, separated by commas', [], listOf)
  const expected = 'models, separated by commas, or * for every device'
  const models = env.parsed('FAIRLEAD_HOME_ASSISTANT_MODELS', expected, [], listOf)
  const prefix = env.parsed('FAIRLEAD_HOME_ASSISTANT_PREFIX', PREFIX_RULE, 'homeassistant', (text) =>
    text.split('/').every(isName) ? text : undefined,
  )
  return tags.length + models.length === 0 ? undefined : { prefix, tags, models }
}

function listOf(text: string): string[] | undefined {
  const items = text.split(',').map((item) => item.trim())
  return items.every((item) => item !== '' && item.length <= MODEL_MAX_CHARS) ? items : undefined
}
