import type { Config } from '../config.ts'
import type { LevelShares } from '../learn/level-shares.ts'
import type { ArmSpec, StoredContext } from '../records.ts'
import { observationsOf, weighedEvidenceOf } from './choice.ts'
import type { Learner, Subject } from './learner.ts'
import type { RankedArm } from './types.ts'
import { utilityRange } from './utility.ts'
import { weigh } from './weigh.ts'

/** 95 % quantile of the normal distribution: a 90 % interval. */
const normalTail = 1.6448536269514722

/** The arms for a task as `decide` would compare them, best first, each with what its estimate rests on. */
export function rank(
  learner: Learner,
  arms: readonly ArmSpec[],
  subject: Subject,
  context: StoredContext,
  config: Config,
): RankedArm[] {
  const { choice, values, probabilities, indices } = weigh(learner, arms, subject, context, config)
  const { deviations, nEff } = choice
  const [lowest, highest] = utilityRange(config.utility)
  const within = (value: number) => Math.min(highest, Math.max(lowest, value))
  const shares = sharesOf(learner, arms, subject, nEff)
  return arms
    .map((arm, i) => ({ arm: arm.id, i, value: values[i]! }))
    .sort((a, b) => indices[b.i]! - indices[a.i]! || b.value - a.value || a.i - b.i)
    .map(({ arm, i, value }, index) => ({
      arm,
      rank: index + 1,
      utility: {
        value: within(value),
        interval: [within(value - normalTail * deviations[i]!), within(value + normalTail * deviations[i]!)] as const,
        nEff: nEff[i]!,
      },
      prediction: config.features.prediction ? learner.predict(subject, arm) : null,
      probability: probabilities[i]!,
      evidence: weighedEvidenceOf(observationsOf(choice, i), shares[i]!, arm, subject.category),
    }))
}

function sharesOf(
  { policy }: Learner,
  arms: readonly ArmSpec[],
  subject: Subject,
  nEff: Float64Array,
): readonly (LevelShares | null)[] {
  if (policy.shares === undefined) return arms.map((_, i) => (nEff[i]! > 0 ? { all: 1, taskType: 0, task: 0 } : null))
  return policy.shares({ ...subject, arms: arms.map(({ id }) => id) }) ?? arms.map(() => null)
}
