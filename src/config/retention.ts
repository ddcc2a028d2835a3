import { z } from 'zod'

const days = z.number().positive().max(36_500).nullable().default(null)

/** How long each class of data is kept. Nothing goes by itself: `tacit prune` applies it. */
export const retentionOptions = {
  retention: z
    .strictObject({
      executionsDays: days.describe('Age at which "tacit prune" removes whole executions, days; null: kept'),
      stepsDays: days.describe('Age at which "tacit prune" removes the steps of executions, days; null: kept'),
      vectorsDays: days.describe('Age at which "tacit prune" removes the vectors of task texts, days; null: kept'),
    })
    .prefault({}),
}
