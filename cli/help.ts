import type { Flags } from './arguments.ts'
import type { Command } from './command.ts'
import { COMMANDS, COMMON_FLAGS, GROUPS } from './command-table.ts'
import { hanging, terminalWidth } from './wrap.ts'

/** The whole command line on one page. */
export function overview(): string {
  const width = widthOf(COMMANDS.map(usage))
  const groups = GROUPS.flatMap(({ title, commands }) => [`${title}:`, ...columns(usages(commands), width), ''])
  return [
    'Usage: fairlead <command> [flags]   (in this repository: npm run fairlead -- <command>)',
    '',
    ...groups,
    'Flags of every command:',
    ...columns(flagLines(COMMON_FLAGS)),
    '',
    'Exit codes: 0 done, 1 the gateway refused or the command failed, 2 wrong usage, 3 no gateway reached.',
    'Away from a terminal, tables are lines with tabs and without a heading.',
  ].join('\n')
}

/** The commands that begin with one word, such as `device`. */
export function helpForSubject(subject: string, commands: readonly Command[]): string {
  return [
    `Usage: fairlead ${subject} <verb> [flags]`,
    '',
    ...columns(usages(commands)),
    '',
    `Each says more with --help: fairlead ${commands[0]?.words} --help`,
  ].join('\n')
}

/** How one command is used. */
export function helpFor(command: Command): string {
  const own = flagLines(command.flags)
  return [
    `Usage: fairlead ${usage(command)}${own.length > 0 ? ' [flags]' : ''}`,
    '',
    `  ${command.about}`,
    ...(own.length > 0 ? ['', ...columns(own)] : []),
    '',
    'Flags of every command:',
    ...columns(flagLines(COMMON_FLAGS)),
  ].join('\n')
}

export function usage(command: Command): string {
  return [command.words, ...command.operands].join(' ')
}

const usages = (commands: readonly Command[]): (readonly [string, string])[] =>
  commands.map((command) => [usage(command), command.about])

function flagLines(flags: Flags): (readonly [string, string])[] {
  return Object.entries(flags).map(([name, { short, value, about }]) => {
    const names = short === undefined ? `--${name}` : `-${short}, --${name}`
    return [value === undefined ? names : `${names} <${value}>`, about] as const
  })
}

function columns(
  lines: readonly (readonly [string, string])[],
  width = widthOf(lines.map(([left]) => left)),
): string[] {
  return lines.map(([left, right]) => hanging(`  ${left.padEnd(width)}  `, right, terminalWidth()))
}

function widthOf(texts: readonly string[]): number {
  return Math.max(...texts.map((text) => text.length))
}
