import { z } from 'zod'
import { TacitError } from './errors.ts'
import { limitsSchema } from './records/limits.ts'
import { unknownKeys } from './records/unknown-keys.ts'
import { complexitySchema, feedbackValueSchema, fraction, unitSchema } from './scales.ts'

export type { Limits, PacingRecord } from './records/limits.ts'

/**
 * The facts: decision, step, outcome, feedback. They are appended once and never rewritten; everything else that Tacit
 * knows is computed from them. One attempt at a task, all its facts together, is an execution, and the id of an
 * execution is the id of its decision.
 *
 * `null` always means "not known". It is never 0, never false, and never filled in.
 */

/** Longest task text that is kept, in UTF-16 units (1 MiB). */
const maxTextLength = 1_048_576
const maxMetadataBytes = 65_536

const hasControlCharacters = (text: string) => /\p{Cc}/u.test(text) || !text.isWellFormed()

/** Ids, arms, task types: short, printable, compared exactly. */
export const nameSchema = z
  .string()
  .min(1, 'must not be empty')
  .max(256, 'must be at most 256 characters')
  .refine(text => !hasControlCharacters(text), 'must not contain control characters or broken Unicode')

/** An id that the caller brings; shorter than a name, because ids of parts are made from it. */
export const idSchema = nameSchema.max(200, 'must be at most 200 characters')

const textSchema = z.string().max(maxTextLength, `must be at most ${maxTextLength} characters`)
const shortTextSchema = z.string().max(65_536, 'must be at most 65536 characters')
const nonNegative = z.number().nonnegative()
const count = z.int().nonnegative()

const metadataSchema = z
  .record(z.string(), z.json())
  .refine(
    value => JSON.stringify(value).length <= maxMetadataBytes,
    `must be at most ${maxMetadataBytes} bytes as JSON`,
  )

/**
 * A moment: a Date, milliseconds since 1970, ISO 8601 with a zone, or a date, which stands for its beginning, UTC.
 * Kept as integer microseconds, UTC.
 */
export const timeSchema = z
  .union([z.date(), z.number(), z.iso.datetime({ offset: true }), z.iso.date()], {
    error: 'must be a date (2026-01-31), ISO 8601 with a zone (2026-01-31T09:30:00Z), or milliseconds since 1970',
  })
  .transform(value => Math.round((typeof value === 'number' ? value : new Date(value).getTime()) * 1000))
  .refine(us => Number.isSafeInteger(us) && us >= 0, 'must be a moment after 1970')

// ---- arms ----------------------------------------------------------------------------------------------------------

/** Properties of an arm that relate it to other arms. `team` is a set: its order does not matter. */
export const facetsSchema = z.strictObject({
  agent: nameSchema.optional(),
  model: nameSchema.optional(),
  tier: nameSchema.optional(),
  pool: nameSchema.optional(),
  topology: nameSchema.optional(),
  strategy: nameSchema.optional(),
  team: z
    .array(nameSchema)
    .max(64)
    .transform(team => [...new Set(team)].sort())
    .optional(),
  parallelism: z.union([nameSchema, z.number()]).optional(),
  retryPolicy: nameSchema.optional(),
})
export type Facets = z.output<typeof facetsSchema>

const armSchema = z
  .union([nameSchema, z.strictObject({ id: nameSchema, facets: facetsSchema.optional() })], {
    error: ({ input }) =>
      `${input === undefined ? 'is required' : 'must be an arm'}: its name ("coder"), or {"id": "coder", "facets": {…}}`,
  })
  .transform(arm => (typeof arm === 'string' ? { id: arm } : arm) as ArmSpec)
/** One option that can be chosen. */
export interface ArmSpec {
  readonly id: string
  readonly facets?: Facets
}

// ---- what is known before choosing ---------------------------------------------------------------------------------

export const contextSchema = z.strictObject({
  complexity: complexitySchema.optional(),
  repository: nameSchema.optional(),
  fileCount: count.optional(),
  estimatedTokens: count.optional(),
  estimatedCostUsd: nonNegative.optional(),
  language: nameSchema.optional(),
  /** Higher is more urgent; the caller's own scale. */
  priority: z.number().optional(),
  deadline: timeSchema.optional(),
  /** Work waiting or running, 0..1, as the caller measures it. */
  load: fraction.optional(),
  /** The same for single arms, by name. */
  loads: z.record(nameSchema, fraction).optional(),
  /** Anything else known before the choice. */
  features: z.record(nameSchema, z.union([z.string().max(1024), z.number(), z.boolean()])).optional(),
})
export type Context = z.output<typeof contextSchema>

