import { isJsonObject, type JsonObject, utf8Length } from '../../protocol/json.ts'
import { PARAMS_MAX_BYTES } from '../../protocol/limits.ts'
import type { Report, Shadow } from './records.ts'

export const NO_SHADOW: Shadow = {
  desired: {},
  desiredVersion: 0,
  reported: {},
  reportedVersion: 0,
  reportedSession: 0,
}

export type DesiredChange =
  | { readonly kind: 'stored'; readonly shadow: Shadow; readonly changed: boolean }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'too_large' }

export interface DesiredOptions {
  /** Only if one of these is the present version. */
  readonly ifVersions?: readonly number[]
  readonly atMs: number
}

/** [M-12] What an operator's patch makes of the shadow; decided inside the store's transaction. Versions only rise. */
export function changeDesired(shadow: Shadow, patch: JsonObject, { ifVersions, atMs }: DesiredOptions): DesiredChange {
  if (ifVersions !== undefined && !ifVersions.includes(shadow.desiredVersion)) return { kind: 'conflict' }
  const desired = mergePatch(shadow.desired, patch)
  const text = JSON.stringify(desired)
  if (text === JSON.stringify(shadow.desired)) return { kind: 'stored', shadow, changed: false }
  if (utf8Length(text) > PARAMS_MAX_BYTES) return { kind: 'too_large' } // [L-6]
  const desiredVersion = Math.max(shadow.desiredVersion, shadow.reportedVersion) + 1
  return { kind: 'stored', shadow: { ...shadow, desired, desiredVersion, desiredAtMs: atMs }, changed: true }
}

/**
 * What a report makes of the shadow; undefined when a later session has reported. A device that runs with a version
 * which this registry never gave (an older backup was restored, or the device was registered anew) would pass over
 * what is desired as old [M-12]: then `desired` gets a version above it.
 */
export function applyReport(shadow: Shadow, { version, state, session, atMs }: Report): Shadow | undefined {
  if (shadow.reportedSession > session) return undefined
  const overtaken = shadow.desiredVersion > 0 && version > shadow.desiredVersion
  const desiredVersion = overtaken ? version + 1 : shadow.desiredVersion
  return {
    ...shadow,
    desiredVersion,
    reported: state,
    reportedVersion: version,
    reportedAtMs: atMs,
    reportedSession: session,
  }
}

/** RFC 7396: `null` removes a key, an object is merged, everything else replaces. Keys such as `__proto__` are keys. */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map(Object.entries(target))
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key)
    else if (isJsonObject(value)) merged.set(key, mergePatch(objectOrEmpty(merged.get(key)), value))
    else merged.set(key, value)
  }
  return Object.fromEntries(merged)
}

function objectOrEmpty(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {}
}
