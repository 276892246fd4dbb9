import { isJsonObject } from './json.ts'
import { isName } from './names.ts'

/** What a browser and the gateway say to each other on `/live/v1`. docs/live.md is the text for people. */

export const LIVE_PATH = '/live/v1'
/** The longest is a subscription with its cursor. */
export const LIVE_REQUEST_MAX_BYTES = 1_024

/** One of the whole, or a kind with the device it is about, or without: of all devices. */
export type LiveChannel =
  | { readonly kind: 'fleet' | 'batches' | 'dead-letters' | 'alarms' | 'node'; readonly device?: undefined }
  | { readonly kind: 'telemetry' | 'events' | 'commands' | 'logs'; readonly device?: string }

export type LiveRequest =
  | { readonly type: 'subscribe'; readonly channel: string; readonly of: LiveChannel; readonly cursor?: string }
  | { readonly type: 'unsubscribe'; readonly channel: string }

export type LiveMessage =
  | {
      readonly type: 'welcome'
      readonly now: number
      readonly name: string
      readonly role: string
    }
  /** What there is. Several with the same channel while `more`; what changes meanwhile comes after the last. */
  | {
      readonly type: 'snapshot'
      readonly channel: string
      readonly cursor: string
      readonly recovered: boolean
      readonly more: boolean
      readonly items: readonly unknown[]
    }
  | {
      readonly type: 'changes'
      readonly channel: string
      readonly cursor: string
      readonly items: readonly unknown[]
    }
  /** Once a second, so that a page knows that the line is alive. Counts rise since the gateway started. */
  | { readonly type: 'tick'; readonly now: number; readonly fleet: FleetFigures }
  | { readonly type: 'role'; readonly role: string }
  | { readonly type: 'error'; readonly channel: string; readonly code: string; readonly detail: string }
  | { readonly type: 'bye'; readonly code: number; readonly reason: string; readonly reconnect: boolean }

export interface FleetFigures {
  readonly online: number
  readonly received: number
  readonly published: number
  readonly refused: number
  readonly dropped: number
  readonly bus_ready: boolean
  readonly bus_waiting: number
}

const CURSOR = /^[\w-]{1,64}\.\d{1,15}$/

/** A browser's message, checked, or undefined. */
export function parseLiveRequest(text: string): LiveRequest | undefined {
  const value = parsed(text)
  if (!isJsonObject(value) || typeof value.channel !== 'string') return undefined
  const { type, channel, cursor } = value
  if (type === 'unsubscribe') return { type, channel }
  const of = channelOf(channel)
  if (type !== 'subscribe' || of === undefined) return undefined
  if (cursor === undefined) return { type, channel, of }
  return typeof cursor === 'string' && CURSOR.test(cursor) ? { type, channel, of, cursor } : undefined
}

function channelOf(text: string): LiveChannel | undefined {
  const [kind = '', device, ...rest] = text.split(':')
  if (rest.length > 0 || (device !== undefined && !isName(device))) return undefined
  switch (kind) {
    case 'fleet':
    case 'batches':
    case 'dead-letters':
    case 'alarms':
    case 'node':
      return device === undefined ? { kind } : undefined
    case 'telemetry':
    case 'events':
    case 'commands':
    case 'logs':
      return { kind, device }
    default:
      return undefined
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
