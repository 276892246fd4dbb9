import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import type { Given } from './arguments.ts'
import type { Command } from './command.ts'
import { EXIT, UsageError } from './failures.ts'
import { printJson, printLine } from './print.ts'
import { askGateway } from './request.ts'
import { type Login, loginPath, parseUrl, readCa, readRunFile } from './settings.ts'

export const login: Command = {
  words: 'login',
  operands: ['<url>'],
  flags: {},
  about: 'remember a gateway, its CA and the API key (asked for, or from stdin or FAIRLEAD_API_KEY)',
  run,
}

async function run(given: Given): Promise<number> {
  const url = parseUrl(given.operand(0), '<url>')
  const ca = findCa(given, url)
  const key = (given.text('key') ?? process.env.FAIRLEAD_API_KEY ?? (await readKey())).trim()
  if (!/^[\x21-\x7e]+$/.test(key)) throw new UsageError('that is not an API key: it is empty or has spaces in it')
  const connection = { url, urlFrom: '<url>', key, keyFrom: 'your input', ...(ca && { ca: readCa(ca), caPath: ca }) }
  await askGateway(connection, { method: 'GET', path: '/api/v1/session' })
  save({ url: url.href, key, ...(ca && { ca }) })
  if (given.isSet('json')) printJson({ url: url.href, ca, file: loginPath() })
  else printLine(`The key is good. Kept in ${loginPath()}, readable by you alone.`)
  return EXIT.ok
}

/** Absolute, since the next command may run elsewhere. */
function findCa(given: Given, url: URL): string | undefined {
  const run = readRunFile()
  const isLocal = run?.url !== undefined && URL.parse(run.url)?.origin === url.origin
  const path = given.text('ca') ?? process.env.FAIRLEAD_CA ?? (isLocal ? run.ca : undefined)
  return path && url.protocol === 'https:' ? resolve(path) : undefined
}

/** The first line of stdin; on a terminal asked for and not shown. */
async function readKey(): Promise<string> {
  const isTerminal = process.stdin.isTTY === true
  if (isTerminal) process.stderr.write('API key (flk_…): ')
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: hidden, terminal: isTerminal })
  try {
    lines.once('SIGINT', () => lines.close())
    for await (const line of lines) return line
    return ''
  } finally {
    lines.close()
    if (isTerminal) process.stderr.write('\n')
  }
}

/** Whole or not at all, and never readable by others, not even for a moment. */
function save(content: Login): void {
  const path = loginPath()
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const unfinished = `${path}.${process.pid}`
  writeFileSync(unfinished, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  renameSync(unfinished, path)
}
