import type { Announcement } from '../../core/home-assistant/ports.ts'
import type { Database } from './database.ts'

interface Row {
  readonly topic: string
  readonly device: string
  readonly components: string
}

export function announcements(db: Database): Announcement[] {
  const rows = db.rows<Row>('SELECT topic, device, components FROM announcements ORDER BY topic')
  return rows.map((row) => ({ ...row, components: JSON.parse(row.components) as string[] }))
}

export function saveAnnouncement(db: Database, { topic, device, components }: Announcement): void {
  db.run(
    `INSERT INTO announcements (topic, device, components) VALUES (?, ?, ?)
     ON CONFLICT (topic) DO UPDATE SET device = excluded.device, components = excluded.components`,
    topic,
    device,
    JSON.stringify(components),
  )
}

export function dropAnnouncement(db: Database, topic: string): void {
  db.run('DELETE FROM announcements WHERE topic = ?', topic)
}
