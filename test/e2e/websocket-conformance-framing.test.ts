import { fragmentation, masks, messages, pings, reservedBits, reservedOpcodes } from './conformance/framing.ts'
import { conformance } from './conformance/run.ts'

conformance({
  '1.* messages in one frame': messages,
  '2.* pings and pongs': pings,
  '3.* reserved bits': reservedBits,
  '4.* reserved opcodes': reservedOpcodes,
  '5.* fragments': fragmentation,
  'masks, RFC 6455 section 5.1': masks,
})
