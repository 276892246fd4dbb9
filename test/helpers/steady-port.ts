import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * Below the ports that the system gives to whoever names none, connections of clients too: a port of those can be gone
 * by the time that it is listened on, again above all.
 */
const FIRST = 10_000
const LAST = 29_999

/** A free port for who must know it before, or comes back to it. Nobody gets it by chance meanwhile. */
export async function steadyPort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, LAST + 1)
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
