import { count } from '../format.ts'
import type { Node } from '../state/node.ts'

/** What the gateway allows, as it is configured. */
export function Limits({ limits }: { limits: Node['limits'] }) {
  return (
    <details class="card limits">
      <summary>Limits in force</summary>
      <dl>
        {Object.entries(limits).map(([name, value]) => (
          <div key={name}>
            <dt>{name.replaceAll('_', ' ')}</dt>
            <dd>{count(value)}</dd>
          </div>
        ))}
      </dl>
    </details>
  )
}
