import { z } from 'zod'
import { orders } from '../analyse/metrics.ts'
import { metricsViewNames } from '../analyse/metrics-views.ts'
import { dimensions } from '../analyse/rollup/dimensions.ts'
import { nameSchema, taskSchema, taskTypeSchema } from '../records.ts'
import { described } from './operation-inputs.ts'

const daysBack = z.number().positive().max(36_500).optional()
const moment = taskSchema.shape.at
const minCount = z.int().min(0).optional()
const limit = z.int().min(1).max(50_000).optional()
const name = nameSchema.optional()
const aboutDays = 'Only decisions of the last so many days'

const metricsFilter = {
  arm: name,
  taskType: taskTypeSchema.optional(),
  repository: name,
  agent: name,
  model: name,
  tier: name,
  pool: name,
  topology: name,
  strategy: name,
}

export const metricsInput = described(
  {
    view: z.enum(metricsViewNames).optional(),
    groupBy: z.array(z.enum(dimensions)).max(dimensions.length).optional(),
    daysBack,
    since: moment,
    until: moment,
    minCount,
    orderBy: z.enum(orders).optional(),
    limit,
    trend: z.boolean().optional(),
    ...metricsFilter,
  },
  {
    view: `A named question: ${metricsViewNames.join(', ')}; other options take the place of its own`,
    groupBy: `One line for each combination of ${dimensions.join(', ')} (default: arm)`,
    daysBack: aboutDays,
    since: 'Decided at this moment or later: a date (2026-01-31), ISO 8601 with a zone, or milliseconds since 1970',
    until: 'Decided before this moment',
    minCount: 'Leave out groups with fewer executions',
    orderBy: 'Order of the groups, the best first; success goes by the lower end of its interval (default: executions)',
    limit: 'Most groups to list (default: 1000)',
    trend: 'Compare with the window of the same length before',
    arm: 'Only this arm',
    taskType: 'Only this kind of task',
    repository: 'Only this repository',
    agent: 'Only this agent',
    model: 'Only this model',
    tier: 'Only this model tier',
    pool: 'Only this pool',
    topology: 'Only this topology',
    strategy: 'Only this strategy',
  },
)

export const solutionsInput = described(
  { daysBack, taskType: taskTypeSchema.optional(), arm: name, repository: name, minCount, limit },
  {
    daysBack: aboutDays,
    taskType: 'Only this kind of task',
    arm: 'Only this arm',
    repository: 'Only this repository',
    minCount: 'Leave out solutions used less often (default: 5)',
    limit: 'Most solutions to list (default: 10)',
  },
)

export const ratesInput = described(
  { windowSeconds: z.number().positive().max(86_400).optional() },
  { windowSeconds: 'Count what was recorded in the last so many seconds (default: 60)' },
)
