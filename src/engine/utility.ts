import type { Config } from '../config.ts'
import type { FactOf, Outcome } from '../records.ts'

type Utility = Config['utility']
type Term = NonNullable<Utility['durationMs']>

/**
 * The outcome as one number, by the declared weights: Σ weight × value on 0..1. Quality is the given quality, else
 * success as 0 or 1. Null when a weighted value is missing and no substitute was declared: nothing is made up.
 */
export function utilityOf(
  outcome: Outcome['body'],
  feedback: readonly FactOf<'feedback'>[],
  weights: Utility,
): number | null {
  const { quality, success, durationMs, costMicroUsd, resources } = outcome
  const ratings = feedback.filter(({ body }) => body.dimension === 'overall').map(({ body }) => body.value01)
  const values: [Term | undefined, number | null][] = [
    [weights.quality, quality ?? successValue(success)],
    [weights.success, successValue(success)],
    [weights.durationMs, durationMs],
    [weights.costUsd, costMicroUsd === null ? null : costMicroUsd / 1e6],
    [weights.cpuTimeMs, resources?.cpuTimeMs ?? null],
    [weights.peakMemoryMb, resources?.peakMemoryMb ?? null],
    [weights.rating, ratings.length === 0 ? null : ratings.reduce((sum, value) => sum + value, 0) / ratings.length],
  ]
  let utility = 0
  for (const [term, value] of values) {
    if (term === undefined || term.weight === 0) continue
    const known = value ?? term.missing
    if (known === null) return null
    utility += term.weight * scaled(known, term)
  }
  return utility
}

/** The least and the greatest utility that the weights allow: every term lies on 0..1 before it is weighed. */
export function utilityRange({ version: _, ...terms }: Utility): [number, number] {
  const weights = Object.values(terms).map(term => term?.weight ?? 0)
  const low = weights.reduce((sum, weight) => sum + Math.min(0, weight), 0)
  const high = weights.reduce((sum, weight) => sum + Math.max(0, weight), 0)
  return high > low ? [low, high] : [low, low + 1]
}

/** What the success predictor learns from: success, or a graded quality in its place. */
export const successOf = ({ success, quality }: Outcome['body']): number | null => successValue(success) ?? quality

/** Tokens read and written, as far as they are known. */
export function tokensOf({ resources }: Outcome['body']): number | null {
  const { inputTokens, outputTokens } = resources ?? {}
  return inputTokens === undefined && outputTokens === undefined ? null : (inputTokens ?? 0) + (outputTokens ?? 0)
}

const successValue = (success: boolean | null) => (success === null ? null : success ? 1 : 0)

function scaled(value: number, { scale, from, to }: Term): number {
  const position =
    scale === 'linear'
      ? (value - from) / (to - from)
      : (Math.log10(Math.max(value, Number.MIN_VALUE)) - Math.log10(from)) / (Math.log10(to) - Math.log10(from))
  return Math.min(1, Math.max(0, position))
}
