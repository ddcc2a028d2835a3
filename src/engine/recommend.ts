import type { ArmSpec } from '../records.ts'
import { evidenceOf, observationsOf } from './choice.ts'
import type { Learner, Subject } from './learner.ts'
import type { RankedArm } from './types.ts'

/** 95 % quantile of the normal distribution: a 90 % interval. */
const normalTail = 1.6448536269514722

/** The arms for a task, best estimated utility first, each with what the estimate rests on. */
export function rank(
  learner: Learner,
  arms: readonly ArmSpec[],
  subject: Subject,
  withPrediction: boolean,
): RankedArm[] {
  const choice = learner.policy.choose({ ...subject, arms: arms.map(arm => arm.id) })
  const { values, deviations, nEff, probabilities } = choice
  return arms
    .map((arm, i) => ({ arm: arm.id, i, value: values[i]! }))
    .sort((a, b) => b.value - a.value || a.i - b.i)
    .map(({ arm, i, value }, index) => ({
      arm,
      rank: index + 1,
      utility: {
        value,
        interval: [value - normalTail * deviations[i]!, value + normalTail * deviations[i]!] as const,
        nEff: nEff[i]!,
      },
      prediction: withPrediction ? learner.predict(subject, arm) : null,
      probability: probabilities[i]!,
      evidence: evidenceOf(observationsOf(choice, i), arm, subject.category),
    }))
}
