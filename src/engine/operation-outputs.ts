import { z } from 'zod'
import { limitsSchema } from '../records/limits.ts'
import { estimateSchema, predictionSchema, stages } from '../records.ts'
import { objectives } from './pareto.ts'

/**
 * What each operation answers, for the descriptions of HTTP and of tools. The types live in types.ts; a test compares the
 * two, and parses a real answer of every operation.
 */
const interval = z.tuple([z.number(), z.number()])
const model = z.object({ id: z.string(), version: z.int() })
const iso = z.string().describe('ISO 8601, UTC')

const evidenceSchema = z.object({
  observations: z
    .object({ all: z.number(), taskType: z.number(), task: z.number() })
    .describe('Observations of the arm: anywhere, on this task type, on this very task; they fade with age'),
  summary: z.string().describe('The same in one sentence'),
})

const weighedEvidenceSchema = evidenceSchema.extend({
  shares: z
    .object({ all: z.number(), taskType: z.number(), task: z.number() })
    .nullable()
    .describe('How much each level says about the estimate, sum 1; null while nothing was observed'),
})

const executionSchema = z.object({
  id: z.string(),
  decidedAtUs: z.int().nullable().describe('Microseconds since 1970, UTC; null while its decision is awaited'),
  task: z.string().nullable(),
  taskType: z.string().nullable(),
  repository: z.string().nullable(),
  arm: z.string().nullable().describe('The arm that was used'),
  chosenArm: z.string().nullable(),
  propensity: z.number().nullable().describe('Null for recorded history'),
  stage: z.enum(stages).nullable(),
  outcomeAtUs: z.int().nullable(),
  success: z.boolean().nullable(),
  quality: z.number().nullable(),
  durationMs: z.number().nullable(),
  costUsd: z.number().nullable(),
  errorType: z.string().nullable(),
  ratingSum: z.number(),
  ratingCount: z.int(),
})

const similarTaskSchema = z.object({
  similarity: z.number().describe('Cosine, -1 to 1'),
  execution: executionSchema,
  solutionSummary: z.string().nullable().describe('How it was solved, if that was recorded'),
})

export const decideOutput = z.object({
  decisionId: z.string().describe('Report the outcome under this id'),
  arm: z.string().describe('The arm to run the task with'),
  propensity: z.number().describe('Exact probability with which the arm was chosen'),
  distribution: z.record(z.string(), z.number()).describe('Probability of every eligible arm; sums to 1'),
  prediction: predictionSchema.nullable().describe('What is expected of the arm; null while prediction is off'),
  evidence: evidenceSchema,
  policy: model.extend({ seed: z.string() }),
  stage: z.enum(stages),
  explored: z.boolean().describe('True if the arm is not the one with the best estimate'),
  limits: limitsSchema.optional().describe('What shaped the choice beside the policy'),
})

export const writtenOutput = z.object({
  id: z.string(),
  executionId: z.string(),
  status: z
    .enum(['stored', 'duplicate', 'disabled'])
    .describe('duplicate: it was on record already. disabled: Tacit is switched off, nothing was written'),
  awaitsDecision: z
    .boolean()
    .optional()
    .describe('True while no decision of this id is on record: it may still come, or the id is mistyped'),
})

export const explainOutput = z.object({
  decisionId: z.string(),
  task: z.string(),
  taskType: z.string().nullable(),
  at: iso,
  arm: z.string().describe('The arm that was taken'),
  arms: z
    .array(z.object({ arm: z.string(), probability: z.number().nullable() }))
    .describe('The eligible arms, most probable first; no probabilities for recorded history'),
  propensity: z.number().nullable(),
  policy: model.extend({ seed: z.string() }).nullable(),
  stage: z.enum(stages).nullable(),
  explored: z.boolean().nullable(),
  prediction: predictionSchema.nullable().describe('What was expected of the arm'),
  evidence: evidenceSchema.nullable(),
  limits: limitsSchema.nullable(),
  outcome: z
    .object({
      success: z.boolean().nullable(),
      quality: z.number().nullable(),
      durationMs: z.number().nullable(),
      costUsd: z.number().nullable(),
      errorType: z.string().nullable(),
    })
    .nullable(),
  steps: z.int(),
  feedback: z.int(),
  reasons: z.array(z.string()).describe('The same in a few sentences'),
})

export const recommendOutput = z.object({
  task: z.string(),
  taskType: z.string().nullable(),
  arms: z.array(
    z.object({
      arm: z.string(),
      rank: z.int(),
      utility: estimateSchema,
      prediction: predictionSchema.nullable(),
      probability: z.number().describe('Probability with which decide would take it now'),
      evidence: weighedEvidenceSchema,
    }),
  ),
  armsLeftOut: z.int(),
  withheld: z
    .array(z.object({ arm: z.string(), nEff: z.number(), needed: z.number() }))
    .describe('Arms that are not ranked, since less is known of them than learning.minObservations.recommend asks for'),
  similar: z.array(similarTaskSchema),
  policy: model,
})

export const predictOutput = z.array(
  predictionSchema.extend({
    arm: z.string(),
    evidence: weighedEvidenceSchema.extend({ similar: z.array(similarTaskSchema) }),
  }),
)

export const similarOutput = z.array(similarTaskSchema)

const objectiveMean = z.object({ mean: z.number().nullable(), interval: interval.nullable(), n: z.int() })

