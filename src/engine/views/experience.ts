import {
  compatRewardFormulas,
  type Reward,
  type RewardedOutcome,
  type RewardFormula,
} from '../../analyse/compat/rewards.ts'
import type { Config } from '../../config.ts'
import { TacitError } from '../../errors.ts'
import type { Fact, FactOf } from '../../records.ts'
import type { ExecutionFilter, ExecutionRow } from '../../store/store.ts'
import type { Parts } from '../parts.ts'
import { utilityOf } from '../utility.ts'

/** A decision with its outcome: what the learner learned from. */
export interface Experience {
  readonly decision: FactOf<'decision'>
  readonly outcome: FactOf<'outcome'>
  readonly feedback: readonly FactOf<'feedback'>[]
  readonly steps: readonly FactOf<'step'>[]
}

const pageSize = 500

/** The formula that the learner aims at, which is the declared utility, and those of earlier systems. */
export function rewardFormulas({
  utility,
}: Config): readonly { readonly about: Omit<RewardFormula, 'reward'>; reward(of: Experience): Reward }[] {
  const declared = {
    id: 'utility',
    version: utility.version,
    formula: 'Σ weight × value, as declared under utility in the configuration',
    source: 'Tacit',
    warning: null,
  }
  return [
    {
      about: declared,
      reward: ({ outcome, feedback }) => ({ reward: utilityOf(outcome.body, feedback, utility), parts: {} }),
    },
    ...compatRewardFormulas.map(({ reward, ...about }) => ({
      about,
      reward: (experience: Experience) => reward(rewardedOutcomeOf(experience)),
    })),
  ]
}

/** @throws TacitError NOT_FOUND for a formula that does not exist. */
export function rewardFormula(config: Config, id = 'utility') {
  const all = rewardFormulas(config)
  const found = all.find(({ about }) => about.id === id)
  if (found !== undefined) return found
  const names = all.map(({ about }) => about.id).join(', ')
  throw new TacitError('NOT_FOUND', `There is no reward formula ${JSON.stringify(id)}. There are: ${names}.`)
}

/** The experiences that pass `filter`, in unspecified order; a page at a time, so that memory does not grow with them. */
export async function* experiences({ store, config }: Parts, filter: ExecutionFilter): AsyncGenerator<Experience> {
  let page: ExecutionRow[] = []
  for await (const row of store.scan(config.scope, { ...filter, withOutcome: true })) {
    page.push(row)
    if (page.length < pageSize) continue
    yield* await experiencesOf({ store, config }, page)
    page = []
  }
  yield* await experiencesOf({ store, config }, page)
}

/** The experiences of these executions, in their order; those without decision or outcome are left out. */
export async function experiencesOf(
  { store, config }: Pick<Parts, 'store' | 'config'>,
  rows: readonly ExecutionRow[],
): Promise<Experience[]> {
  const ids = rows.map(({ id }) => id)
  const found = await store.facts(config.scope, ids)
  return ids.flatMap(id => experienceOf(found.get(id)?.map(({ fact }) => fact) ?? []) ?? [])
}

/** The arm that was really used. */
export const armOf = ({ decision, outcome }: Experience): string => outcome.body.arm?.id ?? decision.body.arm

function experienceOf(facts: readonly Fact[]): Experience | null {
  const decision = facts.find(fact => fact.kind === 'decision')
  // Of several outcomes the last in canonical order counts, which is the order that the store gives.
  const outcome = facts.findLast(fact => fact.kind === 'outcome')
  if (decision === undefined || outcome === undefined) return null
  return {
    decision,
    outcome,
    feedback: facts.filter(fact => fact.kind === 'feedback'),
    steps: facts.filter(fact => fact.kind === 'step'),
  }
}

function rewardedOutcomeOf({ outcome, feedback, steps }: Experience): RewardedOutcome {
  const { success, quality, durationMs, error, evaluations, resources } = outcome.body
  const ratings = feedback.filter(({ body }) => body.dimension === 'overall').map(({ body }) => body.value01)
  const failedSteps = steps.filter(({ body }) => body.status === 'error').length
  const counted = (count: (of: FactOf<'feedback'>) => number) => feedback.reduce((sum, fact) => sum + count(fact), 0)
  return {
    success,
    quality,
    coverage: evaluations?.coverage ?? null,
    durationMs,
    timedOut: error?.type === 'timeout',
    errors: (error === undefined ? 0 : 1) + failedSteps,
    cpu: resources?.cpuPercent === undefined ? null : Math.min(1, resources.cpuPercent / 100),
    // Megabytes are no share: without the size of the machine it stays unknown.
    memory: null,
    rating: ratings.length === 0 ? null : ratings.reduce((sum, value) => sum + value, 0) / ratings.length,
    issues: counted(({ body }) => (typeof body.metadata?.issues === 'number' ? body.metadata.issues : 0)),
    suggestions: counted(({ body }) => body.suggestions?.length ?? 0),
  }
}
