import { z } from 'zod'
import { type LearningMode, learningModes } from '../../modes.ts'
import { estimateSchema, stages } from '../../records.ts'
import { replayOutput } from '../operation-outputs.ts'

const interval = z.tuple([z.number(), z.number()])
const model = z.object({ id: z.string(), version: z.int() })
const average = z.object({ mean: z.number(), n: z.int() })
const namedEstimate = estimateSchema.extend({ quantity: z.literal('expected utility') })

const formula = z.object({
  id: z.string(),
  version: z.int(),
  formula: z.string(),
  source: z.string(),
  warning: z.string().nullable(),
})

export const learnStatusOutput = z.object({
  enabled: z.boolean(),
  stage: z.enum(stages),
  mode: z.enum(Object.keys(learningModes) as [LearningMode, ...LearningMode[]]),
  policy: model,
  totalExperiences: z.int(),
  tableSize: z.int(),
  states: z.int(),
  actions: z.int(),
  explorationRate: z.number().nullable(),
  qValues: z.object({ mean: z.number(), min: z.number(), max: z.number() }).nullable(),
  snapshot: z.object({ name: z.string(), until: z.string(), sizeBytes: z.int() }).nullable(),
  refit: z
    .object({
      everyHours: z.number(),
      last: z.object({ at: z.string(), facts: z.int(), changed: z.boolean(), durationMs: z.number() }).nullable(),
    })
    .nullable(),
})

export const learnAnalyticsOutput = z.object({
  formula,
  totalExperiences: z.int(),
  avgReward: average.nullable(),
  successRate: average.extend({ interval }).nullable(),
  learningTrend: z.array(
    z.object({
      date: z.string().describe('YYYY-MM-DD, UTC'),
      experiences: z.int(),
      avgReward: z.number().nullable(),
      successRate: z.number().nullable(),
    }),
  ),
})

const next = z.string().nullable().describe('Give it as "after" to get the next page; null on the last one')

export const learnHistoryOutput = z.object({
  formula,
  experiences: z.array(
    z.object({
      executionId: z.string(),
      timestamp: z.string().describe('When it was decided, ISO 8601, UTC'),
      state: z.object({ taskType: z.string().nullable(), task: z.string() }),
      action: z.string(),
      reward: z.number().nullable(),
      parts: z.record(z.string(), z.number()),
      success: z.boolean().nullable(),
    }),
  ),
  next,
})

export const qTableOutput = z.object({
  utilityVersion: z.int(),
  policy: model,
  entries: z.array(
    z.object({
      state: z.string().nullable(),
      action: z.string(),
      qValue: z.number(),
      interval,
      updateCount: z.number(),
      nEff: z.number(),
    }),
  ),
  next,
})

const recommendedStrategy = z.object({
  strategy: z.string(),
  confidence: namedEstimate,
  probability: z.number(),
  reasoning: z.string(),
})

export const strategyOutput = recommendedStrategy.extend({
  expectedImprovement: z.number().nullable(),
  comparedWith: z.object({ strategy: z.string().nullable(), value: z.number() }),
  alternatives: z.array(recommendedStrategy),
})

export const learnExecutionOutput = z.object({
  executionId: z.string(),
  status: z.enum(['stored', 'duplicate', 'disabled']),
  strategy: z.string(),
  improved: z.boolean().nullable(),
  previousPerformance: z.number().nullable(),
  newPerformance: z.number().nullable(),
  improvementRate: z.number().nullable(),
  confidence: namedEstimate,
  timestamp: z.string().describe('ISO 8601, UTC'),
})

const scorer = z.object({
  id: z.string(),
  formula: z.string(),
  source: z.string(),
  warning: z.string(),
  example: z.object({ input: z.unknown(), score: z.number() }),
  readsLog: z.boolean(),
})

export const compatListOutput = z.array(scorer)

export const compatScoreOutput = z.object({
  scorer,
  executions: z.int().nullable(),
  scores: z.array(
    z.object({
      group: z.string().nullable(),
      executions: z.int().nullable(),
      reason: z.string().nullable(),
      score: z.number().nullable(),
      details: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])),
    }),
  ),
})

export const trainOutput = replayOutput.omit({ verified: true }).extend({
  changed: z.boolean().describe('Whether the rebuilt state differs from the one before; by design it does not'),
})
