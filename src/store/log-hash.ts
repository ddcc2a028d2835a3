import { createHash } from 'node:crypto'
import type { Fact } from '../records.ts'

/** Hashes a log, fact by fact in canonical order; equal logs have equal hashes, whichever database holds them. */
export function logHash(): { add(fact: Fact): void; digest(): string } {
  const hash = createHash('sha256')
  return {
    add: fact => void hash.update(`${canonicalJson(fact)}\n`),
    digest: () => hash.digest('hex'),
  }
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** The same text for equal values, in whichever order their keys were written. */
export const canonicalJson = (value: unknown): string => JSON.stringify(value, sortKeys)

/** The order in which the keys of a fact were written says nothing. */
function sortKeys(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
