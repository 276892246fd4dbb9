import { conformance } from './conformance/run.ts'
import { codePoints, controlCharacter, textChops, textFragments, textPrefixes } from './conformance/utf8.ts'

conformance({
  '6.1–6.4 text in fragments': textFragments,
  '6.5 text in pieces': textChops,
  '6.6 beginnings of a text': textPrefixes,
  '6.7–6.23 code points': codePoints,
  'UTF-8 that is no JSON': controlCharacter,
})
