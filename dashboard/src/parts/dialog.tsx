import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

/** A window that is taken away instead of closed leaves the focus nowhere. */
function focusAgain(before: Element | null): void {
  if (document.activeElement === document.body && before instanceof HTMLElement) before.focus()
}

/** A window over the page. Escape and the cross close it; the focus goes back to where it was. */
export function Dialog(props: { title: string; isWide?: boolean; close: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const before = document.activeElement
    dialog.current?.showModal()
    return () => queueMicrotask(() => focusAgain(before)) // once the window is out of the document
  }, [])
  return (
    <dialog ref={dialog} class={props.isWide ? 'wide' : undefined} onClose={props.close} aria-label={props.title}>
      <div class="dialog-head">
        <h2>{props.title}</h2>
        <button type="button" class="quiet icon" aria-label="Close" onClick={() => dialog.current?.close()}>
          <svg viewBox="0 0 20 20" width="16" height="16" aria-hidden="true">
            <path d="m4 4 12 12M16 4 4 16" stroke="currentColor" stroke-width="1.8" />
          </svg>
        </button>
      </div>
      {props.children}
    </dialog>
  )
}
