import type { Role } from '../state/api.ts'

const ROLES: readonly Role[] = ['viewer', 'operator', 'admin']

/** Without a value it begins with the least role, and keeps what a person chose. */
export function RoleSelect(props: { value?: Role; label: string; name?: string; onChange?: (role: Role) => void }) {
  const { value, label, name, onChange } = props
  return (
    <select
      name={name}
      aria-label={label}
      value={value}
      onChange={(event) => onChange?.(event.currentTarget.value as Role)}
    >
      {ROLES.map((role) => (
        <option key={role} value={role}>
          {role}
        </option>
      ))}
    </select>
  )
}
