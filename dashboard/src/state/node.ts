import { signal } from '@preact/signals'
import { subscribe } from './live.ts'
import { Series } from './series.ts'

/** `GET /node`, as far as the page shows it. */
export interface Node {
  readonly name: string
  readonly version: string
  readonly now: number
  readonly started_at: number
  readonly sessions: { readonly online: number; readonly connections: number }
  readonly messages: Readonly<Record<'received' | 'published' | 'refused' | 'dropped' | 'missing', number>>
  readonly load: {
    readonly memory_bytes: number
    readonly cpu_percent: number
    readonly event_loop_p99_ms: number
  }
  readonly bus: Health & {
    readonly kind: 'embedded' | 'external'
    readonly address: string
    readonly waiting_messages: number
    readonly waiting_bytes: number
    readonly publish_p50_ms?: number
    readonly publish_p99_ms?: number
  }
  readonly registry: Health & {
    readonly waiting: number
    readonly size_bytes?: number
    readonly disk_free_bytes?: number
    readonly disk_bytes?: number
  }
  readonly certificate: {
    readonly source: 'private' | 'own'
    readonly names: readonly string[]
    readonly ends_at: number
    readonly fingerprint: string
  } | null
  readonly handshakes_refused: readonly Refusals[]
  readonly entrance: { readonly waiting: number; readonly starting: number }
  readonly trusted_proxies: readonly string[]
  readonly limits: Readonly<Record<string, number>>
}
export interface Health {
  readonly ready: boolean
  readonly reason?: string
  readonly since: number
}
export interface Refusals {
  readonly reason: string
  readonly count: number
}

export const COURSES = {
  rate: 'messages / s',
  waiting: 'waiting for the bus',
  delay: 'event loop delay, ms',
  memory: 'memory, MiB',
} as const
const MIB = 1024 * 1024

/** How the gateway is, and how it was since the page is open. */
export class NodeWatch {
  readonly node = signal<Node | undefined>(undefined)
  readonly course = new Series()

  watch(): () => void {
    const take = (items: readonly unknown[]) => {
      for (const item of items) this.#take(item as Node)
    }
    return subscribe('node', { snapshot: take, changes: take })
  }

  #take(node: Node): void {
    const before = this.node.peek()
    this.node.value = node
    const values: Record<string, number> = {
      [COURSES.waiting]: node.bus.waiting_messages,
      [COURSES.delay]: node.load.event_loop_p99_ms,
      [COURSES.memory]: Math.round(node.load.memory_bytes / MIB),
    }
    const rate = rateBetween(before, node)
    if (rate !== undefined) values[COURSES.rate] = rate
    this.course.add([{ ts: node.now, values }])
  }
}

/** Undefined when they do not follow each other: then nobody knows what was in between. */
function rateBetween(before: Node | undefined, node: Node): number | undefined {
  if (before?.started_at !== node.started_at || node.now <= before.now) return undefined
  const perSecond = (1000 * (node.messages.received - before.messages.received)) / (node.now - before.now)
  return Number(perSecond.toFixed(1))
}
