import type { ConfigInput } from '../../src/config.ts'
import type { OutcomeInput } from '../../src/records.ts'
import type { Row, UtilityTerm } from './dataset.ts'

/**
 * The utility of a view, seen from both sides: as the bench measures it from a row, and as Tacit is told of it.
 * The measured reward never passes through Tacit.
 */
export interface Utility {
  /** Reward of one execution; null when a value is missing that the view gives no substitute for. */
  reward(row: Row, arm: string): number | null
  /** What Tacit is told about the outcome of one execution. */
  outcome(row: Row, arm: string): OutcomeInput
  /** The reward that a prediction of Tacit amounts to: this utility of what it predicts, 0..1; null while that is unknown. */
  forecast(prediction: Predicted): number | null
  /** The declaration in Tacit's configuration; undefined: the default (quality). */
  readonly config: ConfigInput['utility']
}

/** The part of a prediction that a reward depends on. */
export interface Predicted {
  readonly pSuccess: { readonly value: number | null }
  readonly durationMs: { readonly value: number | null }
  readonly costUsd: { readonly value: number | null }
}

const qualityOnly: readonly UtilityTerm[] = [
  { term: 'quality', weight: 1, scale: 'linear', from: 0, to: 1, missing: null },
]

/** The utility that is the sum of `terms`; quality alone when there are none. */
export function utilityOf(terms: readonly UtilityTerm[] = qualityOnly): Utility {
  const reward = (row: Row, arm: string) => sum(terms, term => rawValue(term, row, arm))
  if (terms === qualityOnly)
    return { reward, outcome: measured, forecast: ({ pSuccess }) => pSuccess.value, config: undefined }
  return isDeclarable(terms) ? declared(terms, reward) : computedByCaller(terms, reward)
}

/** Sum of weight x value, with each value on its scale; null when one is missing without a substitute. */
function sum(terms: readonly UtilityTerm[], valueFor: (term: UtilityTerm) => number | null): number | null {
  let total = 0
  for (const term of terms) {
    const value = valueFor(term) ?? term.missing
    if (value === null) return null
    total += term.weight * scaled(term, value)
  }
  return total
}

/** Quality and the arm's mark count as they are; every other value is clipped to 0..1 on its scale. */
function scaled({ term, scale, from, to }: UtilityTerm, value: number): number {
  if (term === 'quality' || term === 'arm') return value
  const map = scale === 'log10' ? Math.log10 : (raw: number) => raw
  return clip((map(value) - map(from)) / (map(to) - map(from)))
}

function rawValue(term: UtilityTerm, row: Row, arm: string): number | null {
  switch (term.term) {
    case 'quality':
      return row.quality
    case 'duration_s':
      return row.durationS
    case 'cost':
      return row.costUsd
    case 'input_tokens':
      return row.inputTokens
    case 'output_tokens':
      return row.outputTokens
    case 'output_chars':
      return row.outputChars
    case 'arm':
      return arm.startsWith(term.startsWith ?? '') ? 1 : 0
  }
}

/** Quality, duration, cost and tokens as they were measured. Success is left out: Tacit takes quality for it. */
function measured(row: Row): OutcomeInput {
  return {
    quality: row.quality,
    durationMs: row.durationS === null ? null : row.durationS * 1000,
    costUsd: row.costUsd,
    resources: {
      ...(row.inputTokens === null ? {} : { inputTokens: Math.round(row.inputTokens) }),
      ...(row.outputTokens === null ? {} : { outputTokens: Math.round(row.outputTokens) }),
    },
  }
}

// ---- a utility that Tacit's configuration can state ----------------------------------------------------------------

/** Tacit knows one term each of quality, duration and cost; a price per arm takes the place of the cost. */
function isDeclarable(terms: readonly UtilityTerm[]): boolean {
  const places = terms.map(({ term }) => (term === 'arm' ? 'cost' : term))
  return (
    new Set(places).size === places.length && places.every(place => ['quality', 'duration_s', 'cost'].includes(place))
  )
}

function declared(terms: readonly UtilityTerm[], reward: Utility['reward']): Utility {
  const quality = terms.find(({ term }) => term === 'quality')
  const duration = terms.find(({ term }) => term === 'duration_s')
  const cost = terms.find(({ term }) => term === 'cost')
  const price = terms.find(({ term }) => term === 'arm')
  const config = {
    quality: { weight: quality?.weight ?? 0, missing: quality?.missing ?? null },
    ...(duration && { durationMs: declaration(duration, 1000) }),
    ...(cost && { costUsd: declaration(cost, 1) }),
    ...(price && { costUsd: { weight: price.weight, from: 0, to: 1, missing: 0 } }),
  }
  return {
    reward,
    config,
    outcome: (row, arm) => ({ ...measured(row), ...(price && { costUsd: rawValue(price, row, arm) }) }),
    forecast({ pSuccess, durationMs, costUsd }) {
      if (pSuccess.value === null) return null
      const total = sum(terms, ({ term }) => {
        if (term === 'quality') return pSuccess.value
        if (term === 'duration_s') return durationMs.value === null ? null : durationMs.value / 1000
        return costUsd.value
      })
      return total === null ? null : clip(total)
    },
  }
}

function declaration({ weight, scale, from, to, missing }: UtilityTerm, unit: number) {
  return { weight, scale, from: from * unit, to: to * unit, missing: missing === null ? null : missing * unit }
}

// ---- a utility that it cannot state --------------------------------------------------------------------------------

/** The caller computes the utility and reports it as quality, moved from its possible range to 0..1. */
function computedByCaller(terms: readonly UtilityTerm[], reward: Utility['reward']): Utility {
  const low = terms.reduce((total, { weight }) => total + Math.min(0, weight), 0)
  const high = terms.reduce((total, { weight }) => total + Math.max(0, weight), 0)
  const range = high - low || 1
  return {
    reward,
    config: undefined,
    outcome(row, arm) {
      const total = reward(row, arm)
      return { ...measured(row), quality: total === null ? null : clip((total - low) / range) }
    },
    forecast: ({ pSuccess }) => (pSuccess.value === null ? null : clip(low + pSuccess.value * range)),
  }
}

/** `value` moved into 0..1. */
export function clip(value: number): number {
  return Math.min(1, Math.max(0, value))
}
