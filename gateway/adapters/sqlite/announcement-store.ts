import type { Announcement, AnnouncementStore } from '../../core/home-assistant/ports.ts'
import type { READS, WRITES } from './operations.ts'
import type { StoreThread } from './store-thread.ts'

/** Retained messages of integrations, on the threads of the registry. */
export class SqliteAnnouncements implements AnnouncementStore {
  readonly #writer: StoreThread<typeof WRITES>
  readonly #reader: StoreThread<typeof READS>

  constructor(writer: StoreThread<typeof WRITES>, reader: StoreThread<typeof READS>) {
    this.#writer = writer
    this.#reader = reader
  }

  announcements(): Promise<Announcement[]> {
    return this.#reader.call('announcements')
  }
  saveAnnouncement(announcement: Announcement): Promise<void> {
    return this.#writer.call('saveAnnouncement', announcement)
  }
  dropAnnouncement(topic: string): Promise<void> {
    return this.#writer.call('dropAnnouncement', topic)
  }
}
