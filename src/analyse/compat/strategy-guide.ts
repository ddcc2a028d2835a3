import { z } from 'zod'
import { count, defineScorer, type ExecutionGroup, fraction, meanOf, noRatings, ratingsOf, tallyOf } from './scorer.ts'

/** Scores of the "Learning System & Metrics Agent Optimization Guide" and the module that it reviews. */

const rating = z.number().min(1).max(5)
const strategyInput = z.strictObject({
  attempts: count,
  successRate: fraction,
  /** As the module kept it: a running mean of ratings on 1..5. Null: not tried in the domain. */
  domainEffectiveness: z.number().nonnegative().nullable(),
  averageRating: rating,
})

const strategyScore = defineScorer({
  id: 'strategy_score',
  formula:
    '.4 · success rate + .4 · effectiveness in the domain (else the success rate) + .2 · mean rating / 5; 0 without attempts',
  source: 'optimization guide, StrategyOptimizer, calculate_strategy_score',
  warning:
    'The domain part is a mean of ratings on 1..5 among shares: success 50 % and rating 3 give 1.52, more than 1.',
  input: strategyInput,
  example: { input: { attempts: 10, successRate: 0.5, domainEffectiveness: 3, averageRating: 3 }, score: 1.52 },
  score: input => ({ score: strategy(input), details: {} }),
  fromGroup: strategyInputOf,
})

const decayedStrategyScore = defineScorer({
  id: 'decayed_strategy_score',
  formula: 'strategy_score · .5 ^ (days idle / 30)',
  source: 'optimization guide, _apply_time_decay',
  warning:
    'Decays the score, not the evidence: a .9 arm that rested for 60 days scores .225, below an arm known to be bad.',
  input: z.strictObject({ score: z.number(), idleDays: z.number().nonnegative() }),
  example: { input: { score: 0.9, idleDays: 60 }, score: 0.225 },
  score: ({ score, idleDays }) => ({ score: score * 0.5 ** (idleDays / 30), details: { undecayed: score, idleDays } }),
  fromGroup: group => {
    const input = strategyInputOf(group)
    return typeof input === 'string' ? input : { score: strategy(input), idleDays: group.idleDays }
  },
})

const healthScore = defineScorer({
  id: 'health_score',
  formula: 'min(1, (strategies + feedback + metrics) / 100); rich above .7, moderate above .3',
  source: 'optimization guide, UnifiedHealthChecker',
  warning: 'Counts how much was recorded; a system in which everything fails is healthy after 100 records.',
  input: z.strictObject({ strategies: count, feedback: count, metrics: count }),
  example: { input: { strategies: 5, feedback: 20, metrics: 15 }, score: 0.4 },
  score: ({ strategies, feedback, metrics }) => {
    const score = Math.min(1, (strategies + feedback + metrics) / 100)
    return { score, details: { level: score > 0.7 ? 'rich' : score > 0.3 ? 'moderate' : 'sparse' } }
  },
})

export const strategyGuideScorers = [strategyScore, decayedStrategyScore, healthScore]

function strategy({
  attempts,
  successRate,
  domainEffectiveness,
  averageRating,
}: z.output<typeof strategyInput>): number {
  if (attempts === 0) return 0
  return 0.4 * successRate + 0.4 * (domainEffectiveness ?? successRate) + (0.2 * averageRating) / 5
}

function strategyInputOf(group: ExecutionGroup): z.output<typeof strategyInput> | string {
  const ratings = ratingsOf(group.executions)
  if (ratings.length === 0) return noRatings
  const inDomain = group.executions.filter(({ taskType }) => group.domain !== null && taskType === group.domain)
  const { attempts, successRate } = tallyOf(group)
  return {
    attempts,
    successRate,
    averageRating: meanOf(ratings),
    domainEffectiveness: runningRating(ratingsOf(inDomain)),
  }
}

/** mean ← .9 · mean + .1 · rating, from the first rating. */
function runningRating(ratings: readonly number[]): number | null {
  if (ratings.length === 0) return null
  return ratings.slice(1).reduce((mean, value) => 0.9 * mean + 0.1 * value, ratings[0]!)
}
