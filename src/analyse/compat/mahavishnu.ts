import { z } from 'zod'
import { clamp, count, defineScorer, durationsSecondsOf, fraction, meanOf, noDurations, tallyOf } from './scorer.ts'

/** Scores of mahavishnu. */

const statisticalRouter = defineScorer({
  id: 'statistical_router',
  formula:
    '.7 · success rate + .3 · latency score; the latency score falls by the logarithm from 1 at 100 ms to 0 at 10 s',
  source: 'mahavishnu, core/statistical_router.py',
  warning: 'Speed has a fixed price of .3 in success, whatever the task; a rate from 20 runs counts as one from 1,000.',
  input: z.strictObject({ successRate: fraction, latencyMs: z.number().nonnegative(), attempts: count }),
  example: { input: { successRate: 0.9, latencyMs: 1000, attempts: 100 }, score: 0.78 },
  score: ({ successRate, latencyMs, attempts }) => {
    const latency = clamp(1 - (Math.log10(Math.max(latencyMs, Number.MIN_VALUE)) - 2) / 2, 0, 1)
    const samples = attempts >= 100 ? '≥ 100' : attempts >= 50 ? '≥ 50' : attempts >= 20 ? '≥ 20' : '< 20'
    return { score: 0.7 * successRate + 0.3 * latency, details: { latency, samples } }
  },
  fromGroup: group => {
    const durations = durationsSecondsOf(group)
    if (durations.length === 0) return noDurations
    const { successRate, attempts } = tallyOf(group)
    return { successRate, attempts, latencyMs: meanOf(durations) * 1000 }
  },
})

const teamLearning = defineScorer({
  id: 'team_learning',
  formula:
    '.6 · success rate + .3 · quality; without a quality the success rate itself. Confidence .7 · min(n / 20, 1) + .3 · score',
  source: 'mahavishnu, core/team_learning.py',
  warning:
    'The weights sum to .9: at a success rate of .9 an arm of perfect quality scores .84 and loses to an unrated one at .90.',
  input: z.strictObject({ successRate: fraction, quality: fraction.nullable(), attempts: count }),
  example: { input: { successRate: 0.9, quality: 1, attempts: 20 }, score: 0.84 },
  score: ({ successRate, quality, attempts }) => {
    const score = quality === null ? successRate : 0.6 * successRate + 0.3 * quality
    return { score, details: { confidence: 0.7 * Math.min(attempts / 20, 1) + 0.3 * score } }
  },
  fromGroup: group => {
    const qualities = group.executions.flatMap(({ quality }) => (quality === null ? [] : [quality]))
    const { successRate, attempts } = tallyOf(group)
    return { successRate, attempts, quality: qualities.length === 0 ? null : meanOf(qualities) }
  },
})

const fitness = defineScorer({
  id: 'routing_fitness',
  formula: '1 − failure rate',
  source: 'mahavishnu, pools/routing_fitness.py',
  warning: 'The number of runs is ignored: one success in one run beats 999 in 1,000.',
  input: z.strictObject({ failures: count, attempts: z.int().positive() }),
  example: { input: { failures: 1, attempts: 1000 }, score: 0.999 },
  score: ({ failures, attempts }) => ({ score: 1 - failures / attempts, details: { samples: attempts } }),
  fromGroup: group => tallyOf(group),
})

const normalInterval = defineScorer({
  id: 'normal_interval',
  formula: 'rate, with the interval rate ± 1.96 √(rate (1 − rate) / n); 0..1 below n = 10',
  source: 'mahavishnu, metrics_schema.py, calculate_confidence_interval',
  warning: 'Ten successes in ten runs give the interval 1..1; Wilson’s, which Tacit uses, is .722..1.',
  input: z.strictObject({ successes: count, attempts: z.int().positive() }),
  example: { input: { successes: 10, attempts: 10 }, score: 1 },
  score: ({ successes, attempts }) => {
    const rate = successes / attempts
    const half = 1.96 * Math.sqrt((rate * (1 - rate)) / attempts)
    const [low, high] = attempts < 10 ? [0, 1] : [Math.max(0, rate - half), Math.min(1, rate + half)]
    return { score: rate, details: { low, high } }
  },
  fromGroup: group => tallyOf(group),
})

const maturity = defineScorer({
  id: 'project_maturity',
  formula:
    '40 · coverage + 30 · success rate + 20 · age + 10 · documentation, all on 0..1; New ≤ 30, Developing ≤ 60, Mature ≤ 80, Stable',
  source: 'mahavishnu, quality documents (phase 3)',
  warning: 'A documented design; the weights rest on no measurement.',
  input: z.strictObject({ coverage: fraction, successRate: fraction, age: fraction, documentation: fraction }),
  example: { input: { coverage: 0.8, successRate: 0.9, age: 0.5, documentation: 0.5 }, score: 74 },
  score: ({ coverage, successRate, age, documentation }) => {
    const score = 40 * coverage + 30 * successRate + 20 * age + 10 * documentation
    const band = score <= 30 ? 'New' : score <= 60 ? 'Developing' : score <= 80 ? 'Mature' : 'Stable'
    return { score, details: { band } }
  },
})

const impacts = { critical: 2, high: 1.5, medium: 1, low: 0.5 } as const

const changeRisk = defineScorer({
  id: 'change_risk',
  formula: '(10 · complexity + 5 · changes in 30 days + 20 · failure rate) × impact 2, 1.5, 1 or .5',
  source: 'mahavishnu, quality documents (phase 3)',
  warning: 'Adds counts to rates without a scale; a file that changes often outweighs one that always fails.',
  input: z.strictObject({
    complexity: z.number().nonnegative(),
    changes30Days: count,
    failureRate: fraction,
    impact: z.enum(['critical', 'high', 'medium', 'low']),
  }),
  example: { input: { complexity: 2, changes30Days: 4, failureRate: 0.25, impact: 'high' }, score: 67.5 },
  score: ({ complexity, changes30Days, failureRate, impact }) => ({
    score: (10 * complexity + 5 * changes30Days + 20 * failureRate) * impacts[impact],
    details: {},
  }),
})

export const mahavishnuScorers = [statisticalRouter, teamLearning, fitness, normalInterval, maturity, changeRisk]
