import { z } from 'zod'
import { parse } from '../../records.ts'
import type { ExecutionRow } from '../../store/store.ts'

/**
 * Scores that earlier systems computed, kept under their names so that their numbers can be reproduced and compared.
 * Nothing in Tacit chooses by them. Each is a pure function over plain records, with its formula, where that stands, and
 * what is wrong with it.
 */
export interface CompatScorer {
  readonly id: string
  readonly formula: string
  /** System and place that the formula comes from. */
  readonly source: string
  /** Why not to choose by it. */
  readonly warning: string
  /** What it takes, and what it then gives. */
  readonly example: { readonly input: unknown; readonly score: number }
  /** Whether it can be computed from the executions on record. */
  readonly readsLog: boolean
  readonly input: z.ZodType
  /**
   * The score of a plain record.
   * @throws TacitError INVALID_INPUT if the record does not fit `input`.
   */
  score(input: unknown): Scored
  /** The score of a group of executions; `reason` says why there is none. */
  scoreGroup(group: ExecutionGroup): Scored & { readonly reason: string | null }
}

export interface Scored {
  /** Null if the formula says nothing about this record. */
  readonly score: number | null
  readonly details: Readonly<Record<string, number | string | boolean | null>>
}

/** Executions of one arm, or of one task type, whose success is known, the oldest first. */
export interface ExecutionGroup {
  readonly executions: readonly ExecutionRow[]
  /** Task type that a score "in its domain" is asked for; null: anywhere. */
  readonly domain: string | null
  /** Age of the last execution, days. */
  readonly idleDays: number
}

/** A scorer from its typed parts. `fromGroup` gives the input for a group of executions, or the reason why there is none. */
export function defineScorer<Schema extends z.ZodType>(parts: {
  readonly id: string
  readonly formula: string
  readonly source: string
  readonly warning: string
  readonly input: Schema
  readonly example: { readonly input: z.input<Schema>; readonly score: number }
  score(input: z.output<Schema>): Scored
  fromGroup?(group: ExecutionGroup): z.output<Schema> | string
}): CompatScorer {
  const { score, fromGroup, ...rest } = parts
  return {
    ...rest,
    readsLog: fromGroup !== undefined,
    score: input => score(parse(parts.input, input, parts.id)),
    scoreGroup: group => {
      const input = fromGroup === undefined ? 'It cannot be computed from executions.' : fromGroup(group)
      if (typeof input === 'string') return { score: null, details: {}, reason: input }
      return { ...score(input), reason: null }
    },
  }
}

// ---- what the scorers read off a group -----------------------------------------------------------------------------

export interface Tally {
  readonly attempts: number
  readonly successes: number
  readonly failures: number
  readonly successRate: number
}

export function tallyOf({ executions }: ExecutionGroup): Tally {
  const attempts = executions.length
  const successes = executions.filter(({ success }) => success === true).length
  return { attempts, successes, failures: attempts - successes, successRate: successes / attempts }
}

/** Known durations, seconds, in the order of the executions. */
export function durationsSecondsOf({ executions }: ExecutionGroup): number[] {
  return executions.flatMap(({ durationMs }) => (durationMs === null ? [] : [durationMs / 1000]))
}

/** Ratings of single executions on 1..5, in the order of the executions. */
export function ratingsOf(executions: readonly ExecutionRow[]): number[] {
  return executions.flatMap(row => (row.ratingCount === 0 ? [] : [1 + (4 * row.ratingSum) / row.ratingCount]))
}

export const noDurations = 'No duration is on record.'
export const noRatings = 'No rating is on record; the formula needs one, and none is made up.'

export const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
export const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value))

export const fraction = z.number().min(0).max(1)
export const count = z.int().nonnegative()
export const seconds = z.number().nonnegative()
