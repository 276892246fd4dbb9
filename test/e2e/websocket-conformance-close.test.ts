import { codes, order, payload } from './conformance/closing.ts'
import { conformance } from './conformance/run.ts'

conformance({
  '7.1 what comes after a close': order,
  '7.3, 7.5 the payload of a close': payload,
  '7.7, 7.9, 7.13 close codes': codes,
})
