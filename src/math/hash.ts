/**
 * A stable 53-bit hash of a text over its UTF-16 units: the same non-negative safe integer on every machine and in every
 * version (cyrb53, bryc, public domain). Not for secrets.
 */
export function hash53(text: string): number {
  let low = 0xdeadbeef
  let high = 0x41c6ce57
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    low = Math.imul(low ^ unit, 2654435761)
    high = Math.imul(high ^ unit, 1597334677)
  }
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  return 4294967296 * (2097151 & high) + (low >>> 0)
}

/**
 * A seeded 32-bit hash of the UTF-16 units text[start] … text[end - 1], without cutting the substring out. It equals
 * `finishHash(units.reduce(extendHash, startHash(seed)))`: use those three to hash growing or overlapping pieces.
 */
export function hash32(text: string, start = 0, end = text.length, seed = 0): number {
  let hash = startHash(seed)
  for (let index = start; index < end; index++) hash = extendHash(hash, text.charCodeAt(index))
  return finishHash(hash)
}

/** The state of an empty 32-bit hash. Different seeds give unrelated hashes. */
export function startHash(seed: number): number {
  return Math.imul(seed ^ 0x9747b28c, 0xcc9e2d51) ^ 0x811c9dc5
}

/** The state after one more UTF-16 unit (or any 32-bit integer). */
export function extendHash(state: number, unit: number): number {
  const mixed = Math.imul(state ^ unit, 0xcc9e2d51)
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593)
}

/** The hash of a state, an unsigned 32-bit integer (final mix of MurmurHash3, Austin Appleby, public domain). */
export function finishHash(state: number): number {
  let hash = state ^ (state >>> 16)
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
