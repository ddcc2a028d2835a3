import type { Config } from '../config.ts'
import { TacitError } from '../errors.ts'
import type { LevelShares } from '../learn/level-shares.ts'
import type { Choice } from '../learn/policy/policy.ts'
import { drawIndex, seedRng } from '../math/rng.ts'
import type { ArmSpec, Decision, Stage } from '../records.ts'
import type { ArmChoice, Evidence, WeighedEvidence } from './types.ts'
import type { Weighing } from './weigh.ts'

/** Share of the decisions that follow the policy; the others take the incumbent. */
export function actingShare(stage: Stage, config: Config): number {
  if (!config.features.routing) return 0
  return stage === 'auto' ? 1 : stage === 'canary' ? config.canaryShare : 0
}

export interface Drawn {
  readonly arm: string
  readonly propensity: number
  /** The final distribution, over the arms in their order. */
  readonly distribution: number[]
  readonly explored: boolean
}

/** Draws from the weighed distribution mixed with the incumbent, and says exactly how likely the drawn arm was. */
export function draw(
  { probabilities, indices }: Pick<Weighing, 'probabilities' | 'indices'>,
  arms: readonly ArmSpec[],
  incumbent: string,
  share: number,
  seed: string,
): Drawn {
  const distribution = arms.map(({ id }, i) => share * probabilities[i]! + (id === incumbent ? 1 - share : 0))
  const index = drawIndex(seedRng(seed), distribution)
  const best = indices.reduce((max, value) => Math.max(max, value), Number.NEGATIVE_INFINITY)
  return {
    arm: arms[index]!.id,
    propensity: distribution[index]!,
    distribution,
    explored: indices[index]! < best - 1e-12,
  }
}

/** The incumbent: the one named, or the first arm. It must be eligible. */
export function incumbentOf(arms: readonly ArmSpec[], named: string | undefined): string {
  if (named === undefined || arms.some(arm => arm.id === named)) return named ?? arms[0]!.id
  throw new TacitError('INVALID_INPUT', `incumbent: ${named} is not among the arms. Add it to arms, or name another.`)
}

/** A decision fact as its caller sees it. */
export function choiceOf({ id, body }: Decision): ArmChoice {
  const { arms, distribution, policy, stage, propensity } = body
  if (distribution === null || policy === null || stage === null || propensity === null) {
    throw new TacitError('ID_CONFLICT', `decide: ${id} is recorded history, not a decision. Choose another decisionId.`)
  }
  return {
    decisionId: id,
    arm: body.arm,
    propensity,
    distribution: Object.fromEntries(arms.map((arm, i) => [arm.id, distribution[i]!])),
    prediction: body.prediction,
    evidence: evidenceOf(body.observations ?? { all: 0, taskType: 0, task: 0 }, body.arm, body.taskType),
    policy,
    stage,
    explored: body.explored ?? false,
    ...(body.limits === undefined ? {} : { limits: body.limits }),
  }
}

/** Observations of the `index`-th arm at each level. */
export function observationsOf({ levels }: Choice, index: number): Evidence['observations'] {
  const count = (level: string) => levels.find(candidate => candidate.level === level)?.counts[index] ?? 0
  return { all: count('all'), taskType: count('taskType'), task: count('task') }
}

/** What the choice of an arm rested on, in numbers and in a sentence. */
export function evidenceOf(observations: Evidence['observations'], arm: string, taskType: string | null): Evidence {
  const { all } = observations
  const seen = all === 0 ? 'has not been observed yet' : `was observed ${times(all)}${whereOf(observations, taskType)}`
  return { observations, summary: `${arm} ${seen}.` }
}

/** The same with how much each level said about the estimate (null: it rests on nothing observed). */
export function weighedEvidenceOf(
  observations: Evidence['observations'],
  shares: LevelShares | null,
  arm: string,
  taskType: string | null,
): WeighedEvidence {
  const { summary } = evidenceOf(observations, arm, taskType)
  if (shares === null) return { observations, summary, shares }
  const whose = observations.all === 0 ? 'Its estimate comes from other arms, and rests' : 'Its estimate rests'
  return { observations, summary: `${summary} ${whose} ${sharesInWords(shares, taskType)}.`, shares }
}

function whereOf({ all, taskType: onType, task }: Evidence['observations'], taskType: string | null): string {
  const isAll = (n: number) => Math.abs(all - n) < 1e-9
  const part = (n: number) => (n === 0 ? 'none of them' : isAll(n) ? 'all of them' : `${count(n)} of them`)
  const type = all === 1 ? (onType === 0 ? 'not ' : '') : `${part(onType)} `
  const here = task === 0 ? '' : all === 1 ? ', on this very task' : `, ${times(task)} on this very task`
  return `${taskType === null ? '' : `, ${type}on ${taskType}`}${here}`
}

function sharesInWords({ all, taskType: onType, task }: LevelShares, taskType: string | null): string {
  const parts = [
    { share: all, what: 'what is known of all tasks' },
    { share: onType, what: taskType === null ? 'its task type' : `what happened on ${taskType}` },
    { share: task, what: 'this very task' },
  ].filter(({ share }) => share >= 0.005)
  if (parts.length === 1) return `on ${parts[0]!.what} alone`
  return parts.map(({ share, what }) => `${Math.round(share * 100)} % on ${what}`).join(', ')
}

const count = (n: number) => (Number.isInteger(n) ? String(n) : n.toFixed(1))
const times = (n: number) => (n === 1 ? 'once' : `${count(n)} times`)