/**
 * The kind of a task: an open vocabulary, in which case, surrounding and repeated spaces and the form of Unicode do not
 * tell types apart: " Bug  Fix" is "bug fix".
 */
export const taskTypeSchema = nameSchema
  .transform(type => type.normalize('NFKC').trim().replace(/\s+/gu, ' ').toLowerCase())
  .pipe(nameSchema)

const taskShape = {
  /** What is to be done, in words. */
  task: textSchema.min(1, 'must not be empty'),
  /** The kind of task, an open vocabulary ("database", "bug-fix"). */
  taskType: taskTypeSchema.optional(),
  context: contextSchema.optional(),
  /** The caller's own routing confidence, 0..1. Kept as a prediction; it is not a propensity. */
  routingConfidence: fraction.optional(),
  userId: nameSchema.optional(),
  sessionId: nameSchema.optional(),
  metadata: metadataSchema.optional(),
  /** When it happened, if not now. */
  at: timeSchema.optional(),
}

export const taskSchema = z.strictObject(taskShape)

export const stages = ['off', 'observe', 'shadow', 'suggest', 'canary', 'auto'] as const
export type Stage = (typeof stages)[number]

export const decideSchema = z.strictObject({
  ...taskShape,
  /** The arms that may be chosen. Left out: every arm that this scope has seen. */
  arms: z.array(armSchema).max(10_000).optional(),
  /** What would have been chosen without Tacit; taken in the stages below `auto`. Left out: the first arm. */
  incumbent: nameSchema.optional(),
  /** The caller's id for this decision; repeating it returns the first choice again. */
  decisionId: idSchema.optional(),
  /** How far this choice is acted on; left out: as configured. */
  stage: z.enum(stages).exclude(['off']).optional(),
  /** After this many milliseconds a missing outcome no longer counts as in flight. */
  joinDeadlineMs: z.number().positive().optional(),
})

// ---- what happened -------------------------------------------------------------------------------------------------

const errorTypes = ['timeout', 'quality_gate', 'crash', 'validation', 'unknown'] as const
const failureSchema = z.strictObject({
  /** One of timeout, quality_gate, crash, validation, unknown, or `other:<name>`. */
  type: z.union([z.enum(errorTypes), nameSchema.regex(/^other:.+/, 'must be a known error type or other:<name>')]),
  message: shortTextSchema.optional(),
})

export type Failure = z.output<typeof failureSchema>

const resourcesSchema = z.strictObject({
  cpuPercent: nonNegative.optional(),
  cpuTimeMs: nonNegative.optional(),
  memoryMb: nonNegative.optional(),
  peakMemoryMb: nonNegative.optional(),
  inputTokens: count.optional(),
  outputTokens: count.optional(),
})

/** How the outcome is known, most trustworthy first. */
const provenances = ['test', 'human', 'judge', 'proxy', 'self'] as const

const outcomeShape = {
  success: z.boolean().nullable().optional(),
  /** 0..1, or { value, scale }. */
  quality: unitSchema.nullable().optional(),
  durationMs: nonNegative.nullable().optional(),
  costUsd: nonNegative.max(1e9).nullable().optional(),
  error: failureSchema.optional(),
  resources: resourcesSchema.optional(),
  /** Further measurements on 0..1, by name: { coverage: 0.8 }. */
  evaluations: z.record(nameSchema, unitSchema).optional(),
  solutionSummary: shortTextSchema.optional(),
  provenance: z.enum(provenances).optional(),
}

export const outcomeSchema = z.strictObject({
  ...outcomeShape,
  /** The arm really used, if it is not the one chosen. */
  arm: armSchema.optional(),
  /** The caller's id for this outcome. The same id again is the same fact; another id is a correction. */
  outcomeId: idSchema.optional(),
  metadata: metadataSchema.optional(),
  at: timeSchema.optional(),
})

