import { automatic, claims, inARow, inFragments, inPieces, large } from './conformance/limits.ts'
import { conformance } from './conformance/run.ts'

conformance({
  '9.0 lengths that a header promises': claims,
  '9.1, 9.2 one large frame': large,
  '9.3, 9.4 large messages in fragments': inFragments,
  '9.5, 9.6 large messages in pieces': inPieces,
  '9.7, 9.8 many in a row': inARow,
  '10.1 fragments of a usual size': automatic,
})
