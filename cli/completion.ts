import type { Flag, Given } from './arguments.ts'
import type { Command } from './command.ts'
import { EXIT, UsageError } from './failures.ts'
import { printLine } from './print.ts'

type Shell = 'bash' | 'zsh' | 'fish'

/** The command that prints completion for the commands of the table. */
export function completionCommand(table: () => readonly Command[], common: Readonly<Record<string, Flag>>): Command {
  return {
    words: 'completion',
    operands: ['<shell>'],
    flags: {},
    about: 'print completion for bash, zsh or fish; the first line says how to use it',
    run: async (given: Given) => {
      const shell = given.operand(0)
      if (!isShell(shell)) throw new UsageError(`there is no completion for "${shell}"; there is bash, zsh and fish`)
      printLine(SCRIPTS[shell](table(), common))
      return EXIT.ok
    },
  }
}

const SCRIPTS: Readonly<Record<Shell, (table: readonly Command[], common: Readonly<Record<string, Flag>>) => string>> =
  { bash, zsh, fish }

function isShell(text: string): text is Shell {
  return Object.hasOwn(SCRIPTS, text)
}

/** `device add` → what may follow `device`. Also commands of one word. */
function wordsOf(table: readonly Command[]): Map<string, string[]> {
  const verbs = new Map<string, string[]>()
  for (const { words } of table) {
    const [subject = '', verb] = words.split(' ')
    verbs.set(subject, [...(verbs.get(subject) ?? []), ...(verb === undefined ? [] : [verb])])
  }
  return verbs
}

function flagsOf(command: Command, common: Readonly<Record<string, Flag>>): string[] {
  return Object.keys({ ...command.flags, ...common }).map((name) => `--${name}`)
}

function bash(table: readonly Command[], common: Readonly<Record<string, Flag>>): string {
  const verbs = wordsOf(table)
  const subjects = [...verbs.keys(), 'help'].join(' ')
  const verbCases = [...verbs].filter(([, list]) => list.length > 0)
  return [
    '# Completion for fairlead in bash: source <(fairlead completion bash)',
    '_fairlead() {',
    `  local word="\${COMP_WORDS[COMP_CWORD]}" line=""`,
    `  local subject="\${COMP_WORDS[1]}"`,
    '  COMPREPLY=()',
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    COMPREPLY=($(compgen -W "${subjects}" -- "$word")); return`,
    '  fi',
    '  case "$subject" in',
    ...verbCases.map(([subject]) => `    ${subject}) line="$subject \${COMP_WORDS[2]}" ;;`),
    '    *) line="$subject" ;;',
    '  esac',
    '  if [ "$COMP_CWORD" -eq 2 ] && [[ "$word" != -* ]]; then',
    '    case "$subject" in',
    ...verbCases.map(
      ([subject, list]) => `      ${subject}) COMPREPLY=($(compgen -W "${list.join(' ')}" -- "$word")); return ;;`,
    ),
    '    esac',
    '  fi',
    '  if [[ "$word" == -* ]]; then',
    '    case "$line" in',
    ...table.map(
      (one) => `      "${one.words}") COMPREPLY=($(compgen -W "${flagsOf(one, common).join(' ')}" -- "$word")) ;;`,
    ),
    '    esac',
    '    return',
    '  fi',
    '  COMPREPLY=($(compgen -f -- "$word"))',
    '}',
    'complete -F _fairlead fairlead',
  ].join('\n')
}

function zsh(table: readonly Command[], common: Readonly<Record<string, Flag>>): string {
  const verbs = wordsOf(table)
  const about = new Map(table.map((one) => [one.words, one.about]))
  const described = (list: readonly string[], prefix: string) =>
    list.map((word) => quoted(`${word}:${about.get(`${prefix}${word}`) ?? ''}`)).join(' ')
  const verbCases = [...verbs].filter(([, list]) => list.length > 0)
  return [
    '#compdef fairlead',
    '# Completion for fairlead in zsh: source <(fairlead completion zsh)',
    '_fairlead() {',
    '  local -a found',
    '  if (( CURRENT == 2 )); then',
    `    found=(${described([...verbs.keys(), 'help'], '')}); _describe command found; return`,
    '  fi',
    '  if (( CURRENT == 3 )) && [[ "$PREFIX" != -* ]]; then',
    '    case "$words[2]" in',
    ...verbCases.map(
      ([subject, list]) =>
        `      ${subject}) found=(${described(list, `${subject} `)}); _describe command found; return ;;`,
    ),
    '    esac',
    '  fi',
    '  case "$words[2] $words[3]" in',
    ...table.map((one) => `    ${pattern(one.words)}) _arguments ${zshFlags(one, common)} '*:file:_files' ;;`),
    '  esac',
    '}',
    'compdef _fairlead fairlead',
  ].join('\n')
}

/** A command of one word is followed by anything. */
function pattern(words: string): string {
  return words.includes(' ') ? `"${words}"` : `"${words} "*`
}

function zshFlags(command: Command, common: Readonly<Record<string, Flag>>): string {
  return Object.entries({ ...command.flags, ...common })
    .map(([name, { about, value, multiple }]) => {
      const text = about.replace(/[[\]:]/g, ' ')
      return quoted(`${multiple === true ? '*' : ''}--${name}[${text}]${value === undefined ? '' : `:${value}:`}`)
    })
    .join(' ')
}

function fish(table: readonly Command[], common: Readonly<Record<string, Flag>>): string {
  const verbs = wordsOf(table)
  const about = new Map(table.map((one) => [one.words, one.about]))
  const lines = ['# Completion for fairlead in fish: fairlead completion fish | source', 'complete -c fairlead -e']
  for (const [subject, list] of verbs) {
    const told = about.get(subject) ?? list.join(', ')
    lines.push(`complete -c fairlead -f -n __fish_use_subcommand -a ${subject} -d ${quoted(told)}`)
    for (const verb of list) {
      const seen = quoted(
        `__fish_seen_subcommand_from ${subject}; and not __fish_seen_subcommand_from ${list.join(' ')}`,
      )
      lines.push(`complete -c fairlead -f -n ${seen} -a ${verb} -d ${quoted(about.get(`${subject} ${verb}`) ?? '')}`)
    }
  }
  for (const one of table) {
    const seen = one.words.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`)
    for (const [name, flag] of Object.entries({ ...one.flags, ...common })) {
      const needs = flag.value === undefined ? '' : ' -r'
      lines.push(`complete -c fairlead -n ${quoted(seen.join('; and '))} -l ${name}${needs} -d ${quoted(flag.about)}`)
    }
  }
  return lines.join('\n')
}

/** As one word in each of these shells, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`
}
