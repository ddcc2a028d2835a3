import { z } from 'zod'
import {
  clamp,
  count,
  defineScorer,
  durationsSecondsOf,
  fraction,
  meanOf,
  noDurations,
  seconds,
  tallyOf,
} from './scorer.ts'

/** Scores of agentic-qe that concern strategies and agents; those of patterns are in agentic-qe-patterns.ts. */

const abScore = defineScorer({
  id: 'ab_score',
  formula: '.7 · success rate + .3 · max(0, 1 − mean time / 60 s)',
  source: 'agentic-qe 1.4, ImprovementLoop',
  warning:
    'An arm that was never tried has time 0 and scores .30; one with 40 % success and 60 s scores .28 and loses to it.',
  input: z.strictObject({ successRate: fraction, averageSeconds: seconds }),
  example: { input: { successRate: 0.4, averageSeconds: 60 }, score: 0.28 },
  score: ({ successRate, averageSeconds }) => ({
    score: 0.7 * successRate + 0.3 * Math.max(0, 1 - averageSeconds / 60),
    details: {},
  }),
  fromGroup: group => {
    const durations = durationsSecondsOf(group)
    return durations.length === 0
      ? noDurations
      : { successRate: tallyOf(group).successRate, averageSeconds: meanOf(durations) }
  },
})

const performanceScore = defineScorer({
  id: 'performance_score',
  formula:
    '.30 · success + .25 · satisfaction + .20 · time + .15 · errors + .10 · resources, each 0..1 and more is better',
  source: 'agentic-qe 1.4, PerformanceTracker',
  warning: 'Success counts .30: an arm that always fails can score as much for being quick and cheap.',
  input: z.strictObject({
    success: fraction,
    satisfaction: fraction,
    time: fraction,
    errors: fraction,
    resources: fraction,
  }),
  example: { input: { success: 0.9, satisfaction: 0.8, time: 0.5, errors: 1, resources: 0.4 }, score: 0.76 },
  score: ({ success, satisfaction, time, errors, resources }) => ({
    score: 0.3 * success + 0.25 * satisfaction + 0.2 * time + 0.15 * errors + 0.1 * resources,
    details: {},
  }),
})

const improvement = defineScorer({
  id: 'improvement',
  formula:
    'n ≥ 40: (mean of the last 20 − mean of the first 20) / |mean of the first 20|; confidence min(1, n / 100); target .20 in 30 days',
  source: 'agentic-qe 1.4, PerformanceTracker',
  warning:
    'Compares different tasks: a change in what is asked looks like learning. n / 100 says nothing about the difference.',
  input: z.strictObject({ rewards: z.array(z.number()) }),
  example: { input: { rewards: [...Array(20).fill(0.5), ...Array(20).fill(0.6)] }, score: 0.2 },
  score: ({ rewards }) => {
    const confidence = Math.min(1, rewards.length / 100)
    if (rewards.length < 40) return { score: null, details: { first: null, last: null, confidence } }
    const first = meanOf(rewards.slice(0, 20))
    const last = meanOf(rewards.slice(-20))
    return { score: first === 0 ? null : (last - first) / Math.abs(first), details: { first, last, confidence } }
  },
  fromGroup: ({ executions }) => ({ rewards: executions.map(({ success }) => (success === true ? 1 : 0)) }),
})

const taskComplexity = defineScorer({
  id: 'task_complexity',
  formula: '.6 · (.5 + min(.3, .1 · capabilities) + length bonus) + .4 · weight of the task type',
  source: 'agentic-qe 1.4, StateExtractor',
  warning: 'Most of it is constant: the first part never falls below .3, whatever the task.',
  input: z.strictObject({ capabilities: count, lengthBonus: fraction, typeWeight: fraction }),
  example: { input: { capabilities: 2, lengthBonus: 0.1, typeWeight: 0.5 }, score: 0.68 },
  score: ({ capabilities, lengthBonus, typeWeight }) => ({
    score: 0.6 * (0.5 + Math.min(0.3, 0.1 * capabilities) + lengthBonus) + 0.4 * typeWeight,
    details: {},
  }),
})

const gamma = 0.95

const qConfidence = defineScorer({
  id: 'q_confidence',
  formula: 'Q = mean reward / (1 − .95) in the long run; confidence = (Q + 2) / 4, clipped to 0..1',
  source: 'agentic-qe 1.4, LearningEngine',
  warning:
    'Bootstraps from a next state that never happens, so Q grows twentyfold: full confidence from a mean reward of .1 on.',
  input: z.strictObject({ meanReward: z.number().min(-2).max(2) }),
  example: { input: { meanReward: 0.1 }, score: 1 },
  score: ({ meanReward }) => {
    const q = meanReward / (1 - gamma)
    return { score: clamp((q + 2) / 4, 0, 1), details: { q } }
  },
})

const asymmetricUpdate = defineScorer({
  id: 'asymmetric_update',
  formula: 'mean of +.1 per success and −1 per failure; breaks even at a success rate of 1 / 1.1',
  source: 'agentic-qe 3, asymmetric learning',
  warning: 'An arm that succeeds nine times in ten loses .01 per run, and is in the end put aside for good.',
  input: z.strictObject({ successRate: fraction }),
  example: { input: { successRate: 0.9 }, score: -0.01 },
  score: ({ successRate }) => ({ score: 0.1 * successRate - (1 - successRate), details: { breakEven: 1 / 1.1 } }),
  fromGroup: group => ({ successRate: tallyOf(group).successRate }),
})

export const agenticQeScorers = [abScore, performanceScore, improvement, taskComplexity, qConfidence, asymmetricUpdate]
