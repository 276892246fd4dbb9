/** Time as a device has it: monotonic ms. A test may bring its own. */
export interface DeviceClock {
  nowMs(): number
  /** Runs once after the delay unless the returned function is called before. */
  after(delayMs: number, run: () => void): () => void
}

export const systemClock: DeviceClock = {
  nowMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}
