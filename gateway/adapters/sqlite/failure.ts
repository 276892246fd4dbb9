/** Why an operation failed, in a form that crosses threads. Never holds a bound value: SQLite names columns only. */
export interface Failure {
  /** `store`: the file or the disk. `defect`: this one request was wrong; the store is fine. */
  readonly kind: 'store' | 'defect'
  readonly code: string
  readonly message: string
}

/** An error that is the store's fault although SQLite did not raise it. */
export class StoreError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'StoreError'
    this.code = code
  }
}

/** SQLite's primary result codes that speak of the file, the disk or the machine (sqlite.org/rescode.html). */
const STORE_CODES = new Map([
  [3, 'SQLITE_PERM'],
  [5, 'SQLITE_BUSY'],
  [6, 'SQLITE_LOCKED'],
  [7, 'SQLITE_NOMEM'],
  [8, 'SQLITE_READONLY'],
  [9, 'SQLITE_INTERRUPT'],
  [10, 'SQLITE_IOERR'],
  [11, 'SQLITE_CORRUPT'],
  [13, 'SQLITE_FULL'],
  [14, 'SQLITE_CANTOPEN'],
  [15, 'SQLITE_PROTOCOL'],
  [22, 'SQLITE_NOLFS'],
  [26, 'SQLITE_NOTADB'],
])
const PRIMARY_CODE_MASK = 0xff

export function failureOf(error: unknown): Failure {
  if (error instanceof StoreError) return { kind: 'store', code: error.code, message: error.message }
  if (!(error instanceof Error)) return { kind: 'defect', code: 'UNKNOWN', message: String(error) }
  if (!('errcode' in error) || typeof error.errcode !== 'number') {
    return { kind: 'defect', code: error.name, message: error.message }
  }
  const code = STORE_CODES.get(error.errcode & PRIMARY_CODE_MASK)
  if (code === undefined) return { kind: 'defect', code: `SQLITE_${error.errcode}`, message: error.message }
  return { kind: 'store', code, message: error.message }
}
