import type { Signal } from '@preact/signals'

/** What a key may be kept to, as people understand it; the words behind are those of the API. */
const AREAS = [
  { area: 'devices', title: 'Devices', canAdd: true },
  { area: 'tokens', title: 'Device tokens', canAdd: true },
  { area: 'commands', title: 'Commands', canAdd: true },
  { area: 'settings', title: 'Settings', canAdd: false },
  { area: 'events', title: 'Events and logs', canAdd: false },
  { area: 'bans', title: 'Bans', canAdd: false },
  { area: 'audit', title: 'Audit', canAdd: false },
  { area: 'access', title: 'People and keys', canAdd: false },
  { area: 'signing-keys', title: 'Signing keys', canAdd: false },
  { area: 'system', title: 'System', canAdd: false },
] as const

/** The fields of a form that say what a key reaches. Read them with `scopesOf`. */
export function ScopePicker({ isSome }: { isSome: Signal<boolean> }) {
  return (
    <fieldset class="scopes">
      <legend class="unseen">What the new key reaches</legend>
      <label class="scope-all">
        <input
          type="checkbox"
          name="only-some"
          checked={isSome.value}
          onChange={(event) => (isSome.value = event.currentTarget.checked)}
        />
        Only some areas
      </label>
      {isSome.value && (
        <div class="scope-areas">
          {AREAS.map(({ area, title, canAdd }) => (
            <label key={area}>
              {title}
              <select name={`scope-${area}`} aria-label={`${title}: what the key may do there`}>
                <option value="">nothing</option>
                <option value={`${area}:read`}>read</option>
                {canAdd && <option value={`${area}:add`}>add new ones</option>}
                {canAdd && <option value={`${area}:read ${area}:add`}>read and add</option>}
                <option value={area}>all the role allows</option>
              </select>
            </label>
          ))}
        </div>
      )}
    </fieldset>
  )
}

/** Undefined: everything that the role allows. Throws, for the person, when nothing was chosen. */
export function scopesOf(fields: Readonly<Record<string, string>>): string[] | undefined {
  if (fields['only-some'] === undefined) return undefined
  const scopes = Object.entries(fields).flatMap(([name, value]) =>
    name.startsWith('scope-') && value !== '' ? value.split(' ') : [],
  )
  if (scopes.length === 0) throw new Error('Choose at least one area, or let the key reach everything.')
  return scopes
}