export const stepSchema = z.strictObject({
  stepId: idSchema.optional(),
  parentStepId: nameSchema.optional(),
  seq: count.optional(),
  agent: nameSchema.optional(),
  /** agent, model, tool, retrieval, plan, hand-off, pool, human … an open vocabulary. */
  kind: nameSchema.default('tool'),
  name: nameSchema.optional(),
  status: z.enum(['started', 'ok', 'error', 'cancelled']).default('ok'),
  startedAt: timeSchema.optional(),
  durationMs: nonNegative.optional(),
  retry: count.optional(),
  error: failureSchema.optional(),
  inputTokens: count.optional(),
  outputTokens: count.optional(),
  costUsd: nonNegative.max(1e9).optional(),
  metadata: metadataSchema.optional(),
  at: timeSchema.optional(),
})

export const feedbackSchema = z.strictObject({
  feedbackId: idSchema.optional(),
  source: z.enum(['human', 'test', 'judge', 'proxy']).default('human'),
  /** overall, accuracy, relevance, completeness, timeliness, accepted … an open vocabulary. */
  dimension: nameSchema.default('overall'),
  /** true/false, a number on 0..1, { value, scale }, or poor/fair/good/excellent. */
  value: feedbackValueSchema,
  comment: shortTextSchema.optional(),
  suggestions: z.array(shortTextSchema).max(100).optional(),
  visibility: z.enum(['private', 'team', 'public']).default('private'),
  metadata: metadataSchema.optional(),
  at: timeSchema.optional(),
})

/** History: a whole execution that was chosen without Tacit. It has no propensity. */
export const recordSchema = z.strictObject({
  ...taskShape,
  ...outcomeShape,
  arm: armSchema,
  /** The arms that could have been chosen, if known. */
  arms: z.array(armSchema).max(10_000).optional(),
  /** The caller's id for this execution; repeating it changes nothing. */
  executionId: idSchema.optional(),
  steps: z.array(stepSchema).max(10_000).optional(),
  feedback: z.array(feedbackSchema).max(1000).optional(),
})

export type DecideInput = z.input<typeof decideSchema>
export type TaskInput = z.input<typeof taskSchema>
export type OutcomeInput = z.input<typeof outcomeSchema>
export type StepInput = z.input<typeof stepSchema>
export type FeedbackInput = z.input<typeof feedbackSchema>
export type RecordInput = z.input<typeof recordSchema>

// ---- the facts as stored -------------------------------------------------------------------------------------------

/** An estimated quantity. `value` is null when nothing is known; `interval` is the 90 % interval. */
export interface Estimate {
  readonly value: number | null
  readonly interval: readonly [number, number] | null
  /** Effective number of observations behind it (decayed, shared evidence counted in part). */
  readonly nEff: number
}
export const estimateSchema = z.object({
  value: z.number().nullable(),
  interval: z.tuple([z.number(), z.number()]).readonly().nullable(),
  nEff: z.number(),
})
export const predictionSchema = z.object({
  pSuccess: estimateSchema,
  durationMs: estimateSchema,
  costUsd: estimateSchema,
  /** Further amounts, as far as outcomes have told them: tokens (in and out), CPU time, peak memory. */
  resources: z
    .object({ tokens: estimateSchema, cpuTimeMs: estimateSchema, peakMemoryMb: estimateSchema })
    .partial()
    .optional(),
  /** Which model said so: id@version. */
  model: z.string(),
})
/** What was expected of an arm before it ran. */
export type Prediction = z.output<typeof predictionSchema>

const storedArmSchema = z.object({ id: nameSchema, facets: facetsSchema.optional() })
const storedContextSchema = contextSchema.extend({ deadline: z.int().optional(), complexity01: fraction.optional() })
export type StoredContext = z.output<typeof storedContextSchema>

