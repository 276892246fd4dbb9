import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { runReads, runWrites } from './batch.ts'
import type { Database } from './database.ts'
import { failureOf } from './failure.ts'
import type { FromThread, Request, ThreadData, ToThread } from './messages.ts'
import { openForReading, openForWriting } from './open.ts'

/**
 * Requests taken up at once, and answered together. The writer: enough that a storm shares one fsync, few enough
 * that the first does not wait long for the last. The reader gains less by sharing, so its first waits less.
 */
const BATCH_MAX = { writer: 1_000, reader: 64 } as const

/** The entry of both store threads: opens the file, then answers requests batch by batch until told to stop. */
function serve(port: MessagePort, { role, file }: ThreadData): void {
  const say = (message: FromThread) => port.postMessage(message)
  let db: Database
  try {
    db = role === 'writer' ? openForWriting(file) : openForReading(file)
  } catch (error) {
    say({ kind: 'refused', failure: failureOf(error) }) // nothing listens from here on, so the thread ends
    return
  }
  const run = role === 'writer' ? runWrites : runReads
  port.on('message', (first: ToThread) => {
    const { requests, stop } = takeBatch(port, first, BATCH_MAX[role])
    if (requests.length > 0) say({ kind: 'answers', answers: run(db, requests) })
    if (!stop) return
    db.close()
    port.close()
  })
  say({ kind: 'opened' })
}

/** The message and all that wait behind it, up to the bound. */
function takeBatch(port: MessagePort, first: ToThread, max: number): { requests: Request[]; stop: boolean } {
  const requests: Request[] = []
  for (let next: ToThread | undefined = first; next; next = nextOf(port)) {
    if (next.kind === 'stop') return { requests, stop: true }
    requests.push(next)
    if (requests.length === max) break
  }
  return { requests, stop: false }
}

function nextOf(port: MessagePort): ToThread | undefined {
  return receiveMessageOnPort(port)?.message as ToThread | undefined
}

if (!parentPort) throw new Error('this file runs in a worker thread only')
serve(parentPort, workerData as ThreadData)
