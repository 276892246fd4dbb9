/** Which devices Home Assistant is told of, and where it listens. */
export interface HomeAssistantSettings {
  /** First level of its discovery topics, `homeassistant` unless it was changed there. */
  readonly prefix: string
  /** A device with one of these tags is announced, */
  readonly tags: readonly string[]
  /** and so is one of these models; `*` stands for every device. */
  readonly models: readonly string[]
}

/** A retained message that the bus holds, or may hold: it must be cleared some day. */
export interface Announcement {
  readonly topic: string
  readonly device: string
  /** What it announced, as in `Discovery.components`: those that go must be taken back by name. */
  readonly components: readonly string[]
}

/** Outlives the device, the settings and the process; otherwise a deleted device would haunt Home Assistant. */
export interface AnnouncementStore {
  announcements(): Promise<Announcement[]>
  /** Adds it, or replaces the one on the same topic. */
  saveAnnouncement(announcement: Announcement): Promise<void>
  dropAnnouncement(topic: string): Promise<void>
}
