import { ContextFreePolicy } from './context-free.ts'
import type { Choice, Situation } from './policy.ts'

/** Every arm with the same probability, whatever is added to it: the control that any learner has to beat. */
export class UniformPolicy extends ContextFreePolicy {
  override readonly id = 'uniform'
  override readonly version = 1

  override choose({ arms }: Situation): Choice {
    return {
      probabilities: new Float64Array(arms.length).fill(1 / arms.length),
      ...this.statistics.summary(arms),
    }
  }
}
