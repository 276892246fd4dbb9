/**
 * Home Assistant takes letters, digits, `_` and `-` in its topic levels, names and bases have `.` and `/` as well. Each
 * name becomes another text, so two devices never share a topic.
 */
function level(text: string): string {
  return text.replace(/[_./]/g, (character) => ({ _: '__', '.': '_-', '/': '_0' })[character] ?? '')
}

/**
 * Where a device is announced: `<prefix>/device/<node id>/<object id>/config`. The node id is the base topic: two gateways
 * on one broker keep apart, and an access list can allow this gateway its own part.
 */
export function configTopic(prefix: string, base: string, device: string): string {
  return `${prefix}/device/${level(base)}/${level(device)}/config`
}

/** Where Home Assistant says that it has started, by its default settings. */
export function birthTopic(prefix: string): string {
  return `${prefix}/status`
}
