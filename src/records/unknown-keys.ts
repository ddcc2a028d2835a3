import { distance } from 'fastest-levenshtein'
import { z } from 'zod'

/** Of longer lists the beginning is told. */
const mostKnown = 40
const mostUnknown = 10
const longestName = 100

/** The one of `known` that was probably meant by `name`; null if none is alike. */
export function nearestName(name: string, known: readonly string[]): string | null {
  if (name.length > longestName) return null
  const far = (other: string) => distance(other.toLowerCase(), name.toLowerCase())
  const nearest = known.toSorted((a, b) => far(a) - far(b))[0]
  return nearest !== undefined && far(nearest) <= Math.max(1, name.length / 3) ? nearest : null
}

/** Says of keys that an object does not have which were probably meant, else which there are; other issues stay as they are. */
export function unknownKeys(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== 'unrecognized_keys' || !(issue.inst instanceof z.ZodObject)) return undefined
  const keys: readonly string[] = issue.keys
  const known = Object.keys(issue.inst.shape)
  const told = keys
    .slice(0, mostUnknown)
    .map(key => ({ key: key.slice(0, longestName), meant: nearestName(key, known) }))
  const unknown = told.map(
    ({ key, meant }) => JSON.stringify(key) + (meant === null ? '' : ` (did you mean ${meant}?)`),
  )
  const more = keys.length > mostUnknown ? ` and ${keys.length - mostUnknown} more` : ''
  const list = told.some(({ meant }) => meant === null) ? listOf(known) : ''
  return `Unrecognized key${keys.length > 1 ? 's' : ''}: ${unknown.join(', ')}${more}${list}`
}

function listOf(known: readonly string[]): string {
  if (known.length === 0) return ' (there are no keys here)'
  return ` (known: ${known.slice(0, mostKnown).join(', ')}${known.length > mostKnown ? ' …' : ''})`
}
