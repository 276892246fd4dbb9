import type { PresenceState } from './records.ts'

/** Which devices. Filters that are not given let everything pass; texts are compared as they are, ids byte by byte. */
export interface DeviceFilter {
  /** How the id begins. */
  readonly prefix?: string
  /** What stands somewhere in the id, in upper or lower case. */
  readonly search?: string
  /** Words, each of which stands somewhere in the id, the model, the firmware or a tag, in upper or lower case. */
  readonly text?: string
  readonly tag?: string
  readonly model?: string
  readonly firmware?: string
  readonly state?: PresenceState
  readonly enabled?: boolean
}

/** One page by id in byte order, those after `after`. */
export interface DeviceQuery extends DeviceFilter {
  readonly after?: string
  readonly limit: number
}

/** The words of `text`. */
export const wordsOf = (text = ''): string[] => text.split(/\s+/).filter(Boolean)
