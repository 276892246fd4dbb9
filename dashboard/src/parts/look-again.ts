import { useEffect } from 'preact/hooks'
import { isInUse } from '../state/session.ts'

/** What a device does with its token or its settings the live socket does not tell, so the page looks. */
const LOOK_EVERY_MS = 2_000

/** Looks again and again while something is under way and somebody is at the page. One that fails is made up for by the next. */
export function useLooks(isUnderWay: boolean, look: () => Promise<void>): void {
  useEffect(() => {
    if (!isUnderWay) return
    const lookIfUsed = () => {
      if (isInUse()) look().catch(() => {})
    }
    const timer = setInterval(lookIfUsed, LOOK_EVERY_MS)
    return () => clearInterval(timer)
  }, [isUnderWay])
}
