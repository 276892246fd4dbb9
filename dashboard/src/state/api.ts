import type { CommandState } from '../../../protocol/command-request.ts'

/** What the gateway answers, as far as the page uses it. The full account is its OpenAPI document. */

export type Role = 'viewer' | 'operator' | 'admin'
export type PresenceState = 'online' | 'offline' | 'sleeping'

export interface Session {
  readonly name: string
  readonly kind: 'user' | 'key'
  readonly role: Role
}

export interface Token {
  readonly id: string
  readonly state: 'live' | 'offered' | 'pending' | 'ending' | 'expired' | 'revoked'
  readonly created_at: number
  readonly expires_at: number | null
  readonly replaces?: string
  readonly ends_at?: number
  readonly last_used_at?: number
}

export interface IssuedToken {
  readonly id: string
  readonly token: string
  readonly expires_at: number | null
}

export interface CommandItem {
  readonly id: string
  readonly device: string
  readonly batch?: string
  readonly name: string
  readonly params: unknown
  readonly state: CommandState
  readonly created_at: number
  readonly cancel_requested_at?: number
  readonly result?: unknown
  readonly error?: { readonly code: string; readonly message: string }
  readonly history: readonly { readonly state: string; readonly at: number }[]
  readonly progress?: { readonly percent?: number; readonly text?: string }
}

/** What people say of a device. */
export interface DeviceLabels {
  readonly model?: string
  readonly tags: readonly string[]
  readonly notes?: string
}

export interface DeviceDetail extends DeviceLabels {
  readonly id: string
  readonly counters: Readonly<Record<string, number>>
}

export interface Connection {
  readonly id: number
  readonly session: number
  readonly connected_at: number
  readonly ended_at?: number
  readonly reason?: string
  readonly address?: string
  readonly messages: number
}

export interface Shadow {
  readonly desired: Readonly<Record<string, unknown>>
  readonly desired_version: number
  readonly reported: Readonly<Record<string, unknown>>
  readonly reported_version: number
}

export interface User {
  readonly name: string
  readonly role: Role
  readonly enabled: boolean
  readonly has_password: boolean
  readonly last_login_at?: number
}

export interface LoginLink {
  readonly token: string
  readonly name: string | null
  readonly expires_at: number
}

export interface ApiKey {
  readonly name: string
  readonly role: Role
  /** Absent: everything that the role allows. */
  readonly scopes?: readonly string[]
  readonly created_at: number
  readonly expires_at: number | null
  readonly last_used_at?: number
}

/** A refusal of the gateway, or that it was not reached (status 0). The message is for people. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, detail: string) {
    super(detail)
    this.status = status
    this.code = code
  }
}

let onLoggedOut = () => {}
/** Called whenever an answer says that nobody is logged in any more. */
export function whenLoggedOut(callback: () => void): void {
  onLoggedOut = callback
}

/** One request below /api/v1. Rejects with ApiError. */
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  return (await ask<T>(method, path, body === undefined ? {} : { json: body })).body
}

export interface Asked {
  readonly json?: unknown
  /** A body of another type, with its `Content-Type` among the headers. */
  readonly text?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** As `call`, with headers: what `etag` says goes into `If-Match` of the change. */
export async function ask<T>(method: string, path: string, asked: Asked = {}): Promise<{ body: T; etag: string }> {
  const isJson = asked.json !== undefined
  const headers = { ...(isJson ? { 'Content-Type': 'application/json' } : {}), ...asked.headers }
  const body = isJson ? JSON.stringify(asked.json) : asked.text
  const response = await fetch(`/api/v1${path}`, { method, headers, body, credentials: 'same-origin' }).catch(
    () => undefined,
  )
  if (response === undefined) throw new ApiError(0, 'unreachable', 'The gateway cannot be reached.')
  if (response.ok) {
    const answer = (response.status === 204 ? undefined : await response.json()) as T
    return { body: answer, etag: response.headers.get('ETag') ?? '' }
  }
  const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string }
  const error = new ApiError(response.status, problem.code ?? 'unknown', explain(response, problem.detail))
  if (error.code === 'unauthorized') onLoggedOut()
  throw error
}

function explain(response: Response, detail: string | undefined): string {
  const after = response.headers.get('Retry-After')
  const text = detail ?? `The gateway answered ${response.status}.`
  return response.status === 429 && after !== null ? `${text} Try again in ${after} s.` : text
}

export const pathOf = (device: string): string => `/devices/${encodeURIComponent(device)}`
