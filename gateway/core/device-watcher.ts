import type { DeviceRow } from './records.ts'

/** Who wants to know what becomes of devices. Called often, on the way of telemetry: it must return at once. */
export interface DeviceWatcher {
  /** The row is like this now, or was read again at the start. */
  rowChanged(row: DeviceRow): void
  /** A telemetry key is new, has another type, or is gone. */
  keysChanged(device: string): void
  gone(device: string): void
}
