/** Words that stand in the API where a device id could stand: `/devices/import`, `/devices/export`. */
const RESERVED_IDS: readonly string[] = ['import', 'export']

/** A device with such an id could not be asked for. */
export function isReservedId(id: string): boolean {
  return RESERVED_IDS.includes(id)
}
