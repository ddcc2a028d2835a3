import { auc, brier, calibrationError, quantile } from '../../src/math/statistics.ts'
import { mean } from './hindsight.ts'
import type { Run } from './run.ts'

export const metrics = [
  'reward',
  'regret',
  'gapClosed',
  'secondHalf',
  'auc',
  'brier',
  'calibrationError',
  'decideMs',
  'observeMs',
] as const
export type Metric = (typeof metrics)[number]

/** A metric over the runs: its value, and the standard deviation between runs (dividing by their number). */
export interface Measure {
  readonly value: number
  readonly sd: number
}

export interface Summary {
  /** Null: the metric does not exist for these runs. */
  readonly measures: Readonly<Record<Metric, Measure | null>>
  readonly decideP95Ms: number | null
  readonly observeP95Ms: number | null
  readonly runs: number
  readonly rounds: number
  readonly withoutForecast: number
}

/**
 * The metrics of several runs of one policy. Every value is the mean over the runs of
 * - reward: mean reward; secondHalf: the same over the last half of the rounds;
 * - regret: (best single arm - reward) x rounds, negative when the best single arm was beaten;
 * - gapClosed: (reward - best single arm) / (oracle - best single arm);
 * - auc: probability of success against success; brier: expected against actual reward; over all pairs of a run;
 * - decideMs, observeMs: mean duration of a call,
 * except calibrationError, which has all runs' pairs in one set of ten bins: a single short run has too few pairs per bin.
 */
export function summarise(runs: readonly Run[]): Summary {
  const over = (metric: (run: Run) => number | null) => spread(runs.map(metric))
  const pooled = calibrationOf(runs.flatMap(run => run.forecasts))
  const perRun = over(run => calibrationOf(run.forecasts))
  return {
    measures: {
      reward: over(run => mean(run.rewards)),
      regret: over(run => (run.bestSingle - mean(run.rewards)) * run.rewards.length),
      gapClosed: over(gapClosed),
      secondHalf: over(run => (run.isSequence ? mean(run.rewards.slice(Math.floor(run.rewards.length / 2))) : null)),
      auc: over(({ forecasts }) =>
        auc(
          forecasts.map(({ pSuccess }) => pSuccess),
          forecasts.map(({ isSuccess }) => isSuccess),
        ),
      ),
      brier: over(({ forecasts }) => brier(...pairs(forecasts))),
      calibrationError: pooled === null || perRun === null ? null : { value: pooled, sd: perRun.sd },
      decideMs: over(run => meanOrNull(run.decideMs)),
      observeMs: over(run => meanOrNull(run.observeMs)),
    },
    decideP95Ms: p95(runs.flatMap(run => run.decideMs)),
    observeP95Ms: p95(runs.flatMap(run => run.observeMs)),
    runs: runs.length,
    rounds: runs[0]?.rewards.length ?? 0,
    withoutForecast: runs.reduce((total, run) => total + run.withoutForecast, 0),
  }
}

function gapClosed({ rewards, bestSingle, oracle }: Run): number | null {
  return oracle > bestSingle ? (mean(rewards) - bestSingle) / (oracle - bestSingle) : null
}

function calibrationOf(forecasts: Run['forecasts']): number | null {
  return calibrationError(...pairs(forecasts), 10)
}

function pairs(forecasts: Run['forecasts']): [number[], number[]] {
  return [forecasts.map(({ forecast }) => forecast), forecasts.map(({ target }) => target)]
}

function meanOrNull(values: readonly number[]): number | null {
  return values.length === 0 ? null : mean(values)
}

function p95(values: readonly number[]): number | null {
  return values.length === 0
    ? null
    : quantile(
        values.toSorted((a, b) => a - b),
        0.95,
      )
}

/** Mean and standard deviation of the runs that have the metric; null when none has. */
function spread(values: readonly (number | null)[]): Measure | null {
  const known = values.filter(value => value !== null)
  if (known.length === 0) return null
  const value = mean(known)
  return { value, sd: Math.sqrt(mean(known.map(each => (each - value) ** 2))) }
}
