import { z } from 'zod'
import { TacitError } from '../../errors.ts'
import { adds, asks, define, rebuilds } from '../operation.ts'
import type { Tacit } from '../types.ts'
import { compatListInput, compatScoreInput } from './compat.ts'
import * as inputs from './inputs.ts'
import * as outputs from './outputs.ts'
import { train } from './train.ts'
import type { LearnedResult, LearnedTask, LearningOutcome, StrategyState } from './types.ts'

/** The operations that show the one learner under the names of earlier systems. */
export const viewOperations = {
  'learn status': define('learn status', {
    title: 'Show where learning stands',
    description:
      'Shows where learning stands: whether it is on, its stage, mode and policy, how much was experienced, the size and ' +
      'the range of the table of estimates, and how often another arm than the best is tried.',
    input: inputs.learnStatusInput,
    output: outputs.learnStatusOutput,
    ...asks,
    examples: [{ title: 'Where learning stands', input: {} }],
    handler: tacit => tacit.learning.stats(),
  }),

  'learn analytics': define('learn analytics', {
    title: 'Show reward over time',
    description:
      'Sums up what was experienced: mean reward and success rate, as a whole and day by day (UTC). The reward is the ' +
      'declared utility, or that of an earlier system, which is then only shown: the learner goes on aiming at the utility.',
    input: inputs.learnAnalyticsInput,
    output: outputs.learnAnalyticsOutput,
    ...asks,
    examples: [
      { title: 'The last month', input: { daysBack: 30 } },
      {
        title: 'One strategy by the reward of another system',
        input: { strategy: 'optimizer', formula: 'aqe-engine' },
      },
    ],
    handler: (tacit, input) => tacit.learning.getAnalytics(input as Parameters<typeof tacit.learning.getAnalytics>[0]),
  }),

  'learn history': define('learn history', {
    title: 'List experiences',
    description:
      'Lists experiences, the latest first: state (task type), action (arm), reward and time. A long history comes in pages.',
    input: inputs.learnHistoryInput,
    output: outputs.learnHistoryOutput,
    ...asks,
    examples: [{ title: 'The last twenty database tasks', input: { taskType: 'database', limit: 20 } }],
    handler: (tacit, input) => tacit.learning.history(input as Parameters<typeof tacit.learning.history>[0]),
  }),

  'learn q-table': define('learn q-table', {
    title: 'Show the Q-table',
    description:
      'Shows the estimates as a Q-table: for each task type (state) and arm (action) the estimated utility with its 90 % ' +
      'interval, and how often it was observed.',
    input: inputs.qTableInput,
    output: outputs.qTableOutput,
    ...asks,
    examples: [{ title: 'Every arm for database tasks', input: { taskType: 'database', includeUntried: true } }],
    handler: (tacit, input) => tacit.learning.qTable(input as Parameters<typeof tacit.learning.qTable>[0]),
  }),

  'learn recommend': define('learn recommend', {
    title: 'Name the best strategy',
    description:
      'Names the strategy (arm) with the best estimate for a state, how much better it is than another, and the ' +
      'alternatives. Nothing is chosen and nothing is written.',
    input: inputs.strategyInput,
    output: outputs.strategyOutput,
    ...asks,
    examples: [
      {
        title: 'For any database task, against what is used now',
        input: { taskType: 'database', current: 'architect' },
      },
    ],
    handler: (tacit, input) => tacit.learning.recommendStrategy(input as StrategyState),
  }),

  'learn execution': define('learn execution', {
    title: 'Learn from an execution',
    description:
      'Takes in what came of a task, learns from it, and says how the estimate of the strategy (arm) changed by it.',
    input: inputs.learnExecutionInput,
    output: outputs.learnExecutionOutput,
    ...adds('record'),
    examples: [
      {
        title: 'A database task that the optimizer solved',
        input: {
          task: 'Speed up the nightly report',
          taskType: 'database',
          strategy: 'optimizer',
          executionId: 'job-18',
          success: true,
          durationMs: 1300,
          rating: 'good',
          issues: ['the index is large'],
        },
      },
    ],
    handler: learnExecution,
  }),

  train: define('train', {
    title: 'Learn everything anew',
    description:
      'Rebuilds everything learned from the log, keeps it, and says whether it differs from what was known before. ' +
      'Learning goes on with every outcome anyway.',
    input: z.strictObject({}),
    output: outputs.trainOutput,
    ...rebuilds,
    examples: [{ title: 'Learn everything anew', input: {} }],
    handler: tacit => train(tacit),
  }),

  'compat list': define('compat list', {
    title: 'List scores of earlier systems',
    description:
      'Lists the scores of earlier systems that can be reproduced, each with its formula and what is wrong with it. ' +
      'Nothing is chosen by them.',
    input: compatListInput,
    output: outputs.compatListOutput,
    ...asks,
    examples: [{ title: 'Which are there?', input: {} }],
    handler: async tacit => tacit.compat.list(),
  }),

  'compat score': define('compat score', {
    title: 'Compute an earlier score',
    description:
      'Computes a score of an earlier system for each arm or task type on record, or for a plain record. Where the ' +
      'formula needs something that is not on record, there is no score, and the reason is given.',
    input: compatScoreInput,
    output: outputs.compatScoreOutput,
    ...asks,
    examples: [
      { title: 'Arms by the rule for best combinations', input: { id: 'best_combo', by: 'arm' } },
      { title: 'A plain record', input: { id: 'decayed_strategy_score', values: { score: 0.9, idleDays: 60 } } },
    ],
    handler: (tacit, { id, ...options }) => tacit.compat.score(id, options as Parameters<typeof tacit.compat.score>[1]),
  }),
} as const

/** Splits the flat record of the operation into task, result and feedback. */
async function learnExecution(
  tacit: Tacit,
  { rating, issues, suggestions, ...rest }: z.input<typeof inputs.learnExecutionInput>,
): Promise<LearningOutcome> {
  const fields = Object.entries(rest)
  const isTask = (field: string) => field in inputs.learnedTaskSchema.shape
  const task = Object.fromEntries(fields.filter(([field]) => isTask(field))) as LearnedTask
  const result = Object.fromEntries(fields.filter(([field]) => !isTask(field))) as LearnedResult
  if (rating !== undefined) {
    const feedback = { rating, ...(issues && { issues }), ...(suggestions && { suggestions }) }
    return tacit.learning.learnFromExecution(task, result, feedback)
  }
  if (issues === undefined && suggestions === undefined) return tacit.learning.learnFromExecution(task, result)
  throw new TacitError('INVALID_INPUT', 'learn execution: issues and suggestions belong to a rating. Give one.')
}
