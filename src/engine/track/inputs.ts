import { z } from 'zod'
import { decideSchema, nameSchema, taskSchema, taskTypeSchema } from '../../records.ts'
import { described } from '../operation-inputs.ts'
import { usageGroups } from './usage.ts'

const daysBack = z.number().positive().max(36_500).optional()
const taskType = taskTypeSchema.optional()

export const listInput = z.strictObject({})
export const namedInput = described({ name: nameSchema }, { name: 'Its name' })
export const freezeInput = described(
  { name: nameSchema, daysBack, taskType },
  { name: 'Its name', daysBack: 'Only decisions of the last so many days', taskType: 'Only this kind of task' },
)
export const compareInput = described(
  { name: nameSchema, daysBack },
  { name: 'The baseline', daysBack: 'Compare only the last so many days (default: all since it was frozen)' },
)
export const regretInput = described(
  {
    days: z.number().positive().max(36_500).optional(),
    periodDays: z.number().positive().max(36_500).optional(),
    taskType,
    against: nameSchema.optional(),
  },
  {
    days: 'The last so many days (default: 28)',
    periodDays: 'Length of a period, days (default: 7)',
    taskType: 'Only this kind of task',
    against: 'taskType-best (default), best-single, or an arm',
  },
)
export const usageInput = described(
  {
    by: z.enum(usageGroups).optional(),
    daysBack,
    taskType,
    arm: nameSchema.optional(),
    limit: z.int().min(1).max(10_000).optional(),
  },
  {
    by: 'One line for each arm (default), taskType or hourOfDay (UTC)',
    daysBack: 'Only decisions of the last so many days',
    taskType: 'Only this kind of task',
    arm: 'Only this arm',
    limit: 'Most lines (default: 100)',
  },
)
export const complexityInput = described(
  { task: taskSchema.shape.task, taskType },
  { task: 'What is to be done, in words', taskType: 'Kind of task' },
)
export const importanceInput = described(
  {
    task: taskSchema.shape.task.optional(),
    taskType,
    arms: decideSchema.shape.arms,
    limit: z.int().min(1).max(1000).optional(),
  },
  {
    task: 'Explain the forecast for this task; left out: the latest 500 tasks together',
    taskType: 'Kind of task',
    arms: 'Arms to explain; left out: every one seen so far',
    limit: 'Most words per arm (default: 10)',
  },
)
