import {
  type EstimatorName,
  evaluatePolicy,
  type OffPolicyEvaluation,
  type PreparedLog,
  prepareLog,
} from '../analyse/off-policy/evaluate.ts'
import type { PolicyValue } from '../analyse/off-policy/interval.ts'
import type { Target } from '../analyse/off-policy/logged-choice.ts'
import { armTarget, bestSingleTarget, categoryBestTarget, uniformTarget } from '../analyse/off-policy/targets.ts'
import type { Config } from '../config.ts'
import { TacitError } from '../errors.ts'
import { createPolicy } from '../learn/policy/policies.ts'
import type { Policy } from '../learn/policy/policy.ts'
import type { Parts } from './parts.ts'
import { type JudgedLog, judgedLog, type LogCounts, type LogEntry, readLog } from './policy-log.ts'
import { utilityRange } from './utility.ts'

const dayMs = 86_400_000
const dayUs = 86_400e6
const folds = 5
/** The split into folds is part of the answer: asking twice gives the same. */
const foldSeed = 'policy evaluation'

export interface PolicyEvaluateOptions {
  /** best-single, taskType-best, hierarchical, uniform, or the name of an arm (`arm:uniform` for one of these names). */
  readonly policy: string
  /** Only the decisions of the last so many days. */
  readonly days?: number
  /** Only this kind of task. */
  readonly taskType?: string
}

/** What a policy would have earned on the decisions of the log; all values in units of utility. */
export type PolicyEvaluation = OffPolicyEvaluation & {
  readonly policy: string
  /** How the policy came to be: fixed beforehand, or learned, and from which part of the log. */
  readonly method: string
  readonly counts: LogCounts
  readonly utilityVersion: number
}

const named = ['uniform', 'best-single', 'taskType-best', 'hierarchical'] as const
type NamedPolicy = (typeof named)[number]

/**
 * Judges a policy by the decisions on record, without running it. Writes nothing.
 * @throws TacitError NOT_FOUND if `policy` names an arm that no decision offered; INVALID_INPUT for days not above 0.
 */
export async function policyEvaluate(parts: Parts, options: PolicyEvaluateOptions): Promise<PolicyEvaluation> {
  const { policy, days, taskType } = options
  if (days !== undefined && !(days > 0))
    throw new TacitError('INVALID_INPUT', `days: ${days} is not a positive number of days.`)
  const sinceUs = days === undefined ? 0 : Math.max(0, Math.round((parts.now() - days * dayMs) * 1000))
  return policyEvaluateWithin(parts, policy, { sinceUs, ...(taskType === undefined ? {} : { taskType }) })
}

/** The same for the decisions of one window. */
export async function policyEvaluateWithin(
  parts: Pick<Parts, 'store' | 'config' | 'now'>,
  policy: string,
  window: { readonly sinceUs: number; readonly untilUs?: number; readonly taskType?: string },
): Promise<PolicyEvaluation> {
  const { store, config, now } = parts
  const { sinceUs, untilUs = Number.MAX_SAFE_INTEGER, taskType } = window
  const name = named.find(each => each === policy) ?? null
  const arm = name === null ? policy.replace(/^arm:/, '') : null
  const isAsked = ({ decision: { atUs, body } }: LogEntry) =>
    atUs >= sinceUs && atUs <= untilUs && (taskType === undefined || body.taskType === taskType)
  // What the default policy would choose rests on the whole log, whichever part of it is asked about.
  const filter = name === 'hierarchical' ? {} : window
  const entries = await readLog(store, config.scope, filter, config.utility)
  const range = utilityRange(config.utility)
  const judged = judgedLog(entries.filter(isAsked), range, arm)
  if (arm !== null && !judged.armIndex.has(arm) && judged.counts.armNotOffered > 0) {
    throw new TacitError(
      'NOT_FOUND',
      `policy: ${arm} is neither a policy (${named.join(', ')}) nor an arm that any of these decisions offered. Correct the name.`,
    )
  }
  const log = prepareLog(judged.choices, foldSeed, folds)
  const target =
    name === null
      ? armTarget(judged.choices, judged.armIndex.get(arm!) ?? 0)
      : targets[name](log, { judged, entries, config, day: now() / dayMs })
  return {
    policy,
    method: methodOf(name),
    counts: judged.counts,
    utilityVersion: config.utility.version,
    ...inUnitsOfUtility(evaluatePolicy(log, target), range),
  }
}

interface Material {
  readonly judged: JudgedLog
  /** Everything that may be learned from, oldest first. */
  readonly entries: readonly LogEntry[]
  readonly config: Config
  readonly day: number
}

const targets: Readonly<Record<NamedPolicy, (log: PreparedLog, material: Material) => Target>> = {
  uniform: log => uniformTarget(log.choices),
  'best-single': bestSingleTarget,
  'taskType-best': categoryBestTarget,
  hierarchical: hierarchicalTarget,
}

function methodOf(name: NamedPolicy | null): string {
  if (name === null || name === 'uniform') return 'The policy is fixed: nothing about it was learned from the log.'
  const history = name === 'hierarchical' ? ' and from history' : ''
  return (
    `The policy was learned by cross-fitting: for each of ${folds} parts of the log from the other parts alone${history}. ` +
    'Decisions about the same task stay in one part, so a task met before gives it no advantage here.'
  )
}

/**
 * What the default policy would choose today, had it never seen the fold that it is judged by: one policy per fold, taught
 * everything else in the order of the log, aged to `day`.
 */
function hierarchicalTarget({ folds: foldOf }: PreparedLog, { judged, entries, config, day }: Material): Target {
  const rowOf = new Map(judged.entries.map((entry, row) => [entry, row]))
  const taught = Array.from({ length: folds }, (_, fold) => {
    const policy = createPolicy('hierarchical', config.learning)
    for (const entry of entries) {
      const row = rowOf.get(entry)
      if (entry.utility === null || (row !== undefined && foldOf[row] === fold)) continue
      policy.learn({ ...situationOf(entry), arm: entry.arm, reward: entry.utility })
    }
    policy.advance(day)
    return policy
  })
  const known = new Map<number, readonly number[]>()
  return (row, fold) => {
    const remembered = foldOf[row] === fold ? known.get(row) : undefined
    if (remembered !== undefined) return remembered
    const probabilities = choose(taught[fold]!, judged.entries[row]!)
    if (foldOf[row] === fold) known.set(row, probabilities)
    return probabilities
  }
}

function choose(policy: Policy, entry: LogEntry): readonly number[] {
  const arms = entry.decision.body.arms.map(({ id }) => id)
  return [...policy.choose({ ...situationOf(entry), arms }).probabilities]
}

const situationOf = ({ decision: { atUs, body }, task }: LogEntry) => ({
  category: body.taskType,
  task,
  day: atUs / dayUs,
})

/** Values and intervals, moved back from 0..1. */
function inUnitsOfUtility(
  evaluation: OffPolicyEvaluation,
  [low, high]: readonly [number, number],
): OffPolicyEvaluation {
  if (evaluation.refused) return evaluation
  const span = high - low
  const moved = ({ value, interval }: PolicyValue, by: number): PolicyValue => ({
    value: by + span * value,
    interval: interval && [by + span * interval[0], by + span * interval[1]],
  })
  const estimates = Object.entries(evaluation.estimates).map(([name, value]) => [name, moved(value, low)])
  return {
    ...evaluation,
    logged: moved(evaluation.logged, low),
    estimates: Object.fromEntries(estimates) as Record<EstimatorName, PolicyValue>,
    difference: moved(evaluation.difference, 0),
  }
}
