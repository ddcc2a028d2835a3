import type { z } from 'zod'
import { TacitError } from '../../errors.ts'
import { parse } from '../../records.ts'
import { isEnabled, type Parts } from '../parts.ts'
import type { RankedArm, Tacit } from '../types.ts'
import { analytics, history } from './analytics.ts'
import { rewardFormulas } from './experience.ts'
import * as inputs from './inputs.ts'
import { estimateOf, qTable, stats } from './q-table.ts'
import type {
  LearnedFeedback,
  LearnedResult,
  LearnedTask,
  LearningOutcome,
  LearningView,
  NamedEstimate,
  RecommendedStrategy,
  StrategyRecommendation,
  StrategyState,
} from './types.ts'

type Loop = Pick<Tacit, 'observe' | 'record' | 'feedback' | 'recommend'>

/** Arms that are compared; more than anybody offers. */
const maxRanked = 1000
const defaultAlternatives = 3

/**
 * The Q-learning surface over the loop: it learns through `observe` and `record`, and reads what they taught.
 * @param assertOpen throws once Tacit is closed.
 */
export function learningView(parts: Parts, loop: Loop, assertOpen: () => void): LearningView {
  return {
    async learnFromExecution(task, result, feedback) {
      assertOpen()
      return learnFromExecution(parts, loop, task, result, feedback)
    },
    recommendStrategy: async state => recommendStrategy(loop, state),
    async getAnalytics(range = {}) {
      assertOpen()
      return analytics(parts, parse(inputs.learnAnalyticsInput, range, 'getAnalytics') as typeof range)
    },
    async history(options = {}) {
      assertOpen()
      return history(parts, parse(inputs.learnHistoryInput, options, 'history') as typeof options)
    },
    async qTable(options = {}) {
      assertOpen()
      return qTable(parts, parse(inputs.qTableInput, options, 'qTable') as typeof options)
    },
    async stats() {
      assertOpen()
      return stats(parts)
    },
    rewardFormulas: () => rewardFormulas(parts.config).map(({ about }) => about),
    isEnabled: () => isEnabled(parts.config),
    setEnabled: isOn => {
      parts.config.enabled = isOn
    },
  }
}

async function learnFromExecution(
  parts: Parts,
  loop: Loop,
  task: LearnedTask,
  result: LearnedResult,
  feedback?: LearnedFeedback,
): Promise<LearningOutcome> {
  const parsed = parse(inputs.learnedTaskSchema, task, 'learnFromExecution: task')
  parse(inputs.learnedResultSchema, result, 'learnFromExecution: result')
  if (feedback !== undefined) parse(inputs.learnedFeedbackSchema, feedback, 'learnFromExecution: feedback')
  const { strategy, taskType } = await subjectOf(parts, parsed)
  const before = await estimateOf(parts, taskType, strategy)
  const written = await write(loop, task, strategy, result, feedback)
  const after = await estimateOf(parts, taskType, strategy)
  return {
    executionId: written.executionId,
    status: written.status,
    strategy,
    ...comparison(before, after),
    confidence: after,
    timestamp: new Date(parts.now()).toISOString(),
  }
}

/** The arm and the task type that the outcome is about. */
async function subjectOf(
  { store, config }: Parts,
  { decisionId, task, strategy, taskType }: z.output<typeof inputs.learnedTaskSchema>,
): Promise<{ strategy: string; taskType: string | null }> {
  if (decisionId === undefined) {
    if (task !== undefined && strategy !== undefined) return { strategy, taskType: taskType ?? null }
    throw new TacitError(
      'INVALID_INPUT',
      'learnFromExecution: give task.task (its words) and task.strategy (the arm used), or task.decisionId.',
    )
  }
  const facts = (await store.facts(config.scope, [decisionId])).get(decisionId) ?? []
  const decision = facts.map(({ fact }) => fact).find(fact => fact.kind === 'decision')
  if (decision !== undefined) return { strategy: strategy ?? decision.body.arm, taskType: decision.body.taskType }
  throw new TacitError(
    'NOT_FOUND',
    `learnFromExecution: there is no decision ${decisionId}. Leave decisionId out to record the execution as a whole.`,
  )
}

