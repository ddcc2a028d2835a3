import { meanOf } from './worlds-measures.ts'

/** A mean over runs. */
export interface Estimate {
  readonly value: number
  /** Standard error of the mean; null from a single run. */
  readonly error: number | null
}

/** The mean of independent values and its standard error. */
export function estimate(values: readonly number[]): Estimate {
  const { value, standardError } = meanOf(values)
  return { value, error: values.length < 2 ? null : standardError }
}

/** The mean of `values[i] - others[i]`: what both runs of a pair have in common falls out. */
export function pairedDifference(values: readonly number[], others: readonly number[]): Estimate {
  return estimate(values.map((value, i) => value - others[i]!))
}

/** ".8123 ± .0020"; with `isSigned` a plus is written too. */
export function estimateText({ value, error }: Estimate, digits = 4, isSigned = false): string {
  const text = `${isSigned && value >= 0 ? '+' : ''}${value.toFixed(digits)}`
  return error === null ? text : `${text} ± ${error.toFixed(digits)}`
}
