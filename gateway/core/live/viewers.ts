import { CLOSE, type CloseCode } from '../../../protocol/close-codes.ts'
import type { FleetFigures } from '../../../protocol/live.ts'
import type { Caller } from '../access/ports.ts'
import { GatewayError } from '../errors.ts'
import type { Duty } from '../periodic.ts'
import { Viewer, type ViewerLink, type ViewerNeeds } from './viewer.ts'

/** Browsers that look on at once; each may hold BUFFERED_MAX_BYTES. */
const VIEWERS_MAX = 200
/** Of one user or key: tabs that were forgotten. */
const VIEWERS_OF_CALLER_MAX = 20
const PUMP_EVERY_MS = 100
const TICK_EVERY_MS = 1_000
const NODE_EVERY_MS = 2_000
/** When who somebody is could not be asked, it is asked again so much later. */
const CHECK_AGAIN_MS = 5_000

export interface ViewersNeeds extends ViewerNeeds {
  readonly figures: () => FleetFigures
}

/** Who this is now; undefined for nobody any more. Rejects when it cannot be known. */
export type Identify = () => Promise<Caller | undefined>

interface Page {
  readonly identify: Identify
  /** How often it was asked for: only the last answer counts. */
  asked: number
}

/** Every browser that looks on. */
export class Viewers {
  readonly #needs: ViewersNeeds
  readonly #pages = new Map<Viewer, Page>()
  #stopping = false

  constructor(needs: ViewersNeeds) {
    this.#needs = needs
  }

  get size(): number {
    return this.#pages.size
  }

  /** Why nobody, or not this caller, may look on now; undefined when they may. */
  refusal(caller?: Caller): GatewayError | undefined {
    if (this.#stopping) return new GatewayError('stopping')
    if (this.#pages.size >= VIEWERS_MAX) return new GatewayError('rate_limited', 'Too many pages are open.')
    if (caller === undefined) return undefined
    const same = [...this.#pages.keys()].filter((viewer) => isSame(viewer.caller, caller))
    if (same.length < VIEWERS_OF_CALLER_MAX) return undefined
    return new GatewayError('rate_limited', `${VIEWERS_OF_CALLER_MAX} pages of ${caller.name} are open.`)
  }

  /** Tell the viewer what its socket hears; its end too. */
  open(caller: Caller, link: ViewerLink, identify: Identify): Viewer {
    const viewer = new Viewer(caller, link, this.#needs)
    this.#pages.set(viewer, { identify, asked: 0 })
    viewer.send({ type: 'tick', now: this.#needs.clock.wallMs(), fleet: this.#needs.figures() })
    return viewer
  }

  close(viewer: Viewer): void {
    viewer.closed()
    this.#pages.delete(viewer)
  }

  endAll(close: CloseCode): void {
    this.#stopping = true
    for (const viewer of this.#pages.keys()) viewer.end(close)
  }

  /** Somebody may do less than before: everybody is asked for again, now. */
  recheck(): void {
    for (const viewer of this.#pages.keys()) viewer.checkAtMs = 0
    this.#check()
  }

  readonly duties: readonly Duty[] = [
    { name: 'live pages', everyMs: PUMP_EVERY_MS, run: () => this.#pump() },
    { name: 'live figures', everyMs: TICK_EVERY_MS, run: () => this.#tick() },
    { name: 'live node', everyMs: NODE_EVERY_MS, run: () => this.#showNode() },
  ]

  #pump(): void {
    for (const viewer of this.#pages.keys()) viewer.pump()
  }

  #tick(): void {
    if (this.#pages.size === 0) return
    const fleet = this.#needs.figures()
    const now = this.#needs.clock.wallMs()
    for (const viewer of this.#pages.keys()) if (viewer.hasRoom) viewer.send({ type: 'tick', now, fleet })
    this.#check()
  }

  /** Made only while somebody looks. */
  #showNode(): void {
    const { feed, now } = this.#needs
    if (![...this.#pages.keys()].some((viewer) => viewer.watches('node'))) return
    for (const report of now.node()) feed.node(report)
  }

  #check(): void {
    const nowMs = this.#needs.clock.wallMs()
    for (const [viewer, page] of this.#pages) {
      if (viewer.checkAtMs > nowMs || viewer.isOver) continue
      viewer.checkAtMs = nowMs + CHECK_AGAIN_MS
      this.#checkOne(viewer, page).catch((error: unknown) => {
        this.#needs.log.warn({ error }, 'a live page could not be checked') // again in CHECK_AGAIN_MS
      })
    }
  }

  async #checkOne(viewer: Viewer, page: Page): Promise<void> {
    page.asked += 1
    const mine = page.asked
    const caller = await page.identify()
    if (page.asked !== mine) return // something changed while we asked, and it was asked again
    if (caller === undefined || !isSame(caller, viewer.caller)) return viewer.end(CLOSE.tokenExpired)
    viewer.follow(caller)
  }
}

function isSame(a: Caller, b: Caller): boolean {
  return a.kind === b.kind && a.name === b.name
}
