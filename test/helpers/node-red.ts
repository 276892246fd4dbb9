import vm from 'node:vm'

/** A node of an exported flow. */
export interface FlowNode {
  readonly id: string
  readonly type: string
  readonly z?: string
  readonly name?: string
  readonly wires?: readonly (readonly string[])[]
  readonly topic?: string
  readonly broker?: string
  readonly func?: string
  readonly props?: readonly { readonly p: string; readonly v: string; readonly vt: string }[]
}
export type FlowMessage = Readonly<Record<string, unknown>>

/**
 * Runs an exported flow as Node-RED's documentation says: a message goes along the wires; a function node's code gets
 * `msg` and `node` and returns a message, or for each output a list of them. What reaches a node of another type is kept.
 */
export class FlowRunner {
  /** What arrived, by the id of the node. */
  readonly arrived = new Map<string, FlowMessage[]>()
  readonly statuses: FlowMessage[] = []
  readonly #nodes: ReadonlyMap<string, FlowNode>
  /** A message for the broker. */
  readonly #publish: (message: FlowMessage) => void

  constructor(flow: readonly FlowNode[], publish: (message: FlowMessage) => void) {
    this.#nodes = new Map(flow.map((node) => [node.id, node]))
    this.#publish = publish
  }

  /** Lets a message leave the node by each of its wires. */
  leave(from: FlowNode, message: FlowMessage, output = 0): void {
    for (const id of from.wires?.[output] ?? []) {
      const node = this.#nodes.get(id)
      if (node === undefined) throw new Error(`a wire from ${from.id} leads to ${id}, which is not there`)
      this.#arrive(node, structuredClone(message))
    }
  }

  /** Presses the button of an inject node. */
  press(inject: FlowNode): void {
    const value = (v: string, vt: string) => (vt === 'json' ? JSON.parse(v) : v)
    this.leave(inject, Object.fromEntries((inject.props ?? []).map(({ p, v, vt }) => [p, value(v, vt)])))
  }

  #arrive(node: FlowNode, message: FlowMessage): void {
    this.arrived.set(node.id, [...(this.arrived.get(node.id) ?? []), message])
    if (node.type === 'mqtt out') this.#publish(message)
    if (node.type !== 'function') return
    const returned: unknown = this.#call(node, message)
    const outputs = Array.isArray(returned) ? returned : [returned]
    for (const [output, messages] of outputs.entries()) {
      for (const one of Array.isArray(messages) ? messages : [messages]) {
        if (one !== null && one !== undefined) this.leave(node, one as FlowMessage, output)
      }
    }
  }

  /** In a context of its own, as in Node-RED: nothing of this program is in reach. */
  #call({ func = '', name }: FlowNode, msg: FlowMessage): unknown {
    const node = { status: (status: FlowMessage) => this.statuses.push(status) }
    const result = vm.runInNewContext(`JSON.stringify((function (msg, node) {\n${func}\n})(msg, node) ?? null)`, {
      msg: structuredClone(msg),
      node,
    })
    if (typeof result !== 'string') throw new Error(`${name} returned nothing that can be sent`)
    return JSON.parse(result)
  }
}

/** Whether a topic matches a filter with `+` and `#`. */
export function topicMatches(filter: string, topic: string): boolean {
  const levels = topic.split('/')
  const wanted = filter.split('/')
  const fits = wanted.every((level, at) => level === '#' || level === '+' || level === levels[at])
  return fits && (wanted.at(-1) === '#' || wanted.length === levels.length)
}