async function write(
  loop: Loop,
  task: LearnedTask,
  strategy: string,
  result: LearnedResult,
  feedback: LearnedFeedback | undefined,
): Promise<Pick<LearningOutcome, 'executionId' | 'status'>> {
  const rating = feedback && ratingOf(feedback)
  const { decisionId, strategy: named, strategies, executionId, task: words, ...about } = task
  if (decisionId === undefined) {
    const id = executionId === undefined ? {} : { executionId }
    const arms = strategies === undefined ? {} : { arms: [...new Set([...strategies, strategy])] }
    return loop.record({
      task: words!,
      ...about,
      ...result,
      ...id,
      ...arms,
      arm: strategy,
      ...(rating && { feedback: [rating] }),
    })
  }
  // Made from the decision's id, so that repeating the call is the same fact.
  const outcomeId = `${decisionId}/learned`
  const written = await loop.observe(decisionId, {
    ...result,
    outcomeId,
    ...(named === undefined ? {} : { arm: named }),
  })
  if (rating) await loop.feedback(decisionId, { ...rating, feedbackId: `${outcomeId}/rating` })
  return written
}

function ratingOf({ rating, issues = [], suggestions }: LearnedFeedback) {
  return {
    value: rating,
    ...(issues.length === 0 ? {} : { comment: issues.join('\n'), metadata: { issues: issues.length } }),
    ...(suggestions && { suggestions: [...suggestions] }),
  }
}

function comparison(before: NamedEstimate, after: NamedEstimate) {
  const isKnown = before.value !== null && after.value !== null
  return {
    improved: isKnown ? after.value! > before.value! : null,
    previousPerformance: before.value,
    newPerformance: after.value,
    improvementRate: isKnown ? percentAbove(after.value!, before.value!) : null,
  }
}

async function recommendStrategy(loop: Loop, state: StrategyState): Promise<StrategyRecommendation> {
  parse(inputs.strategyInput, state, 'recommendStrategy')
  const { task, taskType, context, strategies, current, limit = defaultAlternatives } = state
  const words = task ?? taskType
  if (words === undefined) throw new TacitError('INVALID_INPUT', 'recommendStrategy: give a task or a taskType.')
  const { arms } = await loop.recommend({
    task: words,
    limit: maxRanked,
    similar: 0,
    ...(taskType === undefined ? {} : { taskType }),
    ...(context === undefined ? {} : { context }),
    ...(strategies === undefined ? {} : { arms: strategies }),
  })
  const [best, ...others] = arms as [RankedArm, ...RankedArm[]]
  const now = arms.find(({ arm }) => arm === current)
  if (current !== undefined && now === undefined) {
    throw new TacitError(
      'INVALID_INPUT',
      `recommendStrategy: ${current} is not among the strategies. Add it, or leave it out.`,
    )
  }
  const compared = now?.utility.value ?? arms.reduce((sum, { utility }) => sum + utility.value!, 0) / arms.length
  return {
    ...recommended(best),
    expectedImprovement: percentAbove(best.utility.value!, compared),
    comparedWith: { strategy: now?.arm ?? null, value: compared },
    alternatives: others.slice(0, limit).map(recommended),
  }
}

function recommended({ arm, utility, probability, evidence }: RankedArm): RecommendedStrategy {
  const [low, high] = utility.interval!
  const range = `${utility.value!.toFixed(2)} (90 %: ${low.toFixed(2)} to ${high.toFixed(2)})`
  return {
    strategy: arm,
    confidence: { quantity: 'expected utility', ...utility },
    probability,
    reasoning: `Expected utility ${range}. ${evidence.summary}`,
  }
}

/** How far `value` lies above `reference`, percent; null if the reference is not above 0. */
const percentAbove = (value: number, reference: number) =>
  reference > 0 ? (100 * (value - reference)) / reference : null
