import { useSignal } from '@preact/signals'
import { Dialog } from './dialog.tsx'

/** A button for what cannot be taken back, or reaches far: it asks first. `isCalm` when nothing is lost by it. */
export function Confirm(props: { verb: string; question: string; isCalm?: boolean; onYes: () => void }) {
  const isOpen = useSignal(false)
  const warning = props.isCalm ? '' : 'danger'
  const yes = () => {
    isOpen.value = false
    props.onYes()
  }
  return (
    <>
      <button type="button" class={`quiet ${warning}`} onClick={() => (isOpen.value = true)}>
        {props.verb}
      </button>
      {isOpen.value && (
        <Dialog title={props.verb} close={() => (isOpen.value = false)}>
          <p>{props.question}</p>
          <div class="buttons">
            <button type="button" class={`primary ${warning}`} onClick={yes}>
              Yes, {props.verb.toLowerCase()}
            </button>
            <button type="button" autofocus onClick={() => (isOpen.value = false)}>
              No
            </button>
          </div>
        </Dialog>
      )}
    </>
  )
}
