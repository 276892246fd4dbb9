import { type Signal, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { AccessPage } from './pages/access.tsx'
import { AuditPage } from './pages/audit.tsx'
import { CommandsPage } from './pages/commands.tsx'
import { DevicePage } from './pages/device.tsx'
import { EventsPage } from './pages/events.tsx'
import { FleetPage } from './pages/fleet.tsx'
import { LoginPage } from './pages/login.tsx'
import { SystemPage } from './pages/system.tsx'
import { WelcomePage } from './pages/welcome.tsx'
import { Empty } from './parts/empty.tsx'
import { Frame } from './parts/frame.tsx'
import { Waiting } from './parts/waiting.tsx'
import { watchAlarms } from './state/alarms.ts'
import { watchFleet } from './state/fleet.ts'
import { connect, disconnect } from './state/live.ts'
import { route } from './state/route.ts'
import { askWho, may, who } from './state/session.ts'

export function App() {
  const { state } = who.value
  const isAway = useSignal(false)
  useEffect(() => askUntilAnswered(isAway), [])
  useEffect(() => {
    if (state !== 'in') return
    const stops = [watchFleet(), watchAlarms()]
    connect()
    return () => {
      for (const stop of stops) stop()
      disconnect()
    }
  }, [state])
  if (route.value.page === 'welcome') return <WelcomePage token={route.value.token} />
  if (state === 'asking')
    return <Waiting>{isAway.value ? 'The gateway does not answer. Trying again…' : 'Asking the gateway…'}</Waiting>
  if (state === 'out') return <LoginPage />
  return (
    <Frame>
      <Page />
    </Frame>
  )
}

const ASK_AGAIN_MS = 2_000

function askUntilAnswered(isAway: Signal<boolean>): void {
  askWho().catch(() => {
    isAway.value = true
    setTimeout(() => askUntilAnswered(isAway), ASK_AGAIN_MS)
  })
}

function Page() {
  const { value } = route
  switch (value.page) {
    case 'fleet':
      return <FleetPage />
    case 'device':
      return <DevicePage key={value.id} id={value.id} />
    case 'commands':
      return <CommandsPage part={value.part} />
    case 'events':
      return <EventsPage device={value.device} />
    case 'system':
      return <SystemPage />
    case 'audit':
      return may('admin') ? <AuditPage /> : <OnlyAdmins />
    case 'access':
      return may('admin') ? <AccessPage /> : <OnlyAdmins />
    default:
      return (
        <Empty title="There is nothing here">
          <a href="#/">Go to the fleet</a>
        </Empty>
      )
  }
}

function OnlyAdmins() {
  return <Empty title="Only admins see this page">Ask one to change your role.</Empty>
}
