/**
 * @peculiar/x509 keeps its algorithms in a tsyringe container, which refuses to load without decorator metadata.
 * Compiled JavaScript carries none, so "nothing is known" is the whole truth, and a polyfill would say the same.
 * Imported before the library, for its effect.
 */
const nothingKnown = () => undefined
if (!('getMetadata' in Reflect)) Object.assign(Reflect, { getMetadata: nothingKnown, getOwnMetadata: nothingKnown })
