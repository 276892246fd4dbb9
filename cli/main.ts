import { type Given, parseWords, suggest } from './arguments.ts'
import type { Command } from './command.ts'
import { COMMANDS, COMMON_FLAGS } from './command-table.ts'
import { EXIT, exitCodeOf, RefusedError, UsageError } from './failures.ts'
import { helpFor, helpForSubject, overview, usage } from './help.ts'
import { printable, printLine } from './print.ts'

/** The operator's command line. Resolves with the exit code. */
async function run(words: readonly string[]): Promise<number> {
  if (words.length === 0 || words[0] === 'help' || /^(-h|--help)$/.test(words[0] ?? '')) return help(words.slice(1))
  if (words.length === 2 && /^(-h|--help)$/.test(words[1] ?? '') && ofSubject(words[0]).length > 0)
    return help(words.slice(0, 1))
  const command = findCommand(words)
  const rest = words.slice(command.words.split(' ').length)
  const given = parseWords(rest, { ...COMMON_FLAGS, ...command.flags })
  if (given.isSet('help')) {
    printLine(helpFor(command))
    return EXIT.ok
  }
  checkOperands(command, given)
  return command.run(given)
}

function help(words: readonly string[]): number {
  printLine(helpText(words))
  return EXIT.ok
}

function helpText(words: readonly string[]): string {
  const [subject] = words
  if (subject === undefined) return overview()
  const commands = ofSubject(subject)
  const isSubject = words.length === 1 && commands.every((command) => command.words !== subject)
  return isSubject && commands.length > 0 ? helpForSubject(subject, commands) : helpFor(findCommand(words))
}

const ofSubject = (subject: string | undefined): Command[] =>
  COMMANDS.filter((command) => command.words.split(' ')[0] === subject)

/** The command that the first words name. Throws UsageError with the nearest one. */
function findCommand(words: readonly string[]): Command {
  const line = words.join(' ')
  const found = COMMANDS.find((command) => line === command.words || line.startsWith(`${command.words} `))
  if (found !== undefined) return found
  const siblings = ofSubject(words[0])
  const names = COMMANDS.map((command) => command.words)
  if (siblings.length > 0) {
    const verbs = siblings.map((command) => command.words.split(' ')[1] ?? '')
    const wrong = words[1] === undefined || words[1].startsWith('-') ? 'which one' : `not "${words[1]}"`
    const near = suggest(words[1] ?? '', verbs, `${words[0]} `)
    throw new UsageError(`${words[0]}: ${wrong}${near || `; there are ${verbs.join(', ')}`}`)
  }
  const subjects = names.map((name) => name.split(' ')[0] ?? '')
  const near = (words.length > 1 && suggest(words.slice(0, 2).join(' '), names)) || suggest(words[0] ?? '', subjects)
  throw new UsageError(`there is no command "${words[0]}"${near || '; "fairlead help" shows them all'}`)
}

function checkOperands(command: Command, given: Given): void {
  const needed = command.operands.filter((operand) => operand.startsWith('<'))
  const missing = needed[given.operands.length]
  if (missing !== undefined) throw new UsageError(`${missing} is missing: fairlead ${usage(command)}`)
  if (command.operands.at(-1)?.endsWith('...>')) return
  const extra = given.operands[command.operands.length]
  if (extra !== undefined) throw new UsageError(`"${extra}" is too much: fairlead ${usage(command)}`)
}

function report(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  const wantsJson = process.argv.includes('--json') && error instanceof RefusedError
  process.stderr.write(wantsJson ? `${JSON.stringify(error.problem)}\n` : `fairlead: ${printable(message)}\n`)
}

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.refused),
)

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  report(error)
  process.exitCode = exitCodeOf(error)
}
