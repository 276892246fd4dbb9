import { readFileSync } from 'node:fs'

/** The tags that protocol/README.md defines, in their order: `**[T-3]**` at the head of a rule. */
export function definedClauses(): string[] {
  const readme = readFileSync(new URL('../../protocol/README.md', import.meta.url), 'utf8')
  return [...readme.matchAll(/\*\*\[([A-Z]-\d+)\]\*\*/g)].map(([, tag]) => tag ?? '')
}

/** JSON with sorted keys, so that values can be compared whatever the order; keeps a key named `__proto__`. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`
}
