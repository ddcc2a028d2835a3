/** A value within its size, and whether anything of it was left out. */
export interface Bounded {
  readonly value: Readonly<Record<string, unknown>>
  readonly isShortened: boolean
}

/** Lists and tables keep at least so many entries, so that intervals and the like stay whole. */
const fewest = 3
const longestText = 400

/**
 * `value` within `maxBytes` as JSON: agents pay for every token of an answer. Long texts, lists and tables are cut, from
 * the end, harder and harder until it fits; what remains is unchanged.
 */
export function bounded(value: Readonly<Record<string, unknown>>, maxBytes: number): Bounded {
  if (sizeOf(value) <= maxBytes) return { value, isShortened: false }
  let kept: unknown = value
  for (let most = 64; most >= fewest; most = Math.floor(most / 2)) {
    kept = cut(kept, most, Math.max(40, Math.min(longestText, most * 20)))
    if (sizeOf(kept) <= maxBytes) break
  }
  return { value: kept as Bounded['value'], isShortened: true }
}

const sizeOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value))

function cut(value: unknown, most: number, longest: number): unknown {
  if (typeof value === 'string') {
    return value.length <= longest ? value : `${value.slice(0, longest - 1).toWellFormed()}…`
  }
  if (Array.isArray(value)) return value.slice(0, most).map(item => cut(item, most, longest))
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value)
  // A record of fields is never this long; a table of names may be.
  const kept = entries.length > Math.max(most, 40) ? entries.slice(0, most) : entries
  return Object.fromEntries(kept.map(([key, item]) => [key, cut(item, most, longest)]))
}
