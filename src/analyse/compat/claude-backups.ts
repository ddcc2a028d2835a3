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

/** Scores of claude-backups ("ML Learning System", "PostgreSQL Agent Learning System"). */

const bestCombo = defineScorer({
  id: 'best_combo',
  formula: 'n ≥ 3 and success rate ≥ .8: min(rate, n / 10); else nothing',
  source: 'claude-backups, agent_learning_system.py, analyze_patterns',
  warning:
    'Of 20 equal arms at 60 %, five runs each, about seven are declared best: raw rates, no correction for looking often.',
  input: z.strictObject({ successes: count, attempts: count }),
  example: { input: { successes: 18, attempts: 20 }, score: 0.9 },
  score: ({ successes, attempts }) => {
    const rate = attempts === 0 ? null : successes / attempts
    const isBest = rate !== null && attempts >= 3 && rate >= 0.8
    return { score: isBest ? Math.min(rate, attempts / 10) : null, details: { isBest, rate, attempts } }
  },
  fromGroup: group => tallyOf(group),
})

const avoidPattern = defineScorer({
  id: 'avoid_pattern',
  formula: 'failures ≥ 3: failures / 10, with the most frequent error; else nothing',
  source: 'claude-backups, agent_learning_system.py, analyze_patterns',
  warning: 'Successes are ignored, so that a 95 % arm with 60 runs is flagged more often than not; it can exceed 1.',
  input: z.strictObject({ errors: z.array(z.string().nullable()) }),
  example: { input: { errors: Array.from({ length: 8 }, () => 'dependency conflict') }, score: 0.8 },
  score: ({ errors }) => {
    const isAvoided = errors.length >= 3
    const error = mostFrequent(errors.filter(error => error !== null))
    return { score: isAvoided ? errors.length / 10 : null, details: { isAvoided, failures: errors.length, error } }
  },
  fromGroup: ({ executions }) => ({
    errors: executions.filter(({ success }) => success === false).map(({ errorType }) => errorType),
  }),
})

const successEwma = defineScorer({
  id: 'success_ewma',
  formula: 'average ← .8 · average + .2 · success, from 0',
  source: 'claude-backups, agent_learning_system.py, agent metrics',
  warning: 'It starts from 0: after five successes in five runs it reads .672.',
  input: z.strictObject({ outcomes: z.array(z.boolean()) }),
  example: { input: { outcomes: [true, true, true, true, true] }, score: 0.67232 },
  score: ({ outcomes }) => ({
    score: outcomes.length === 0 ? null : outcomes.reduce((average, won) => 0.8 * average + (won ? 0.2 : 0), 0),
    details: { attempts: outcomes.length },
  }),
  fromGroup: ({ executions }) => ({ outcomes: executions.map(({ success }) => success === true) }),
})

const topAgents = defineScorer({
  id: 'top_agents',
  formula: 'success rate / mean duration in seconds',
  source: 'claude-backups, agent_learning_system.py, leaderboard',
  warning: 'A fast arm that fails wins over a slow one that succeeds; the unit of time decides the order of magnitude.',
  input: z.strictObject({ successRate: fraction, durationSeconds: z.number().positive() }),
  example: { input: { successRate: 0.9, durationSeconds: 1.25 }, score: 0.72 },
  score: ({ successRate, durationSeconds }) => ({ score: successRate / durationSeconds, details: {} }),
  fromGroup: group => {
    const durationSeconds = meanOf(durationsSecondsOf(group))
    return durationSeconds > 0 ? { successRate: tallyOf(group).successRate, durationSeconds } : noDurations
  },
})

const synergy = defineScorer({
  id: 'synergy',
  formula: 'n ≥ 3: success rate / (1 + ln(1 + mean duration in seconds)); a synergy above .7',
  source: 'claude-backups, postgresql_learning_system.py, synergy analysis',
  warning:
    'Above .7 only below .535 s of duration, even without a failure; it does not compare with the members alone.',
  input: z.strictObject({ successRate: fraction, durationSeconds: seconds, attempts: count }),
  example: { input: { successRate: 1, durationSeconds: 30, attempts: 3 }, score: 0.22553 },
  score: ({ successRate, durationSeconds, attempts }) => {
    const score = attempts < 3 ? null : successRate / (1 + Math.log1p(durationSeconds))
    return { score, details: { isSynergy: score !== null && score > 0.7, attempts } }
  },
  fromGroup: group => {
    const durations = durationsSecondsOf(group)
    if (durations.length === 0) return noDurations
    const { successRate, attempts } = tallyOf(group)
    return { successRate, attempts, durationSeconds: meanOf(durations) }
  },
})

