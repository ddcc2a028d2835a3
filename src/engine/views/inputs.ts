import { z } from 'zod'
import { decideSchema, feedbackSchema, idSchema, nameSchema, outcomeSchema, taskTypeSchema } from '../../records.ts'
import { described, recordInput } from '../operation-inputs.ts'

const daysBack = z.number().positive().max(36_500).optional()
const days = 'Only decisions of the last so many days'
const formula = 'Reward formula: utility (default), aqe-engine, aqe-calculator or satisfaction'

const range = {
  daysBack,
  taskType: taskTypeSchema.optional(),
  strategy: nameSchema.optional(),
  formula: nameSchema.optional(),
}
const aboutRange = { daysBack: days, taskType: 'Only this kind of task', strategy: 'Only this strategy (arm)', formula }

export const learnStatusInput = z.strictObject({})

export const learnAnalyticsInput = described(range, aboutRange)

export const learnHistoryInput = described(
  { ...range, limit: z.int().min(1).max(1000).optional(), after: z.string().max(64).optional() },
  { ...aboutRange, limit: 'Most experiences of the page (default: 50)', after: 'The "next" of the page before' },
)

export const qTableInput = described(
  {
    taskType: taskTypeSchema.optional(),
    includeUntried: z.boolean().optional(),
    limit: z.int().min(1).max(1000).optional(),
    after: z.string().max(256).optional(),
  },
  {
    taskType: 'Only this kind of task',
    includeUntried: 'Also arms that were not yet tried on the task type',
    limit: 'Most task types of the page (default: 100)',
    after: 'The "next" of the page before',
  },
)

export const strategyInput = described(
  {
    task: decideSchema.shape.task.optional(),
    taskType: taskTypeSchema.optional(),
    context: recordInput.shape.context,
    strategies: decideSchema.shape.arms,
    current: nameSchema.optional(),
    limit: z.int().min(0).max(1000).optional(),
  },
  {
    task: 'The task in words; left out: any task of the type',
    taskType: 'Kind of task',
    context: 'What is known before the choice, as a JSON object',
    strategies: 'Strategies to consider; left out: every one seen so far',
    current: 'What is used now: improvement is counted from it, else from the mean of the strategies',
    limit: 'Most alternatives to list (default: 3)',
  },
)

export const learnedFeedbackSchema = z.strictObject({
  rating: feedbackSchema.shape.value,
  issues: z.array(z.string().max(4096)).max(100).optional(),
  suggestions: feedbackSchema.shape.suggestions,
})

const { arm: _arm, outcomeId: _outcome, metadata: _metadata, at: _at, ...result } = outcomeSchema.shape
export const learnedResultSchema = z.strictObject(result)

export const learnedTaskSchema = z.strictObject({
  ...decideSchema.omit({ arms: true, incumbent: true, stage: true, joinDeadlineMs: true }).shape,
  task: decideSchema.shape.task.optional(),
  strategy: nameSchema.optional(),
  strategies: z.array(nameSchema).max(10_000).optional(),
  executionId: idSchema.optional(),
})

const { context, error, resources } = recordInput.shape

/** Task, result and feedback in one flat record. */
export const learnExecutionInput = described(
  {
    ...learnedTaskSchema.pick({ task: true, taskType: true, strategy: true, strategies: true }).shape,
    ...learnedTaskSchema.pick({ decisionId: true, executionId: true, userId: true, sessionId: true, at: true }).shape,
    ...learnedResultSchema.shape,
    ...learnedFeedbackSchema.partial().shape,
    context,
    error,
    resources,
  },
  {
    task: 'The task in words; not needed with a decisionId',
    taskType: 'Kind of task (the state)',
    context: context.description ?? 'What was known before the choice, as a JSON object',
    strategy: 'The strategy (arm) that was used',
    strategies: 'The strategies that could have been used',
    decisionId: 'The decision that this is the outcome of',
    executionId: 'Your id for the execution; repeating it changes nothing',
    userId: 'Pseudonym of the user',
    sessionId: 'Session that the task belongs to',
    at: 'When it happened, if not now: a date, ISO 8601 with a zone, or milliseconds since 1970',
    success: 'Whether the task was solved',
    quality: 'How well, 0 to 1, or {"value":8,"scale":"0-10"}',
    durationMs: 'How long it took, milliseconds',
    costUsd: 'What it cost, in US dollars',
    error: 'What went wrong, as a JSON object',
    resources: 'What it used, as a JSON object',
    evaluations: 'Further measurements on 0 to 1 by name, as a JSON object ("coverage" counts in some reward formulas)',
    solutionSummary: 'The solution in a few words',
    provenance: 'How the outcome is known, most trustworthy first',
    rating: 'poor, fair, good, excellent, a number on 0 to 1, or {"value":4,"scale":"1-5"}',
    issues: 'What was wrong; may be repeated',
    suggestions: 'What to do better; may be repeated',
  },
)
