import type { LevelShares } from '../level-shares.ts'
import type { State } from '../state.ts'

/**
 * A predictor forecasts one number about the outcome of an arm on a task: probability of success, duration, cost.
 * Pure and streaming, like a policy. Each implementation runs `test/contract/predictor.suite.ts`.
 */
export interface Predictor {
  readonly id: string
  readonly version: number
  /** The forecast for one arm. Changes nothing. */
  predict(query: Query): Forecast
  /** What each level says about the forecast; null while nothing is known. */
  shares?(query: Query): LevelShares | null
  /** Lets all evidence age until `day` (days since 1970); earlier days change nothing. */
  advance(day: number): void
  learn(query: Query, value: number): void
  retract(query: Query, value: number): void
  /** Keeps only `share` of the evidence about an arm, everywhere or on one task type (null: everywhere). */
  discount?(arm: string, taskType: string | null, share: number): void
  toState(): State
}

export interface Query {
  readonly arm: string
  readonly category: string | null
  readonly task: number
  readonly day: number
  /** The words of the task, weighted by a vocabulary. */
  readonly words: SparseVector
}

/** Weights of a text's words and character runs; the two arrays run parallel. */
export interface SparseVector {
  readonly indices: Uint16Array
  readonly values: Float64Array
  /** Logarithm of the text's length, 0 for one of middling length. */
  readonly logLength: number
}

/** Hashed counts of a text: for each block (words, characters) sorted 32-bit hashes and how often each occurs. */
export interface SparseFeatures {
  readonly words: { readonly hashes: Uint32Array; readonly counts: Uint16Array }
  readonly characters: { readonly hashes: Uint32Array; readonly counts: Uint16Array }
}

export interface Forecast {
  /** Null while nothing is known. */
  readonly value: number | null
  /** 90 % interval of the quantity (for success: of the probability). */
  readonly interval: readonly [number, number] | null
  readonly nEff: number
}
