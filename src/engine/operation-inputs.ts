import { z } from 'zod'
import {
  contextSchema,
  decideSchema,
  feedbackSchema,
  idSchema,
  nameSchema,
  outcomeSchema,
  recordSchema,
  stepSchema,
  taskSchema,
  taskTypeSchema,
} from '../records.ts'
import { objectives } from './pareto.ts'

/**
 * What each operation takes: the schemas of the facts with a sentence for every field, so that the help of the command
 * line, the HTTP description and the tool schemas all say the same. `described` demands a sentence for each field.
 */
type Sentences<Shape> = { readonly [Field in keyof Shape]: string }

export function described<Shape extends z.ZodRawShape>(shape: Shape, sentences: Sentences<Shape>) {
  const entries = Object.entries(shape).map(([field, schema]) => [
    field,
    (schema as z.ZodType).describe(sentences[field as keyof Shape]),
  ])
  return z.strictObject(Object.fromEntries(entries) as Shape)
}

const moment = 'a date (2026-01-31), ISO 8601 with a zone, or milliseconds since 1970'

const context = described(contextSchema.shape, {
  complexity: 'low, medium, high; {"value":7,"scale":"1-10"}; or a number on your own scale',
  repository: 'Repository or project that the task belongs to',
  fileCount: 'Number of files concerned',
  estimatedTokens: 'Tokens expected to be used',
  estimatedCostUsd: 'Cost expected, in US dollars',
  language: 'Natural or programming language of the task',
  priority: 'Urgency on your own scale; higher is more urgent',
  deadline: `When it must be done: ${moment}`,
  load: 'Work waiting or running, 0 to 1',
  loads: 'The same for single arms, as a JSON object of arms and numbers',
  features: 'Anything else known before the choice, as a JSON object of names and values',
}).optional()

const error = described(outcomeSchema.shape.error.unwrap().shape, {
  type: 'timeout, quality_gate, crash, validation, unknown or other:<name>',
  message: 'What the error said',
}).optional()

const resources = described(outcomeSchema.shape.resources.unwrap().shape, {
  cpuPercent: 'Processor use, percent',
  cpuTimeMs: 'Processor time, milliseconds',
  memoryMb: 'Memory, MB',
  peakMemoryMb: 'Highest memory, MB',
  inputTokens: 'Tokens read',
  outputTokens: 'Tokens written',
}).optional()

const about = {
  task: 'What is to be done, in words',
  taskType: 'Kind of task, any word of yours ("database", "bug-fix")',
  context: 'What is known before the choice, as a JSON object',
  routingConfidence: 'Your own confidence in the routing, 0 to 1; kept as a prediction',
  userId: 'Pseudonym of the user',
  sessionId: 'Session that the task belongs to',
  metadata: 'Anything of yours to keep with it, as a JSON object',
  at: `When it happened, if not now: ${moment}`,
} as const
const armsToRank = 'Arms to consider; left out: every arm seen so far'
const task = { ...taskSchema.shape, context }

const result = {
  success: 'Whether the task was solved',
  quality: 'How well, 0 to 1, or {"value":8,"scale":"0-10"}',
  durationMs: 'How long it took, milliseconds',
  costUsd: 'What it cost, in US dollars',
  error: 'What went wrong, as a JSON object',
  resources: 'What it used, as a JSON object',
  evaluations: 'Further measurements on 0 to 1 by name, as a JSON object',
  solutionSummary: 'The solution in a few words',
  provenance: 'How the outcome is known, most trustworthy first',
} as const

export const decideInput = described(
  { ...decideSchema.shape, context },
  {
    ...about,
    arms: 'Arms to choose from; left out: every arm seen so far',
    incumbent: 'What would be chosen without Tacit; left out: the first arm',
    decisionId: 'Your id for the decision; repeating it gives the first choice again',
    stage: 'How far the choice is acted on, instead of the configured stage',
    joinDeadlineMs: 'After this a missing outcome no longer counts as in flight, milliseconds',
  },
)

export const observeInput = described(
  { decisionId: idSchema, ...outcomeSchema.shape, error, resources },
  {
    ...result,
    decisionId: 'The decision that this is the outcome of',
    arm: 'The arm really used, if not the one chosen',
    outcomeId: 'Your id for the outcome: the same again is the same fact, another is a correction',
    metadata: about.metadata,
    at: about.at,
  },
)

