import { count } from '../format.ts'
import { forgetTokens, newTokens, saveTokens } from '../state/new-tokens.ts'
import { Confirm } from './confirm.tsx'

/** The tokens of devices that were just imported, until they are saved. */
export function NewTokens() {
  const { list, isSaved } = newTokens.value
  if (list.length === 0) return null
  return (
    <section class="new-tokens" aria-label="New tokens" data-saved={isSaved}>
      <p role="status">
        {isSaved
          ? `The tokens of ${count(list.length)} devices are in your downloads. Keep the file where only you can read it.`
          : `The tokens of ${count(list.length)} new devices are nowhere but on this page. Download them before you leave it.`}
      </p>
      <div class="buttons">
        <button type="button" class={isSaved ? '' : 'primary'} onClick={saveTokens}>
          {isSaved ? 'Download again' : 'Download the tokens'}
        </button>
        {isSaved ? (
          <button type="button" class="quiet" onClick={forgetTokens}>
            Done
          </button>
        ) : (
          <Confirm
            verb="Discard"
            question="Each of these devices then needs a new token, issued on its page. Discard them?"
            onYes={forgetTokens}
          />
        )}
      </div>
    </section>
  )
}