const bottleneck = defineScorer({
  id: 'bottleneck',
  formula: 'n ≥ 5: p95 / mean of the durations (p95 by index ⌊.95 n⌋); above 2 medium, above 3 high',
  source: 'claude-backups, postgresql_learning_system.py, bottleneck analysis',
  warning:
    'Compares an arm with itself, so skewed durations look like a bottleneck; up to n = 20 the p95 is the maximum.',
  input: z.strictObject({ durationsSeconds: z.array(seconds) }),
  example: { input: { durationsSeconds: [1, 1, 1, 1, 16] }, score: 4 },
  score: ({ durationsSeconds }) => {
    const mean = meanOf(durationsSeconds)
    const sorted = durationsSeconds.toSorted((a, b) => a - b)
    if (sorted.length < 5 || mean === 0) return { score: null, details: { severity: null } }
    const score = sorted[Math.min(sorted.length - 1, Math.floor(0.95 * sorted.length))]! / mean
    return { score, details: { severity: score > 3 ? 'high' : score > 2 ? 'medium' : null } }
  },
  fromGroup: group => {
    const durationsSeconds = durationsSecondsOf(group)
    return durationsSeconds.length === 0 ? noDurations : { durationsSeconds }
  },
})

const durationAnomaly = defineScorer({
  id: 'duration_anomaly',
  formula: 'n ≥ 5: |z| of the last duration, mean and population deviation taken with it included; above 3 an anomaly',
  source: 'claude-backups, postgresql_learning_system.py, anomaly analysis',
  warning: 'With itself in its baseline z cannot exceed √(n − 1): no anomaly is possible up to n = 10.',
  input: z.strictObject({ durationsSeconds: z.array(seconds) }),
  example: { input: { durationsSeconds: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1000] }, score: 3 },
  score: ({ durationsSeconds }) => {
    const n = durationsSeconds.length
    const mean = meanOf(durationsSeconds)
    const deviation = Math.sqrt(meanOf(durationsSeconds.map(value => (value - mean) ** 2)))
    if (n < 5 || deviation === 0) return { score: null, details: { isAnomaly: false } }
    const score = Math.abs(durationsSeconds[n - 1]! - mean) / deviation
    // A single outlier among ten equal values has z = 3 exactly; rounding must not make an anomaly of it.
    return { score, details: { isAnomaly: score > 3 + 1e-9 } }
  },
  fromGroup: group => {
    const durationsSeconds = durationsSecondsOf(group)
    return durationsSeconds.length === 0 ? noDurations : { durationsSeconds }
  },
})

const suitability = defineScorer({
  id: 'select_best_agent',
  formula: '.5 · capability overlap + .3 · (10 − priority) / 10 + .2 · success rate',
  source: 'claude-backups, NPU orchestrator, select_best_agent',
  warning: 'Fixed weights over things of different kinds: what was observed counts a fifth.',
  input: z.strictObject({ capabilityOverlap: fraction, priority: z.number().min(0).max(10), successRate: fraction }),
  example: { input: { capabilityOverlap: 0.5, priority: 2, successRate: 0.9 }, score: 0.67 },
  score: ({ capabilityOverlap, priority, successRate }) => ({
    score: 0.5 * capabilityOverlap + (0.3 * (10 - priority)) / 10 + 0.2 * successRate,
    details: {},
  }),
})

const blend = defineScorer({
  id: 'model_pattern_blend',
  formula: '.6 · probability of the model + .4 · success rate of the pattern',
  source: 'claude-backups, learning_orchestrator_bridge.py, recommendation',
  warning: 'Both parts come from the same executions; the weights ignore how many stand behind each.',
  input: z.strictObject({ model: fraction, pattern: fraction }),
  example: { input: { model: 0.8, pattern: 0.7 }, score: 0.76 },
  score: ({ model, pattern }) => ({ score: 0.6 * model + 0.4 * pattern, details: {} }),
})

const cognitiveLoad = defineScorer({
  id: 'cognitive_load',
  formula: '.4 · complexity + .3 · agents + .3 · min(context / 1000, 1)',
  source: 'claude-backups, SQL helpers',
  warning: 'Adds counts to shares: with three agents it is above .9 whatever the task.',
  input: z.strictObject({ complexity: z.number().nonnegative(), agents: count, contextSize: z.number().nonnegative() }),
  example: { input: { complexity: 2.5, agents: 3, contextSize: 500 }, score: 2.05 },
  score: ({ complexity, agents, contextSize }) => ({
    score: 0.4 * complexity + 0.3 * agents + 0.3 * clamp(contextSize / 1000, 0, 1),
    details: {},
  }),
})

export const claudeBackupsScorers = [
  bestCombo,
  avoidPattern,
  successEwma,
  topAgents,
  synergy,
  bottleneck,
  durationAnomaly,
  suitability,
  blend,
  cognitiveLoad,
]

/** The most frequent text, the first of several; null without any. */
function mostFrequent(texts: readonly string[]): string | null {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null
}