export const recordInput = described(
  { ...recordSchema.shape, context, error, resources },
  {
    ...about,
    ...result,
    arm: 'The arm that was used',
    arms: 'The arms that could have been used, if known',
    executionId: 'Your id for the execution; repeating it changes nothing',
    steps: 'Its steps',
    feedback: 'Its ratings',
  },
)

export const stepInput = described(
  { executionId: idSchema, ...stepSchema.shape, error },
  {
    executionId: 'The execution (the id of its decision)',
    stepId: 'Your id for the step; repeating it changes nothing',
    parentStepId: 'The step that this one is part of',
    seq: 'Place in the order of steps',
    agent: 'Who did it',
    kind: 'agent, model, tool, retrieval, plan, hand-off … any word of yours (default: tool)',
    name: 'What was done ("read file")',
    status: 'How it ended (default: ok)',
    startedAt: `When it began: ${moment}`,
    durationMs: 'How long it took, milliseconds',
    retry: 'Which retry this was; 0 is the first try',
    error: 'What went wrong, as a JSON object',
    inputTokens: 'Tokens read',
    outputTokens: 'Tokens written',
    costUsd: 'What it cost, in US dollars',
    metadata: about.metadata,
    at: about.at,
  },
)

export const feedbackInput = described(
  { executionId: idSchema, ...feedbackSchema.shape },
  {
    executionId: 'The execution (the id of its decision)',
    feedbackId: 'Your id for the rating; repeating it changes nothing',
    source: 'Who says so (default: human)',
    dimension: 'overall, accuracy, relevance, accepted … any word of yours (default: overall)',
    value: 'true, false, a number on 0 to 1, poor, fair, good, excellent, or {"value":4,"scale":"1-5"}',
    comment: 'Why',
    suggestions: 'What to do better; may be repeated',
    visibility: 'Who may see it (default: private)',
    metadata: about.metadata,
    at: about.at,
  },
)

const limit = z.int().min(1).max(1000).optional()
const daysBack = z.number().positive().max(36_500).optional()

export const predictInput = described({ ...task, arms: decideSchema.shape.arms }, { ...about, arms: armsToRank })

export const recommendInput = described(
  { ...task, arms: decideSchema.shape.arms, limit, similar: z.int().min(0).max(100).optional() },
  {
    ...about,
    arms: armsToRank,
    limit: 'Most arms to list',
    similar: 'Past tasks to show (default: 3; 0 saves the search)',
  },
)

export const similarInput = described(
  {
    task: taskSchema.shape.task,
    limit,
    threshold: z.number().min(-1).max(1).optional(),
    daysBack,
    taskType: taskTypeSchema.optional(),
    arm: nameSchema.optional(),
    repository: nameSchema.optional(),
  },
  {
    task: about.task,
    limit: 'Most tasks to list (default: 10)',
    threshold: 'Least cosine similarity, -1 to 1 (default: the configured one)',
    daysBack: 'Only the last so many days',
    taskType: 'Only this kind of task',
    arm: 'Only tasks done by this arm',
    repository: 'Only this repository',
  },
)

export const explainInput = described(
  { decisionId: idSchema },
  { decisionId: 'The decision, or an execution of the past, by its id' },
)

export const calibrationInput = described(
  { daysBack, taskType: taskTypeSchema.optional() },
  { daysBack: 'Only the last so many days', taskType: 'Only this kind of task' },
)

export const policyEvaluateInput = described(
  { policy: nameSchema, days: daysBack, taskType: nameSchema.optional() },
  {
    policy:
      'best-single, taskType-best, hierarchical, uniform, or the arm to take always (arm:NAME if it is called so)',
    days: 'Only the decisions of the last so many days',
    taskType: 'Only this kind of task',
  },
)

export const paretoInput = described(
  {
    objectives: z.array(z.enum(objectives)).min(2).max(objectives.length).optional(),
    taskType: nameSchema.optional(),
    daysBack,
  },
  {
    objectives: 'What to compare by, two or more (default: success, durationMs and costUsd)',
    taskType: 'Only this kind of task',
    daysBack: 'Only the last so many days',
  },
)

export const statusInput = z.strictObject({})

export const replayInput = described(
  { verify: z.boolean().optional() },
  { verify: 'Compare the live state with the replayed one, byte by byte' },
)
