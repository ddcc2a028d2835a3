import { clamp } from './scorer.ts'

/**
 * What earlier systems made of an outcome: one number, by a formula of their own. They can be applied to the history, side
 * by side with the declared utility; the learner's own target is the utility and nothing else.
 */
export interface RewardFormula {
  readonly id: string
  /** Raised whenever the same experience would get another reward. */
  readonly version: number
  readonly formula: string
  readonly source: string
  /** Why the learner does not aim at it; null for the utility, which it does aim at. */
  readonly warning: string | null
  reward(outcome: RewardedOutcome): Reward
}

export interface Reward {
  /** Null if the outcome does not say enough. */
  readonly reward: number | null
  /** What it is made of, where that is known. */
  readonly parts: Readonly<Record<string, number>>
}

/** What the formulas look at. Null is unknown: the part that needs it is left out, never made up. */
export interface RewardedOutcome {
  readonly success: boolean | null
  readonly quality: number | null
  /** Share of the code covered, 0..1. */
  readonly coverage: number | null
  readonly durationMs: number | null
  readonly timedOut: boolean
  readonly errors: number
  /** Share of the processor and of the memory that was used, 0..1. */
  readonly cpu: number | null
  readonly memory: number | null
  /** Mean rating, 0..1; null without feedback. */
  readonly rating: number | null
  readonly issues: number
  readonly suggestions: number
}

const baselineMs = 30_000
const baselineCoverage = 0.8
const unknownReward: Reward = { reward: null, parts: {} }

const engineReward: RewardFormula = {
  id: 'aqe-engine',
  version: 1,
  formula:
    '±1 + .5 · max(0, 1 − time / 30 s) − .1 · errors + 2 · (rating − .5) − .2 · issues + 2 · (coverage − .8), clipped to ±2',
  source: 'agentic-qe 1.4, LearningEngine',
  warning: 'A mediocre rating takes nothing and a missing one neither; a fast failure is worth more than a slow one.',
  reward: ({ success, durationMs, errors, rating, issues, coverage }) => {
    if (success === null) return unknownReward
    const parts = {
      success: success ? 1 : -1,
      ...(durationMs === null ? {} : { time: 0.5 * Math.max(0, 1 - durationMs / baselineMs) }),
      errors: -0.1 * errors,
      ...(rating === null ? {} : { rating: 2 * (rating - 0.5), issues: -0.2 * issues }),
      ...(coverage === null ? {} : { coverage: 2 * (coverage - baselineCoverage) }),
    }
    return { reward: clamp(sumOf(parts), -2, 2), parts }
  },
}

const weights = { success: 1, time: 0.5, quality: 0.7, resources: 0.3, feedback: 0.5 } as const
const allWeights = sumOf(weights)

const calculatorReward: RewardFormula = {
  id: 'aqe-calculator',
  version: 1,
  formula:
    '2 / 3 · (1 · ±1 + .5 · time + .7 · quality + .3 · resources + .5 · feedback − .2 · errors − .5 if timed out), clipped to ±2; time = 1 − time / 30 s, quality = max(quality, 2 · (coverage − .8)), resources = 1 − mean of processor and memory, feedback = 2 · (rating − .5) − .1 · issues − .05 · suggestions, each at most 1 and at least −1',
  source: 'agentic-qe 1.4, RewardCalculator',
  warning:
    'What is missing counts as 0, which for quality is the value of a bad one; the weights are nobody’s declared wish.',
  reward: outcome => {
    if (outcome.success === null) return unknownReward
    const parts = {
      success: weights.success * (outcome.success ? 1 : -1),
      time: weights.time * (outcome.durationMs ? Math.max(-1, 1 - outcome.durationMs / baselineMs) : 0),
      quality: weights.quality * qualityOf(outcome),
      resources: weights.resources * resourcesOf(outcome),
      feedback: weights.feedback * feedbackOf(outcome),
      errors: -0.2 * outcome.errors,
      timeout: outcome.timedOut ? -0.5 : 0,
    }
    return { reward: clamp((sumOf(parts) / allWeights) * 2, -2, 2), parts }
  },
}

/** The label nearest to a rating, and its reward. */
const satisfaction = [
  { rating: 0, reward: -1 },
  { rating: 1 / 3, reward: 0 },
  { rating: 2 / 3, reward: 0.5 },
  { rating: 1, reward: 1 },
] as const

const satisfactionReward: RewardFormula = {
  id: 'satisfaction',
  version: 1,
  formula: 'excellent 1, good .5, fair 0, poor −1; a rating in numbers counts as the nearest label',
  source: 'mahavishnu, documents of phase 4',
  warning: 'Only what somebody rated teaches anything, and people rate what went wrong.',
  reward: ({ rating }) => {
    if (rating === null) return unknownReward
    const distance = (label: (typeof satisfaction)[number]) => Math.abs(label.rating - rating)
    const nearest = satisfaction.reduce((best, label) => (distance(label) <= distance(best) ? label : best))
    return { reward: nearest.reward, parts: {} }
  },
}

/** The reward formulas of earlier systems, by id. */
export const compatRewardFormulas: readonly RewardFormula[] = [engineReward, calculatorReward, satisfactionReward]

function qualityOf({ quality, coverage }: RewardedOutcome): number {
  const covered = coverage === null ? Number.NEGATIVE_INFINITY : 2 * (coverage - baselineCoverage)
  return clamp(Math.max(quality ?? 0, covered), -1, 1)
}

/** Of two shares, one that is unknown counts as one half, as in the original. */
function resourcesOf({ cpu, memory }: RewardedOutcome): number {
  return cpu === null && memory === null ? 0 : (1 - (cpu ?? 0.5) + 1 - (memory ?? 0.5)) / 2
}

function feedbackOf({ rating, issues, suggestions }: RewardedOutcome): number {
  return rating === null ? 0 : clamp(2 * (rating - 0.5) - 0.1 * issues - 0.05 * suggestions, -1, 1)
}

function sumOf(parts: Readonly<Record<string, number>>): number {
  return Object.values(parts).reduce((sum, part) => sum + part, 0)
}
