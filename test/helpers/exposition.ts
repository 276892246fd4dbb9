/** A page in Prometheus' text format, as a scraper reads it. */
export interface Exposition {
  /** Names that a query may use, each with the labels that its samples have. */
  readonly labels: ReadonlyMap<string, ReadonlySet<string>>
  /** Samples, for counting. */
  readonly samples: readonly string[]
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/

export function readExposition(page: string): Exposition {
  const labels = new Map<string, Set<string>>()
  const samples = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  for (const line of samples) {
    const [, name = '', pairs = ''] = SAMPLE.exec(line) ?? []
    if (name === '') throw new Error(`not a sample: ${line}`)
    const known = labels.get(name) ?? new Set()
    for (const [, label = ''] of pairs.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) known.add(label)
    labels.set(name, known)
  }
  return { labels, samples }
}

/** Words of PromQL that are followed by a bracket or stand between expressions. */
const WORDS = ['by', 'without', 'and', 'or', 'unless', 'on', 'ignoring', 'group_left', 'group_right', 'offset', 'bool']

export interface Selector {
  readonly metric: string
  /** Those that it filters by. */
  readonly labels: readonly string[]
}

/** The metrics that a query reads, and the labels that it groups by. */
export function readQuery(query: string): { readonly selectors: Selector[]; readonly groupedBy: string[] } {
  const groupedBy = [...query.matchAll(/\b(?:by|without)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(',').map((label) => label.trim()),
  )
  const rest = query.replace(/\b(?:by|without)\s*\([^)]*\)/g, ' ').replace(/\[[^\]]*\]/g, ' ')
  const selectors: Selector[] = []
  for (const [, metric = '', filter, open] of rest.matchAll(/([a-zA-Z_:][\w:]*)\s*(?:\{([^}]*)\}|(\()?)/g)) {
    if (open !== undefined || WORDS.includes(metric)) continue // a function
    const labels = [...(filter ?? '').matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label)
    selectors.push({ metric, labels })
  }
  return { selectors, groupedBy }
}
