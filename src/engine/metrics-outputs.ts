import { z } from 'zod'
import { dimensions } from '../analyse/rollup/dimensions.ts'

/** What the questions about executions as a whole answer, for the descriptions of HTTP and of tools. */
const interval = z.tuple([z.number(), z.number()])
const mean = z.object({ mean: z.number(), n: z.int() })
const rate = z.object({ value: z.number(), interval, n: z.int() }).describe('With its 95 % interval')
const direction = z
  .enum(['up', 'down', 'unclear'])
  .describe('unclear: the interval does not exclude that nothing changed')
const change = z.object({ before: z.number(), change: z.number(), interval: interval.nullable(), direction })
const microseconds = z.int().describe('Microseconds since 1970, UTC')

const name = z.string().nullable().optional()
const groupSchema = z.object({
  arm: name,
  taskType: name,
  repository: name,
  agent: name,
  team: z.array(z.string()).nullable().optional(),
  model: name,
  tier: name,
  pool: name,
  topology: name,
  strategy: name,
  hour: z.string().optional().describe('2026-01-01T10:00Z'),
  day: z.string().optional().describe('2026-01-01'),
  month: z.string().optional().describe('2026-01'),
})

const trendSchema = z.object({
  executionsBefore: z.int(),
  successRate: change.nullable(),
  durationMs: z
    .object({ beforeMs: z.number(), ratio: z.number(), interval: interval.nullable(), direction })
    .nullable()
    .describe('Of the geometric means'),
  costUsd: change.nullable(),
  quality: change.nullable(),
  rating: change.nullable(),
})

export const metricsOutput = z.object({
  groupBy: z.array(z.enum(dimensions)),
  sinceUs: microseconds.nullable().describe('Decided at or after'),
  untilUs: microseconds.nullable().describe('Decided before'),
  comparedSinceUs: microseconds.nullable().describe('Start of the window before, with which trends compare'),
  percentileError: z.number().describe('Largest relative error of the quantiles'),
  groups: z.array(
    z.object({
      group: groupSchema.describe('Null where a dimension is not known'),
      executions: z.int(),
      missing: z.object({ outcome: z.int(), success: z.int(), durationMs: z.int(), costUsd: z.int() }),
      successRate: rate.nullable(),
      errorRate: z.number().nullable(),
      durationMs: mean
        .extend({ p50: z.number(), p75: z.number(), p90: z.number(), p95: z.number(), p99: z.number() })
        .nullable(),
      costUsd: mean.extend({ total: z.number() }).nullable(),
      quality: mean.nullable(),
      rating: mean.nullable(),
      trend: trendSchema.optional().describe('What changed since the window before; only if asked for'),
    }),
  ),
  groupsLeftOut: z.int().describe('Groups cut off by the limit: the smallest, or, by time, the earliest'),
})

export const solutionsOutput = z.object({
  solutions: z.array(
    z.object({
      solution: z.string(),
      repository: z.string().nullable(),
      uses: z.int(),
      successRate: rate.nullable(),
      taskTypes: z.array(z.string()),
      firstAtUs: microseconds,
      lastAtUs: microseconds,
    }),
  ),
  solutionsLeftOut: z.int(),
})

const counted = z.object({ count: z.int(), perSecond: z.number() })

export const ratesOutput = z.object({
  windowMs: z.number(),
  sinceUs: microseconds,
  facts: z.object({ decision: counted, step: counted, outcome: counted, feedback: counted }),
  steps: z.array(counted.extend({ operation: z.string(), lastAtUs: microseconds })),
})
