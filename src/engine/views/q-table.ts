import { observationsOf } from '../choice.ts'
import { Learner } from '../learner.ts'
import { isEnabled, learnerNow, type Parts } from '../parts.ts'
import { refitsOf } from '../track/refit.ts'
import type { LearningStats, NamedEstimate, QEntry, QTable, QTableOptions } from './types.ts'

const defaultPage = 100
/** 95 % quantile of the normal distribution: a 90 % interval. */
const normalTail = 1.6448536269514722
/** No text has this key: the estimate is for a task of the type that was not met before. */
const unmetTask = -1
/** States that `stats` looks at. */
const maxStates = 1000

/** The estimates of the states, a page at a time. */
export async function qTable(parts: Parts, options: QTableOptions): Promise<QTable> {
  const { limit = defaultPage, after, taskType, includeUntried = false } = options
  const learner = await currentLearner(parts)
  // Null, for tasks without a type, comes first; it has no name to page by and stands on the first page.
  const all = taskType === undefined ? [null, ...learner.taskTypeNames] : [taskType]
  const rest = after === undefined ? all : all.filter(state => state !== null && state > after)
  const page = rest.slice(0, limit)
  const entries = page.flatMap(state => cellsOf(parts, learner, state))
  const { id, version } = learner.policy
  return {
    utilityVersion: parts.config.utility.version,
    policy: { id, version },
    entries: entries.filter(({ entry }) => includeUntried || entry.updateCount > 0).map(({ entry }) => entry),
    next: rest.length > limit ? (page.at(-1) ?? '') : null,
  }
}

export async function stats(parts: Parts): Promise<LearningStats> {
  const { store, config } = parts
  const learner = await currentLearner(parts)
  const states = [null, ...learner.taskTypeNames].slice(0, maxStates).flatMap(state => {
    const cells = cellsOf(parts, learner, state)
    return cells.some(({ entry }) => entry.updateCount > 0) ? [cells] : []
  })
  const values = states.flat().flatMap(({ entry }) => (entry.updateCount > 0 ? [entry.qValue] : []))
  const { id, version } = learner.policy
  const { withOutcome } = await store.stats(config.scope)
  const name = Learner.nameFor(config)
  const snapshot = await store.loadSnapshot(config.scope, name)
  return {
    enabled: isEnabled(config),
    stage: config.stage,
    mode: config.learning.mode,
    policy: { id, version },
    totalExperiences: withOutcome,
    tableSize: values.length,
    states: states.length,
    actions: learner.arms.size,
    explorationRate: states.length === 0 ? null : mean(states.map(explorationOf)),
    qValues:
      values.length === 0
        ? null
        : {
            mean: mean(values),
            min: values.reduce((a, b) => Math.min(a, b)),
            max: values.reduce((a, b) => Math.max(a, b)),
          },
    snapshot: snapshot && {
      name,
      until: new Date(snapshot.position.recordedAtUs / 1000).toISOString(),
      sizeBytes: snapshot.bytes.byteLength,
    },
    refit: config.learning.refitHours === null ? null : await scheduled(parts, config.learning.refitHours),
  }
}

async function scheduled({ store, config }: Parts, everyHours: number): Promise<LearningStats['refit']> {
  return { everyHours, last: (await refitsOf(store, config.scope).read()).at(-1) ?? null }
}

/** Estimated utility of one arm on a task type, for a task that was not met before. */
export async function estimateOf(parts: Parts, state: string | null, arm: string): Promise<NamedEstimate> {
  const learner = await currentLearner(parts)
  const choice = learner.policy.choose({ arms: [arm], category: state, task: unmetTask, day: dayOf(parts) })
  const interval = intervalOf(choice.values[0]!, choice.deviations[0]!)
  const nEff = observationsOf(choice, 0).all
  return { quantity: 'expected utility', value: nEff === 0 ? null : choice.values[0]!, interval, nEff }
}

interface Cell {
  readonly entry: QEntry
  readonly probability: number
}

function cellsOf(parts: Parts, learner: Learner, state: string | null): Cell[] {
  const arms = [...learner.arms.keys()]
  if (arms.length === 0) return []
  const choice = learner.policy.choose({ arms, category: state, task: unmetTask, day: dayOf(parts) })
  return arms.map((action, i) => {
    const observations = observationsOf(choice, i)
    // A policy that is blind to the task type has one value per arm, and it counts in every state.
    const isBlind = !choice.levels.some(({ level }) => level === 'taskType')
    const entry = {
      state,
      action,
      qValue: choice.values[i]!,
      interval: intervalOf(choice.values[i]!, choice.deviations[i]!),
      updateCount: isBlind ? observations.all : observations.taskType,
      nEff: observations.all,
    }
    return { entry, probability: choice.probabilities[i]! }
  })
}

/** What the arms that do not have the best estimate get. */
function explorationOf(cells: readonly Cell[]): number {
  const best = cells.reduce((max, { entry }) => Math.max(max, entry.qValue), Number.NEGATIVE_INFINITY)
  return cells.reduce((sum, { entry, probability }) => sum + (entry.qValue < best - 1e-12 ? probability : 0), 0)
}

const currentLearner = (parts: Parts) => parts.synchroniser.exclusive(() => learnerNow(parts))
const dayOf = ({ now }: Parts) => now() / 86_400_000
const intervalOf = (value: number, deviation: number) =>
  [value - normalTail * deviation, value + normalTail * deviation] as const
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