const decisionBodySchema = z.object({
  task: textSchema,
  taskType: nameSchema.nullable(),
  context: storedContextSchema,
  /** The eligible arms, in the caller's order. */
  arms: z.array(storedArmSchema),
  arm: nameSchema,
  /** Exact probability of `arm` under the final distribution; null for recorded history. */
  propensity: fraction.nullable(),
  /** Probabilities of `arms`, in the same order; null for recorded history. */
  distribution: z.array(fraction).nullable(),
  policy: z.object({ id: z.string(), version: z.int(), seed: z.string() }).nullable(),
  stage: z.enum(stages).nullable(),
  explored: z.boolean().nullable(),
  prediction: predictionSchema.nullable(),
  /** Observations of the arm that the choice rested on; null for recorded history. */
  observations: z.object({ all: z.number(), taskType: z.number(), task: z.number() }).nullable(),
  /** What shaped the choice beside the policy; absent where nothing did. */
  limits: limitsSchema.optional(),
  joinDeadlineMs: z.number().nullable(),
  routingConfidence: fraction.nullable(),
  userId: nameSchema.nullable(),
  sessionId: nameSchema.nullable(),
  metadata: metadataSchema.nullable(),
})
/** `fingerprint` is the same for failures that differ only in numbers, paths and quoted values. */
const storedFailureSchema = failureSchema.extend({ fingerprint: z.string().optional() })
const outcomeBodySchema = z.object({
  ...outcomeShape,
  error: storedFailureSchema.optional(),
  quality: fraction.nullable(),
  success: z.boolean().nullable(),
  durationMs: nonNegative.nullable(),
  /** Integer micro-USD. */
  costMicroUsd: count.nullable(),
  costUsd: z.undefined().optional(),
  evaluations: z.record(nameSchema, fraction).optional(),
  arm: storedArmSchema.nullable(),
  metadata: metadataSchema.nullable(),
})
const stepBodySchema = stepSchema
  .omit({ stepId: true, at: true, startedAt: true, costUsd: true })
  .extend({ startedAtUs: z.int().optional(), costMicroUsd: count.optional(), error: storedFailureSchema.optional() })
const feedbackBodySchema = feedbackSchema.omit({ feedbackId: true, at: true }).extend({ value01: fraction })

const envelope = {
  /** Unique within the scope; ours sort by time (UUID version 7), a caller's may be any name. */
  id: nameSchema,
  executionId: nameSchema,
  /** When it happened, integer microseconds since 1970, UTC. */
  atUs: z.int().nonnegative(),
  /** When the log took it, integer microseconds since 1970, UTC; strictly increasing within one database. */
  recordedAtUs: z.int().nonnegative(),
  /** The instance that the fact came from. */
  origin: nameSchema,
}
export const factSchema = z.discriminatedUnion('kind', [
  z.object({ ...envelope, kind: z.literal('decision'), body: decisionBodySchema }),
  z.object({ ...envelope, kind: z.literal('step'), body: stepBodySchema }),
  z.object({ ...envelope, kind: z.literal('outcome'), body: outcomeBodySchema }),
  z.object({ ...envelope, kind: z.literal('feedback'), body: feedbackBodySchema }),
])
export type Fact = z.output<typeof factSchema>
export type FactKind = Fact['kind']
export type FactOf<K extends FactKind> = Extract<Fact, { kind: K }>
export type Decision = FactOf<'decision'>
export type Outcome = FactOf<'outcome'>

/** The canonical order of the log: by recordedAtUs, then by id (compared by UTF-16 units). */
export interface Position {
  readonly recordedAtUs: number
  readonly id: string
}
export function comparePositions(a: Position, b: Position): number {
  return a.recordedAtUs - b.recordedAtUs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}

// ---- parsing -------------------------------------------------------------------------------------------------------

/**
 * `value` parsed by `schema`, or an INVALID_INPUT error that names every wrong field, and the known ones beside an unknown.
 * `where` names the thing parsed ("decide", "line 7").
 */
export function parse<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const result = safeParse(schema, value, where)
  if (result.success) return result.data
  const issues = result.error.issues.map(issue => ({ path: issue.path.join('.'), message: problemOf(issue.message) }))
  const text = issues.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ')
  throw new TacitError('INVALID_INPUT', `${where}: ${text}. Correct the input and call again; nothing was written.`, {
    details: { issues },
  })
}

/** What was left out is told from what is wrong. */
const problemOf = (message: string) =>
  message.replace(/^Invalid input: expected (.+), received undefined$/, 'is required ($1)')

/** Input nested so deeply that it exhausts the stack is bad input, not a crash. */
function safeParse<S extends z.ZodType>(schema: S, value: unknown, where: string) {
  let isHidden: boolean
  try {
    isHidden = holdsHiddenKey(value)
    if (!isHidden) return schema.safeParse(value, { error: unknownKeys })
  } catch (cause) {
    throw new TacitError('INVALID_INPUT', `${where}: the value is nested too deeply or cannot be read.`, { cause })
  }
  throw new TacitError('INVALID_INPUT', `${where}: the key __proto__ cannot be kept. Use another name.`)
}

/** A key named __proto__ would be lost without a word on the way through plain objects. */
function holdsHiddenKey(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(holdsHiddenKey)
}
