import { z } from 'zod'
import { type UsedResource, usedResources } from '../../analyse/usage.ts'
import { complexityClasses } from './complexity.ts'
import { usageGroups } from './usage.ts'

const interval = z.tuple([z.number(), z.number()])
const iso = z.string().describe('ISO 8601, UTC')

export const modelOutput = z.object({
  name: z.string(),
  savedAt: iso,
  until: iso.nullable().describe('The last fact that it learned from'),
  cursor: z.int().describe('How far the log was read'),
  learner: z.string().describe('Settings and version that it was learned under'),
  sizeBytes: z.int(),
})
export const modelsOutput = z.object({
  inUse: z.string().describe('The model that decides; live goes on learning'),
  models: z.array(modelOutput),
})

const average = z.object({ n: z.int(), mean: z.number(), interval: interval.nullable().describe('95 %') })
const values = <T extends z.ZodType>(of: T) => z.object({ utility: of, success: of, durationMs: of, costUsd: of })

export const baselineOutput = z.object({
  name: z.string(),
  frozenAt: iso,
  daysBack: z.number().nullable(),
  taskType: z.string().nullable(),
  executions: z.int(),
  utilityVersion: z.int(),
  values: values(average.nullable()),
})
export const baselinesOutput = z.array(baselineOutput)
export const comparisonOutput = z.object({
  baseline: baselineOutput,
  executions: z.int().describe('Decided since the baseline was frozen'),
  values: values(
    z
      .object({
        baseline: average,
        now: average,
        difference: z.number().describe('Now less the baseline, on the same mix of task types'),
        interval: interval.describe('95 %'),
        covered: z.number().describe('Share of the executions of now whose type is known from both'),
        verdict: z.enum(['improved', 'worse', 'not certain']),
      })
      .nullable(),
  ),
})

const resourceUse = z.object({ n: z.int(), mean: z.number(), p50: z.number(), p95: z.number(), max: z.number() })
const efficiency = z.object({ value: z.number(), interval: interval.nullable().describe('95 %'), n: z.int() })
export const usageOutput = z.object({
  by: z.enum(usageGroups),
  utilityVersion: z.int(),
  groups: z.array(
    z.object({
      group: z.string().nullable(),
      executions: z.int(),
      resources: z
        .object(
          Object.fromEntries(usedResources.map(name => [name, resourceUse.nullable()])) as {
            [Name in UsedResource]: z.ZodNullable<typeof resourceUse>
          },
        )
        .describe('Over the executions that state it; quantiles within 1 %'),
      utilityPerUsd: efficiency.nullable().describe('Over the executions that state both'),
      utilityPerHour: efficiency.nullable(),
    }),
  ),
  groupsLeftOut: z.int(),
})

const policyValue = z.object({ value: z.number(), interval: interval.nullable().describe('95 %') })
const regretWindow = z.object({
  from: iso,
  to: iso,
  decisions: z.int(),
  earned: policyValue.nullable(),
  reference: policyValue.nullable(),
  perDecision: policyValue.nullable().describe('Reference less earned; below 0 the choices did better'),
  reason: z.string().nullable().describe('Why there is no estimate'),
})
export const regretOutput = z.object({
  against: z.string(),
  method: z.string(),
  periods: z.array(regretWindow),
  whole: regretWindow,
  total: policyValue.nullable().describe('Sum over the decisions of the periods that could be judged'),
})

export const complexityOutput = z.object({
  complexity: z.enum(complexityClasses).nullable(),
  reason: z.string().nullable(),
  forecast: z.number().nullable().describe('Probability of failure that is forecast for the task'),
  bins: z.array(
    z.object({
      complexity: z.enum(complexityClasses),
      from: z.number(),
      to: z.number(),
      n: z.int(),
      forecast: z.number(),
      failed: z.number().describe('Share that really failed'),
      interval: interval.describe('95 %'),
      medianDurationMs: z.number().nullable(),
    }),
  ),
})

export const importanceOutput = z.object({
  tasks: z.int(),
  arms: z.array(
    z.object({
      arm: z.string(),
      base: z.number().describe('Probability of success by arm and task type alone'),
      shares: z.object({ all: z.number(), taskType: z.number(), task: z.number() }).nullable(),
      armEffect: z.number().describe('Added to the logit, whatever the words'),
      charactersEffect: z.number().describe('Added to the logit by parts of words, all together'),
      words: z.array(
        z.object({
          word: z.string(),
          effect: z.number().describe('Mean effect on the logit of success where the word occurs'),
          importance: z.number().describe('Mean absolute effect over all tasks'),
          tasks: z.int(),
        }),
      ),
    }),
  ),
})
