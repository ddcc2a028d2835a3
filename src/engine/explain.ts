import { TacitError } from '../errors.ts'
import { type ArmSpec, type Decision, type Fact, type Limits, type Outcome, parse } from '../records.ts'
import { evidenceOf } from './choice.ts'
import { explainInput } from './operation-inputs.ts'
import type { Parts } from './parts.ts'
import type { Explanation } from './types.ts'

/** Explains decisions from the log alone. */
export function explainer({ store, config }: Parts, assertOpen: () => void) {
  return async (decisionId: string): Promise<Explanation> => {
    assertOpen()
    const { decisionId: id } = parse(explainInput, { decisionId }, 'explain')
    const facts = (await store.facts(config.scope, [id])).get(id)?.map(({ fact }) => fact) ?? []
    const decision = facts.find((fact): fact is Decision => fact.kind === 'decision')
    if (decision !== undefined) return explanationOf(decision, facts)
    throw new TacitError(
      'NOT_FOUND',
      `explain: there is no decision ${JSON.stringify(id)}. Check the id and the scope.`,
      {
        details: { decisionId: id, scope: config.scope },
      },
    )
  }
}

function explanationOf(decision: Decision, facts: readonly Fact[]): Explanation {
  const { body } = decision
  const outcome = facts.findLast((fact): fact is Outcome => fact.kind === 'outcome')?.body ?? null
  const explained = {
    decisionId: decision.id,
    task: body.task,
    taskType: body.taskType,
    at: new Date(decision.atUs / 1000).toISOString(),
    arm: body.arm,
    arms: probabilitiesOf(body.arms, body.distribution),
    propensity: body.propensity,
    policy: body.policy,
    stage: body.stage,
    explored: body.explored,
    prediction: body.prediction,
    evidence: body.observations && evidenceOf(body.observations, body.arm, body.taskType),
    limits: body.limits ?? null,
    outcome: outcome && {
      success: outcome.success,
      quality: outcome.quality,
      durationMs: outcome.durationMs,
      costUsd: outcome.costMicroUsd === null ? null : outcome.costMicroUsd / 1e6,
      errorType: outcome.error?.type ?? null,
    },
    steps: facts.filter(({ kind }) => kind === 'step').length,
    feedback: facts.filter(({ kind }) => kind === 'feedback').length,
  }
  return { ...explained, reasons: reasonsOf(explained) }
}

function probabilitiesOf(arms: readonly ArmSpec[], distribution: readonly number[] | null) {
  return arms
    .map(({ id }, i) => ({ arm: id, probability: distribution?.[i] ?? null }))
    .sort((a, b) => (b.probability ?? 0) - (a.probability ?? 0))
}

function reasonsOf(explained: Omit<Explanation, 'reasons'>): string[] {
  const { arm, propensity, policy, explored, stage, arms, evidence, limits, prediction } = explained
  if (propensity === null) return [`${arm} was used without Tacit: this is recorded history, nothing was chosen.`]
  const others = arms.length - 1
  const among =
    others === 0 ? 'the only arm there was' : `with probability ${share(propensity)} among ${arms.length} arms`
  const reasons = [`${arm} was chosen ${among}, by policy ${policy?.id} in stage ${stage}.`]
  if (evidence !== null) reasons.push(evidence.summary)
  if (explored === true) reasons.push('Another arm had the better estimate: this one was tried to learn about it.')
  if (explored === false && others > 0) reasons.push('No other arm had a better estimate.')
  const expected = prediction?.pSuccess.value ?? null
  if (expected !== null) reasons.push(`It was expected to succeed with probability ${share(expected)}.`)
  return [...reasons, ...reasonsOfLimits(limits)]
}

function reasonsOfLimits(limits: Limits | null): string[] {
  if (limits === null) return []
  const excluded = Object.entries(limits.excluded ?? {}).map(([arm, why]) => `${arm} (${why.join(', ')})`)
  return [
    ...(excluded.length > 0 ? [`Not eligible: ${excluded.join('; ')}.`] : []),
    ...(limits.noneFits ? ['Every arm broke a limit; the least bad was taken.'] : []),
    ...(limits.kept ? ['The same task had got this arm shortly before.'] : []),
    ...(limits.greedy ? [`Nothing was tried out (${limits.greedy}).`] : []),
    ...(limits.sharesUnmet ? ['The configured shares could not all be met.'] : []),
    ...(limits.budget?.some(({ state }) => state !== 'met') ? ['A budget held the choice back.'] : []),
  ]
}

const share = (value: number) => `${(value * 100).toFixed(1)} %`
