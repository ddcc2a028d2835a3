import type { LoggedChoice } from '../analyse/off-policy/logged-choice.ts'
import type { Config } from '../config.ts'
import { comparePositions, type Decision, type Fact, type FactOf, type Outcome } from '../records.ts'
import type { ExecutionFilter, Store } from '../store/store.ts'
import { identityOf } from './learner.ts'
import { utilityOf } from './utility.ts'

const pageSize = 500

/** One execution as a policy can learn from it, and be judged by it where it carries a propensity. */
export interface LogEntry {
  readonly decision: Decision
  /** Identity of its task: the same type and the same words. */
  readonly task: number
  /** The arm that was used. */
  readonly arm: string
  /** The utility by the weights of now; null while the outcome, or a part of it that is weighed, is not known. */
  readonly utility: number | null
  readonly hasOutcome: boolean
}

/** Executions with a decision, oldest first. Their utilities are computed anew from what was stored. */
export async function readLog(
  store: Store,
  scope: string,
  filter: ExecutionFilter,
  weights: Config['utility'],
): Promise<LogEntry[]> {
  const ids: string[] = []
  for await (const row of store.scan(scope, filter)) if (row.decidedAtUs !== null) ids.push(row.id)
  const entries: LogEntry[] = []
  for (let start = 0; start < ids.length; start += pageSize) {
    const executions = await store.facts(scope, ids.slice(start, start + pageSize))
    for (const logged of executions.values()) {
      const entry = entryOf(
        logged.map(({ fact }) => fact),
        weights,
      )
      if (entry !== null) entries.push(entry)
    }
  }
  return entries.sort((a, b) => comparePositions(a.decision, b.decision))
}

function entryOf(facts: readonly Fact[], weights: Config['utility']): LogEntry | null {
  const decision = facts.find((fact): fact is Decision => fact.kind === 'decision')
  if (decision === undefined) return null
  const outcome = facts.findLast((fact): fact is Outcome => fact.kind === 'outcome')
  const feedback = facts.filter((fact): fact is FactOf<'feedback'> => fact.kind === 'feedback')
  return {
    decision,
    task: identityOf(decision.body.task, decision.body.taskType),
    arm: outcome?.body.arm?.id ?? decision.body.arm,
    utility: outcome === undefined ? null : utilityOf(outcome.body, feedback, weights),
    hasOutcome: outcome !== undefined,
  }
}

/** What became of the decisions asked about. */
export interface LogCounts {
  readonly executions: number
  /** Those that the policy is judged by; the others are left out, for the first of these reasons that holds. */
  readonly judged: number
  /** History, which was chosen without Tacit. */
  readonly withoutPropensity: number
  readonly withoutOutcome: number
  /** The outcome is known, but not all that the utility weighs. Nothing is made up for it. */
  readonly withoutUtility: number
  /** Another arm was used than the one chosen, so that the probability of the one used is not known. */
  readonly otherArmUsed: number
  /** The policy's arm was not among those that could be chosen. */
  readonly armNotOffered: number
}

export interface JudgedLog {
  /** The entries that the policy is judged by, and the same as numbers; utilities moved to 0..1. */
  readonly entries: readonly LogEntry[]
  readonly choices: readonly LoggedChoice[]
  readonly armIndex: ReadonlyMap<string, number>
  readonly counts: LogCounts
}

/**
 * Picks the entries that can be judged and puts them into numbers.
 * @param arm An arm that every choice must have offered, or null.
 */
export function judgedLog(
  entries: readonly LogEntry[],
  [low, high]: readonly [number, number],
  arm: string | null,
): JudgedLog {
  const counts = { withoutPropensity: 0, withoutOutcome: 0, withoutUtility: 0, otherArmUsed: 0, armNotOffered: 0 }
  const judged: LogEntry[] = []
  for (const entry of entries) {
    const reason = reasonToLeaveOut(entry, arm)
    if (reason === null) judged.push(entry)
    else counts[reason]++
  }
  const armIndex = new Index<string>()
  const categoryIndex = new Index<string | null>()
  const taskIndex = new Index<number>()
  const choices = judged.map(({ decision: { body }, task, utility }) => ({
    arms: body.arms.map(({ id }) => armIndex.of(id)),
    taken: body.arms.findIndex(({ id }) => id === body.arm),
    propensity: body.propensity!,
    propensities: body.distribution,
    category: categoryIndex.of(body.taskType),
    task: taskIndex.of(task),
    reward: Math.min(1, Math.max(0, (utility! - low) / (high - low))),
  }))
  return {
    entries: judged,
    choices,
    armIndex: armIndex.map,
    counts: { executions: entries.length, judged: judged.length, ...counts },
  }
}

function reasonToLeaveOut(entry: LogEntry, arm: string | null) {
  const { body } = entry.decision
  if (body.propensity === null || body.propensity === 0) return 'withoutPropensity'
  if (!entry.hasOutcome) return 'withoutOutcome'
  if (entry.utility === null) return 'withoutUtility'
  if (entry.arm !== body.arm) return 'otherArmUsed'
  return arm === null || body.arms.some(({ id }) => id === arm) ? null : 'armNotOffered'
}

/** Numbers 0, 1, … for keys in the order in which they are met. */
class Index<Key> {
  readonly map = new Map<Key, number>()

  of(key: Key): number {
    const known = this.map.get(key)
    if (known !== undefined) return known
    this.map.set(key, this.map.size)
    return this.map.size - 1
  }
}
