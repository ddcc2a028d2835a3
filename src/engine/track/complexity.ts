import { quantile, wilsonInterval } from '../../math/statistics.ts'
import { comparePositions, type Decision, type Fact, type Outcome } from '../../records.ts'
import { eligibleArms, learnerNow, type Parts } from '../parts.ts'
import { successOf } from '../utility.ts'

export const complexityClasses = ['low', 'medium', 'high'] as const
export type ComplexityClass = (typeof complexityClasses)[number]

/** Forecasts looked at (the latest), and how many each class needs. */
const mostForecasts = 10_000
const leastPerClass = 20
const pageSize = 500

export interface ComplexityBin {
  readonly complexity: ComplexityClass
  /** Forecast probability of failure, from (inclusive) to (exclusive; the last one inclusive). */
  readonly from: number
  readonly to: number
  readonly n: number
  readonly forecast: number
  /** Share that really failed, with its Wilson 95 % interval. */
  readonly failed: number
  readonly interval: readonly [number, number]
  readonly medianDurationMs: number | null
}

export interface TaskComplexity {
  /** Null while too few forecasts came true or not. */
  readonly complexity: ComplexityClass | null
  readonly reason: string | null
  /** Probability of failure that is forecast for the task, with the arms as decide would choose among them. */
  readonly forecast: number | null
  /** Thirds of the past forecasts, and what came of them. */
  readonly bins: readonly ComplexityBin[]
}

interface Judged {
  readonly forecast: number
  readonly failed: number
  readonly durationMs: number | null
}

/**
 * How complex a task is, from how probable failure is: low, medium or high are the thirds of the forecasts that were stored
 * with past decisions, and each says how many really failed. Writes nothing.
 */
export async function complexity(parts: Parts, task: string, taskType: string | null): Promise<TaskComplexity> {
  const judged = await judgedForecasts(parts)
  const bins = binsOf(judged)
  const learner = await parts.synchroniser.exclusive(() => learnerNow(parts))
  if (learner.arms.size === 0 || bins.length === 0) {
    const needed = leastPerClass * complexityClasses.length
    const reason = `${judged.length} forecasts with a known outcome are on record; ${needed} that differ are needed, ${leastPerClass} in each class.`
    return { complexity: null, reason, forecast: null, bins }
  }
  const subject = learner.subjectOf(parts.guard.task(task), taskType, parts.now() * 1000)
  const ids = eligibleArms(undefined, learner, parts.config).map(({ id }) => id)
  const { probabilities } = learner.policy.choose({ ...subject, arms: ids })
  const forecast = ids.reduce(
    (sum, id, i) => sum + probabilities[i]! * (1 - learner.predict(subject, id).pSuccess.value!),
    0,
  )
  const bin = bins.find(({ to }) => forecast < to) ?? bins.at(-1)!
  return { complexity: bin.complexity, reason: null, forecast, bins }
}

async function judgedForecasts({ store, config }: Parts): Promise<Judged[]> {
  const rows = await store.executions(config.scope, { withOutcome: true, limit: mostForecasts })
  const ids = rows.flatMap(({ id, propensity }) => (propensity === null ? [] : [id]))
  const judged: Judged[] = []
  for (let start = 0; start < ids.length; start += pageSize) {
    const executions = await store.facts(config.scope, ids.slice(start, start + pageSize))
    for (const logged of executions.values()) judged.push(...judge(logged.map(({ fact }) => fact)))
  }
  return judged
}

function judge(facts: readonly Fact[]): Judged[] {
  const decision = facts.find((fact): fact is Decision => fact.kind === 'decision')
  const outcomes = facts.filter((fact): fact is Outcome => fact.kind === 'outcome')
  const outcome = outcomes.at(-1)
  const forecast = decision?.body.prediction?.pSuccess
  if (decision === undefined || outcome === undefined || forecast?.value == null || forecast.nEff === 0) return []
  // The forecast must be older than what it is judged by, and about the arm that was used.
  if (comparePositions(outcomes[0]!, decision) < 0) return []
  if (outcome.body.arm !== null && outcome.body.arm.id !== decision.body.arm) return []
  const success = successOf(outcome.body)
  return success === null
    ? []
    : [{ forecast: 1 - forecast.value, failed: 1 - success, durationMs: outcome.body.durationMs }]
}

/** Thirds of the forecasts; none while there are too few, or where they hardly differ. */
function binsOf(judged: readonly Judged[]): ComplexityBin[] {
  if (judged.length < leastPerClass * complexityClasses.length) return []
  const sorted = judged.map(({ forecast }) => forecast).sort((a, b) => a - b)
  const edges = [0, quantile(sorted, 1 / 3), quantile(sorted, 2 / 3), 1]
  const bins = complexityClasses.map((complexity, i) => {
    const [from, to] = [edges[i]!, edges[i + 1]!]
    const isLast = i === complexityClasses.length - 1
    const inside = judged.filter(({ forecast }) => forecast >= from && (isLast || forecast < to))
    const n = inside.length
    const mean = (of: (one: Judged) => number) => inside.reduce((sum, one) => sum + of(one), 0) / Math.max(1, n)
    const durations = inside.flatMap(({ durationMs }) => durationMs ?? []).sort((a, b) => a - b)
    const failed = mean(one => one.failed)
    return {
      complexity,
      from,
      to,
      n,
      forecast: mean(one => one.forecast),
      failed,
      interval: n === 0 ? ([0, 1] as const) : wilsonInterval(failed * n, n),
      medianDurationMs: durations.length === 0 ? null : quantile(durations, 0.5),
    }
  })
  return bins.every(({ n }) => n >= leastPerClass) ? bins : []
}