export const paretoOutput = z.object({
  taskType: z.string().nullable(),
  objectives: z.array(z.enum(objectives)),
  arms: z.array(
    z.object({
      arm: z.string(),
      executions: z.int(),
      means: z
        .object({
          success: objectiveMean,
          quality: objectiveMean,
          durationMs: objectiveMean,
          costUsd: objectiveMean,
        })
        .partial(),
      place: z.enum(['front', 'dominated', 'unknown']),
      dominatedBy: z.array(z.object({ arm: z.string(), isClear: z.boolean() })),
    }),
  ),
})

const amountCalibration = z.object({
  n: z.int(),
  meanAbsoluteLogError: z.number(),
  meanAbsolutePercentageError: z.number(),
  coverage: z.number(),
})

export const calibrationOutput = z.object({
  models: z.array(
    z.object({
      model: z.string(),
      success: z
        .object({
          n: z.int(),
          brier: z.number(),
          baseline: z.number(),
          calibrationError: z.number(),
          bins: z.array(
            z.object({
              from: z.number(),
              to: z.number(),
              n: z.int(),
              forecast: z.number(),
              observed: z.number(),
            }),
          ),
        })
        .nullable(),
      durationMs: amountCalibration.nullable(),
      costUsd: amountCalibration.nullable(),
    }),
  ),
  leftOut: z.object({
    withoutPrediction: z.int(),
    withoutOutcome: z.int(),
    outcomeCameFirst: z.int(),
    otherArmUsed: z.int(),
  }),
})

const policyValue = z.object({ value: z.number(), interval: interval.nullable() })
const evaluationShape = {
  policy: z.string(),
  method: z.string(),
  counts: z.object({
    executions: z.int(),
    judged: z.int(),
    withoutPropensity: z.int(),
    withoutOutcome: z.int(),
    withoutUtility: z.int(),
    otherArmUsed: z.int(),
    armNotOffered: z.int(),
  }),
  utilityVersion: z.int(),
  support: z.object({
    choices: z.int(),
    effectiveSampleSize: z.number(),
    largestWeight: z.number(),
    largestShare: z.number().nullable(),
    meanWeight: z.number(),
    coverage: z.number().nullable(),
  }),
}
const estimators = [
  'directMethod',
  'inversePropensity',
  'clippedInversePropensity',
  'selfNormalised',
  'doublyRobust',
] as const
const warningCodes = [
  'little-support',
  'heavy-weight',
  'rare-outcomes',
  'wrong-propensities',
  'coverage-unknown',
] as const

export const policyEvaluateOutput = z.discriminatedUnion('refused', [
  z.object({ ...evaluationShape, refused: z.literal(true), reason: z.string() }),
  z.object({
    ...evaluationShape,
    refused: z.literal(false),
    logged: policyValue,
    estimates: z.record(z.enum(estimators), policyValue),
    trusted: z.enum(estimators),
    why: z.string(),
    difference: policyValue,
    warnings: z.array(z.object({ code: z.enum(warningCodes), message: z.string() })),
  }),
])

export const statusOutput = z.object({
  version: z.string(),
  db: z.string().describe('Where the data is; without credentials'),
  scope: z.string(),
  enabled: z.boolean(),
  stage: z.enum(stages),
  policy: model,
  embedder: z.string(),
  executions: z.int(),
  facts: z.object({ decision: z.int(), step: z.int(), outcome: z.int(), feedback: z.int() }),
  withOutcome: z.int(),
  joinRate: z.number().nullable().describe('Share of decisions that have an outcome; null without decisions'),
  inFlight: z.int().describe('Decisions whose outcome is awaited'),
  parkedOutcomes: z.int(),
  budget: z.array(
    z.object({
      resource: z.enum(['costUsd', 'tokens', 'durationMs', 'cpuTimeMs', 'peakMemoryMb']),
      period: z.enum(['task', 'day']),
      limit: z.number(),
      tasks: z.int(),
      spent: z.number(),
      tasksToday: z.int(),
      spentToday: z.number(),
      meanPerTask: z.number().nullable(),
      price: z.number(),
      state: z.enum(['met', 'binding', 'unmeetable']),
      forgoneUtility: z.number().nullable(),
    }),
  ),
  arms: z.int(),
  taskTypes: z.int(),
  firstAt: iso.nullable(),
  lastAt: iso.nullable(),
  sizeBytes: z.int(),
  drifts: z.array(
    z.object({
      arm: z.string(),
      taskType: z.string().nullable(),
      direction: z.enum(['up', 'down']),
      on: z.string(),
    }),
  ),
  errors: z.record(z.string(), z.int()).describe('Errors of Tacit itself, by kind'),
  replica: z
    .object({
      location: z.string(),
      lagFacts: z.int().nullable(),
      lagMs: z.number().nullable().describe('How long the first fact that has not arrived there is missing'),
      reason: z.string().nullable().describe('Why the primary answers in its place; null while it is used'),
      fallbacks: z.int(),
    })
    .optional()
    .describe('The standby that answers analytics and similarity'),
})

export const replayOutput = z.object({
  facts: z.int(),
  executions: z.int(),
  stateHash: z.string().describe('SHA-256 of the learned state'),
  logHash: z.string().describe('SHA-256 of the log in canonical order'),
  durationMs: z.number(),
  verified: z.boolean().nullable().describe('With verify: whether live and replayed state are the same bytes'),
})
