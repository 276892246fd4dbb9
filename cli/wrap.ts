/** With less room than this a column of words is harder to read than what the terminal breaks. */
const ROOM_MIN = 24

/**
 * `left` and then the text, which goes on below itself where the line ends. Without a width, or with too little room,
 * it is one line. A word is never broken.
 */
export function hanging(left: string, text: string, width: number | undefined): string {
  const room = (width ?? Number.POSITIVE_INFINITY) - left.length
  if (text.length <= room || room < ROOM_MIN) return left + text
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > room) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return left + lines.join(`\n${' '.repeat(left.length)}`)
}

/** Columns of the terminal; undefined when a program reads. */
export const terminalWidth = (): number | undefined => (process.stdout.isTTY ? process.stdout.columns : undefined)
