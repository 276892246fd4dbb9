import type { ComponentChildren } from 'preact'
import { Batches } from '../parts/batch-list.tsx'
import { DeadLetters } from '../parts/dead-letters.tsx'
import { Empty } from '../parts/empty.tsx'
import { FleetCommandForm } from '../parts/fleet-command-form.tsx'
import { LatestCommands } from '../parts/latest-commands.tsx'
import { may } from '../state/session.ts'
import { BatchPage } from './batch.tsx'

/** Commands of many devices. `part` is the batch, or one of the words below; ids of batches are never one of them. */
export function CommandsPage({ part }: { part?: string }) {
  switch (part) {
    case undefined:
      return (
        <Tabs current="">
          <Batches />
        </Tabs>
      )
    case 'latest':
      return (
        <Tabs current="latest">
          <LatestCommands />
        </Tabs>
      )
    case 'dead-letters':
      return (
        <Tabs current="dead-letters">
          <DeadLetters />
        </Tabs>
      )
    case 'new':
      return <NewCommand />
    default:
      return <BatchPage key={part} id={part} />
  }
}

const TABS = [
  { part: '', title: 'To many devices' },
  { part: 'latest', title: 'All commands' },
  { part: 'dead-letters', title: 'Dead letters' },
] as const

function Tabs({ current, children }: { current: string; children: ComponentChildren }) {
  return (
    <div class="page">
      <header class="page-head">
        <h1>Commands</h1>
        {may('operator') && (
          <a class="button primary" href="#/commands/new">
            New fleet command
          </a>
        )}
      </header>
      <nav class="tabs" aria-label="Kinds of commands">
        {TABS.map(({ part, title }) => (
          <a key={part} href={`#/commands${part && `/${part}`}`} aria-current={part === current ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      {children}
    </div>
  )
}

function NewCommand() {
  if (!may('operator')) return <Empty title="Only operators send commands">Ask an admin to change your role.</Empty>
  return (
    <div class="page">
      <header class="device-head">
        <a class="back" href="#/commands">
          Commands
        </a>
        <h1>New fleet command</h1>
      </header>
      <FleetCommandForm />
    </div>
  )
}
