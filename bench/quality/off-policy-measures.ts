import { policyValue, type WeightedEstimate } from '../../src/analyse/off-policy/estimators.ts'
import {
  type EstimatorName,
  estimateAll,
  estimatorNames,
  evaluatePolicy,
  intervalOf,
  prepareLog,
} from '../../src/analyse/off-policy/evaluate.ts'
import { type Interval, scoreInterval } from '../../src/analyse/off-policy/interval.ts'
import { seedRng } from '../../src/math/rng.ts'
import { mean } from './hindsight.ts'
import { drawLog, type LoggedWorld, type TargetName, targetNames } from './off-policy-log.ts'

/** How far an estimator was from the truth over many logs. */
export interface Accuracy {
  readonly bias: number
  /** Standard error of the bias. */
  readonly biasError: number
  readonly rmse: number
  /** Share of the logs whose 95 % interval holds the truth, and its mean width; null without intervals. */
  readonly coverage: number | null
  readonly width: number | null
}

export interface TargetResult {
  readonly target: TargetName
  readonly truth: number
  readonly accuracy: Readonly<Record<EstimatorName, Accuracy>>
  /**
   * The doubly robust estimate with an interval for these very tasks, as the protocol asks. The interval that Tacit reports is
   * about tasks such as these and also counts that others might have come.
   */
  readonly theseTasks: Accuracy
  /** The difference from the log, in the logs that were not refused; null if all were. */
  readonly difference: Accuracy | null
  readonly meanEffectiveSampleSize: number
  readonly refusedShare: number
}

interface Error {
  readonly error: number
  readonly interval: Interval | null
  readonly truth: number
}

/** Judges every target by `replications` seeded logs. */
export function judgeTargets(
  world: LoggedWorld,
  replications: number,
  onProgress: (done: number) => void,
): TargetResult[] {
  const errors = new Map<string, Error[]>()
  const sizes = new Map<TargetName, number[]>(targetNames.map(name => [name, []]))
  const note = (key: string, value: number, interval: Interval | null, truth: number) => {
    const known = errors.get(key)
    const error = { error: value - truth, interval, truth }
    if (known === undefined) errors.set(key, [error])
    else known.push(error)
  }
  for (let replication = 0; replication < replications; replication++) {
    const choices = drawLog(world, seedRng(`${world.name} log ${replication}`))
    const log = prepareLog(choices, `folds ${replication}`)
    const tasks = choices.map(({ task }) => task)
    for (const [name, { target, truth }] of world.targets) {
      const evaluation = evaluatePolicy(log, target)
      sizes.get(name)!.push(evaluation.support.effectiveSampleSize)
      if (!evaluation.refused) {
        const { value, interval } = evaluation.difference
        note(`${name} difference`, value, interval, truth - world.behaviour)
      }
      const estimates = estimateAll(log, target)
      for (const estimator of estimatorNames) {
        const estimate = estimates[estimator]
        note(`${name} ${estimator}`, policyValue(estimate), intervalOf(estimator, estimate, tasks), truth)
      }
      const fixed = withFixedTasks(estimates.doublyRobust)
      note(`${name} these tasks`, policyValue(fixed), scoreInterval(fixed, tasks), truth)
    }
    onProgress(replication + 1)
  }
  return targetNames.map(name => ({
    target: name,
    truth: world.targets.get(name)!.truth,
    accuracy: Object.fromEntries(
      estimatorNames.map(estimator => [estimator, accuracyOf(errors.get(`${name} ${estimator}`)!)]),
    ) as Record<EstimatorName, Accuracy>,
    theseTasks: accuracyOf(errors.get(`${name} these tasks`)!),
    difference: errors.has(`${name} difference`) ? accuracyOf(errors.get(`${name} difference`)!) : null,
    meanEffectiveSampleSize: mean(sizes.get(name)!),
    refusedShare: 1 - (errors.get(`${name} difference`)?.length ?? 0) / replications,
  }))
}

/** The same estimate with a forecast that does not differ between tasks, so that their being a sample adds no variance. */
function withFixedTasks(estimate: WeightedEstimate): WeightedEstimate {
  return { ...estimate, forecast: new Float64Array(estimate.forecast.length).fill(mean([...estimate.forecast])) }
}

function accuracyOf(errors: readonly Error[]): Accuracy {
  const values = errors.map(({ error }) => error)
  const bias = mean(values)
  const intervals = errors.flatMap(({ interval, truth }) => (interval === null ? [] : [{ interval, truth }]))
  const covered = intervals.filter(({ interval, truth }) => interval[0] <= truth && truth <= interval[1])
  return {
    bias,
    biasError: Math.sqrt(mean(values.map(value => (value - bias) ** 2)) / values.length),
    rmse: Math.sqrt(mean(values.map(value => value * value))),
    coverage: intervals.length === 0 ? null : covered.length / intervals.length,
    width: intervals.length === 0 ? null : mean(intervals.map(({ interval }) => interval[1] - interval[0])),
  }
}
