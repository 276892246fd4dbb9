import { count } from '../format.ts'
import { alarmSum } from '../state/alarms.ts'
import type { Role } from '../state/api.ts'
import { type PageName, route } from '../state/route.ts'
import { may } from '../state/session.ts'

interface Destination {
  readonly page: PageName
  readonly hash: string
  readonly title: string
  readonly needs: Role
  /** Of a 20 by 20 drawing, in strokes. */
  readonly icon: string
}

const DESTINATIONS: readonly Destination[] = [
  { page: 'fleet', hash: '#/', title: 'Fleet', needs: 'viewer', icon: 'M3 5h3M3 10h3M3 15h3M9 5h8M9 10h8M9 15h8' },
  { page: 'commands', hash: '#/commands', title: 'Commands', needs: 'viewer', icon: 'M4 5l5 5-5 5M11 15h6' },
  { page: 'events', hash: '#/events', title: 'Events', needs: 'viewer', icon: 'M2 11h4l2-6 4 11 2-5h4' },
  {
    page: 'system',
    hash: '#/system',
    title: 'System',
    needs: 'viewer',
    icon: 'M3 4h14v5H3zM3 11h14v5H3zM6 6.5h.1M6 13.5h.1',
  },
  { page: 'audit', hash: '#/audit', title: 'Audit', needs: 'admin', icon: 'M5 2h7l4 4v12H5zM8 9h5M8 12h5M8 15h3' },
  {
    page: 'access',
    hash: '#/access',
    title: 'Access',
    needs: 'admin',
    icon: 'M7 10a4 4 0 1 1 0-8 4 4 0 0 1 0 8zM1 18c0-4 2.500-6 6-6s6 2 6 6M14 4a3 3 0 0 1 0 6M15 12.500c3 .5 4 2.500 4 5.500',
  },
]

/** More does not fit, and means the same. */
const BADGE_MAX = 99

/** Where one can go: in the bar of a wide screen, under the thumb on a narrow one. */
export function Navigation() {
  const { page } = route.value
  const current = page === 'device' ? 'fleet' : page
  return (
    <nav aria-label="Pages">
      {DESTINATIONS.filter(({ needs }) => may(needs)).map(({ page: one, hash, title, icon }) => (
        <a key={one} href={hash} aria-current={one === current ? 'page' : undefined}>
          <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
            <path d={icon} />
          </svg>
          {title}
          {one === 'system' && <AlarmBadge />}
        </a>
      ))}
    </nav>
  )
}

/** How much needs a person; nothing when nothing does. */
function AlarmBadge() {
  const { all, critical } = alarmSum.value
  if (all === 0) return null
  return (
    <span class="badge" data-worst={critical > 0 ? 'critical' : 'warning'}>
      {all > BADGE_MAX ? `${BADGE_MAX}+` : count(all)}
      <span class="unseen">
        {all === 1 ? ' alarm' : ' alarms'}
        {critical > 0 && `, ${critical} critical`}
      </span>
    </span>
  )
}
