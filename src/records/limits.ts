import { z } from 'zod'

/** How one ceiling of the budget stood at a choice; the pacer learns from it. */
const pacingSchema = z.object({
  resource: z.enum(['costUsd', 'tokens', 'durationMs', 'cpuTimeMs', 'peakMemoryMb']),
  period: z.enum(['task', 'day']),
  limit: z.number(),
  /** Utility asked per unit of spending, and that unit: what one task may cost in the long run. */
  price: z.number(),
  unit: z.number(),
  /** What this task was to cost on average; what the choice was meant to cost before dear arms were barred. */
  allowance: z.number(),
  intended: z.number(),
  cheapest: z.number().nullable(),
  /** Put aside for the chosen arm, and the forecast that it came from; null: no forecast, one unit was taken. */
  reserved: z.number(),
  forecast: z.number().nullable(),
  /** met: no price is needed; binding: choices are held back; unmeetable: even the cheapest arms cost more. */
  state: z.enum(['met', 'binding', 'unmeetable']),
})
export type PacingRecord = z.output<typeof pacingSchema>
export const limitsSchema = z.object({
  /** Arms that were not eligible, with what spoke against each. */
  excluded: z.record(z.string(), z.array(z.string())).optional(),
  /** True if every arm broke a limit, and only the least bad were eligible. */
  noneFits: z.boolean().optional(),
  /** True if the arm was taken because the same task got it shortly before. */
  kept: z.boolean().optional(),
  /** Why the best arm was taken without exploring. */
  greedy: z.enum(['priority', 'deadline', 'exploredShare']).optional(),
  /** True if the configured shares of the eligible arms left no distribution and had to be scaled. */
  sharesUnmet: z.boolean().optional(),
  /** Added to the estimated utility of each arm before the choice (relatives, priority, load, prices), in the order of the arms. */
  adjustment: z.array(z.number()).optional(),
  budget: z.array(pacingSchema).optional(),
  /** Expected utility given up for the budget by this choice. */
  forgoneUtility: z.number().optional(),
})
/** What shaped a choice beside the estimates of its policy; only what applied. */
export type Limits = z.output<typeof limitsSchema>
