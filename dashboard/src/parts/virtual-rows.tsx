import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'

/** Rows kept above and below what is seen, so that a flick of the wheel shows no gap. */
const SPARE_ROWS = 8

interface VirtualRowsProps<T> {
  readonly items: readonly T[]
  readonly rowHeight: number
  readonly label: string
  readonly head: ComponentChildren
  readonly row: (item: T, index: number) => ComponentChildren
  /** Called when the first row comes into sight or leaves it, and when the last is near. */
  readonly onEdge?: (edge: { readonly isAtTop: boolean; readonly isNearEnd: boolean }) => void
}

/** A long table of which only the rows in sight are in the document. Every row has the same height. */
export function VirtualRows<T>({ items, rowHeight, label, head, row, onEdge }: VirtualRowsProps<T>) {
  const box = useRef<HTMLDivElement>(null)
  const view = useSignal({ top: 0, height: 800 })
  useLayoutEffect(() => {
    const element = box.current
    if (element === null) return
    const look = () => {
      view.value = { top: element.scrollTop, height: element.clientHeight }
    }
    look()
    const observer = new ResizeObserver(look)
    observer.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [])
  const isAtTop = view.value.top < rowHeight
  const isNearEnd = view.value.top + 2 * view.value.height > items.length * rowHeight
  useEffect(() => onEdge?.({ isAtTop, isNearEnd }), [isAtTop, isNearEnd, items.length])
  const first = Math.max(0, Math.floor(view.value.top / rowHeight) - SPARE_ROWS)
  const last = Math.min(items.length, Math.ceil((view.value.top + view.value.height) / rowHeight) + SPARE_ROWS)
  return (
    <div class="rows" ref={box} role="table" aria-label={label} aria-rowcount={items.length + 1} tabIndex={0}>
      <div class="row head" role="row" aria-rowindex={1}>
        {head}
      </div>
      <div class="rows-all" role="rowgroup" style={{ height: `${items.length * rowHeight}px` }}>
        <div role="presentation" style={{ transform: `translateY(${first * rowHeight}px)` }}>
          {items.slice(first, last).map((item, index) => row(item, first + index))}
        </div>
      </div>
    </div>
  )
}
