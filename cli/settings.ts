import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Given } from './arguments.ts'
import { UsageError } from './failures.ts'

/** Which gateway to talk to, and where each part of that was found, for messages. */
export interface Connection {
  readonly url: URL
  readonly urlFrom: string
  /** PEM of the CA to trust instead of the system's. */
  readonly ca?: string
  readonly caPath?: string
  /** A secret: goes into one header and nowhere else. */
  readonly key?: string
  readonly keyFrom?: string
}

/** What `fairlead login` keeps. */
export interface Login {
  readonly url: string
  readonly key: string
  /** Absolute path. */
  readonly ca?: string
}

/** What a running gateway writes into its data directory. */
export interface RunFile {
  readonly path: string
  readonly pid?: number
  readonly url?: string
  readonly ca?: string
  readonly mqttUrl?: string
}

export function loginPath(): string {
  return join(process.env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'fairlead', 'cli.json')
}

/** The gateway to use: flags, then environment, then the login, then the gateway that runs in this directory. */
export function findConnection(given: Given): Connection {
  const login = readLogin()
  const run = readRunFile()
  const [text, urlFrom] = findUrl(given, login, run)
  const url = parseUrl(text, urlFrom)
  // What was kept for one gateway is not shown to another.
  const known = login !== undefined && sameOrigin(login.url, url) ? login : undefined
  const local = run?.url !== undefined && sameOrigin(run.url, url) ? run : undefined
  const caPath = given.text('ca') ?? process.env.FAIRLEAD_CA ?? known?.ca ?? local?.ca
  const [key, keyFrom] = findKey(given, known)
  return {
    url,
    urlFrom,
    ...(caPath && url.protocol === 'https:' ? { ca: readCa(caPath), caPath } : {}),
    ...(key ? { key, keyFrom } : {}),
  }
}

function findUrl(given: Given, login: Login | undefined, run: RunFile | undefined): [string, string] {
  const flag = given.text('url')
  if (flag !== undefined) return [flag, '--url']
  if (process.env.FAIRLEAD_URL) return [process.env.FAIRLEAD_URL, 'FAIRLEAD_URL']
  if (login !== undefined) return [login.url, loginPath()]
  if (run?.url !== undefined) return [run.url, run.path]
  throw new UsageError(
    'which gateway? Start one here with "npm start", or name one with "fairlead login <url>", --url or FAIRLEAD_URL',
  )
}

function findKey(given: Given, login: Login | undefined): [string | undefined, string] {
  const flag = given.text('key')
  if (flag !== undefined) return [flag, '--key']
  if (process.env.FAIRLEAD_API_KEY) return [process.env.FAIRLEAD_API_KEY, 'FAIRLEAD_API_KEY']
  if (process.env.FAIRLEAD_ADMIN_KEY) return [process.env.FAIRLEAD_ADMIN_KEY, 'FAIRLEAD_ADMIN_KEY']
  return [login?.key, loginPath()]
}

/** Throws UsageError unless the text is an http(s) URL of a host. */
export function parseUrl(text: string, from: string): URL {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '') {
    throw new UsageError(`${from}: not a URL such as https://gateway:8443: ${text}`)
  }
  return url
}

function sameOrigin(text: string, url: URL): boolean {
  return URL.parse(text)?.origin === url.origin
}

export function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`the CA file cannot be read: ${path} (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    })
  }
}

function readLogin(): Login | undefined {
  const { url, key, ca } = readObject(loginPath()) ?? {}
  if (typeof url !== 'string' || typeof key !== 'string') return undefined
  return typeof ca === 'string' ? { url, key, ca } : { url, key }
}

export function readRunFile(): RunFile | undefined {
  const path = resolve(process.env.FAIRLEAD_DATA_DIR || 'data', 'run.json')
  const content = readObject(path)
  if (content === undefined) return undefined
  const { pid, url, ca, mqtt_url: mqttUrl } = content
  return {
    path,
    ...(typeof pid === 'number' ? { pid } : {}),
    ...(typeof url === 'string' ? { url } : {}),
    ...(typeof ca === 'string' ? { ca } : {}),
    ...(typeof mqttUrl === 'string' ? { mqttUrl } : {}),
  }
}

/** The object in a JSON file; undefined when there is no such file. */
function readObject(path: string): Record<string, unknown> | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new UsageError(`${path} cannot be read (${code})`, { cause: error })
  }
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // said below
  }
  throw new UsageError(`${path} is not a JSON object; remove it and try again`)
}
