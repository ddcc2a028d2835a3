import type { z } from 'zod'
import { TacitError } from '../errors.ts'
import type { DecideInput, Estimate, Prediction, TaskInput } from '../records.ts'
import { parse } from '../records.ts'
import { observationsOf, weighedEvidenceOf } from './choice.ts'
import { storedContext } from './drafts.ts'
import { predictInput, recommendInput } from './operation-inputs.ts'
import { eligibleArms, isEnabled, learnerNow, type Parts } from './parts.ts'
import { rank } from './recommend.ts'
import type { ScoreCache } from './score-cache.ts'
import type { ArmPrediction, RankedArm, Recommendation, Tacit, WithheldArm } from './types.ts'

/** Past tasks that are shown with a ranking, if nothing else is asked for. */
const defaultSimilar = 3
/** Past tasks that predict looks at (some may be of arms that were not asked for), and how many of them it shows. */
const searchedSimilar = 20
const shownSimilar = 3

type RecommendInput = Parameters<Tacit['recommend']>[0]
type Search = Tacit['similar']

/** Arms ranked for a task; see `Tacit.recommend`. */
export async function recommend(
  parts: Parts,
  cache: ScoreCache,
  search: Search,
  input: RecommendInput,
): Promise<Recommendation> {
  const { config } = parts
  if (!isEnabled(config) || !config.features.recommendation) {
    throw new TacitError(
      'DISABLED',
      'recommend: recommendations are switched off. Set enabled and features.recommendation.',
    )
  }
  const { limit = 5, similar = defaultSimilar, ...request } = parse(recommendInput, input, 'recommend')
  const { task, taskType, learner, subject, eligible, version } = await ask(parts, request)
  const context = storedContext(request.context)
  const ranked = cache.get(['recommend', task, taskType, eligible, context], version, () =>
    rank(learner, eligible, subject, context, config),
  )
  const { recommend: least } = config.learning.minObservations
  const { shown, withheld } = withEnough(ranked, least)
  return {
    task,
    taskType,
    arms: shown.slice(0, limit),
    armsLeftOut: Math.max(0, shown.length - limit),
    withheld,
    similar: similar === 0 ? [] : await search(request.task, { limit: similar }),
    policy: { id: learner.policy.id, version: learner.policy.version },
  }
}

/** What to expect of each arm on a task; see `Tacit.predict`. */
export async function predict(
  parts: Parts,
  cache: ScoreCache,
  search: Search,
  input: TaskInput & { arms?: DecideInput['arms'] },
): Promise<ArmPrediction[]> {
  const { config } = parts
  if (!isEnabled(config) || !config.features.prediction) {
    throw new TacitError('DISABLED', 'predict: predictions are switched off. Set enabled and features.prediction.')
  }
  const request = parse(predictInput, input, 'predict')
  const { task, taskType, learner, subject, eligible, version } = await ask(parts, request)
  const ids = new Set<string | null>(eligible.map(({ id }) => id))
  const found = await search(request.task, { limit: searchedSimilar, ...(taskType !== null && { taskType }) })
  const nearest = found.filter(({ execution }) => ids.has(execution.arm)).slice(0, shownSimilar)
  const { predict: least } = config.learning.minObservations
  const predictions = cache.get(['predict', task, taskType, eligible], version, () => {
    const choice = learner.policy.choose({ ...subject, arms: eligible.map(arm => arm.id) })
    return eligible.map(({ id }, i) => ({
      arm: id,
      ...gated(learner.predict(subject, id), least),
      evidence: weighedEvidenceOf(observationsOf(choice, i), learner.shares(subject, id), id, taskType),
    }))
  })
  return predictions.map(({ evidence, ...prediction }) => ({
    ...prediction,
    evidence: { ...evidence, similar: nearest.filter(({ execution }) => execution.arm === prediction.arm) },
  }))
}

async function ask(parts: Parts, { task: words, taskType: given, arms }: z.output<typeof predictInput>) {
  const { guard, synchroniser, now } = parts
  const task = guard.task(words)
  const taskType = given ?? null
  const { learner, cursor } = await synchroniser.exclusive(async () => {
    const learner = await learnerNow(parts)
    return { learner, cursor: synchroniser.cursor }
  })
  const subject = learner.subjectOf(task, taskType, now() * 1000)
  // Evidence ages by whole days, so within one an answer stays as it is until something is learned.
  const version = [learner, cursor, Math.floor(subject.day)]
  return { task, taskType, learner, subject, eligible: eligibleArms(arms, learner, parts.config), version }
}

/** Arms with fewer observations than declared are not ranked; they are named instead. */
function withEnough(ranked: readonly RankedArm[], least: number) {
  const hasEnough = ({ utility }: RankedArm) => utility.nEff >= least
  const shown = ranked.filter(hasEnough).map((arm, index) => ({ ...arm, rank: index + 1 }))
  const withheld = ranked
    .filter(arm => !hasEnough(arm))
    .map(({ arm, utility }): WithheldArm => ({ arm, nEff: utility.nEff, needed: least }))
  return { shown, withheld }
}

/** Forecasts that rest on fewer observations than declared have no value and no interval. */
function gated(prediction: Prediction, least: number): Prediction {
  const gate = (estimate: Estimate): Estimate =>
    estimate.nEff >= least ? estimate : { value: null, interval: null, nEff: estimate.nEff }
  const { pSuccess, durationMs, costUsd, resources, model } = prediction
  return {
    pSuccess: gate(pSuccess),
    durationMs: gate(durationMs),
    costUsd: gate(costUsd),
    ...(resources && {
      resources: Object.fromEntries(Object.entries(resources).map(([name, estimate]) => [name, gate(estimate)])),
    }),
    model,
  }
}
