import { z } from 'zod'
import { facetsSchema, nameSchema } from '../records.ts'

const limit = (schema: z.ZodNumber) => schema.nullable().default(null)
const ceilingSchema = (unit: string) =>
  z
    .strictObject({
      perTask: limit(z.number().positive()).describe(`Most ${unit} per task on average; null: no ceiling`),
      perDay: limit(z.number().positive()).describe(`Most ${unit} per UTC day; null: no ceiling`),
    })
    .prefault({})

const armOverridesSchema = z
  .strictObject({
    /** Least and largest share of the final distribution. */
    minProbability: z.number().min(0).max(1).default(0),
    maxProbability: z.number().min(0).max(1).default(1),
    /** Not chosen while its predicted probability of success is below this, unless no arm is left. */
    minPSuccess: limit(z.number().min(0).max(1)),
    /** Breaks ties between arms that are expected to be worth the same; higher goes first. */
    priority: z.union([z.enum(['low', 'normal', 'high']), z.number().min(-1000).max(1000)]).default('normal'),
    /** So long the very same task gets the arm again without a new draw, unless an outcome of it came in between. */
    cacheMs: limit(z.number().positive()),
    /** Registers the arm: it can be chosen before it was seen, and starts from arms with the same properties. */
    facets: facetsSchema.optional(),
    /** When to use it, for people and agents. */
    description: z.string().max(2000).optional(),
  })
  .refine(({ minProbability, maxProbability }) => minProbability <= maxProbability, {
    message: 'minProbability must not be above maxProbability',
  })
export type ArmOverrides = z.output<typeof armOverridesSchema>

/** Options that shape choices beside the policy; all off by default. docs/choosing.md describes them. */
export const choosingOptions = {
  constraints: z
    .strictObject({
      maxCostUsd: limit(z.number().nonnegative()).describe('Arms predicted to cost more are not chosen, USD'),
      maxDurationMs: limit(z.number().nonnegative()).describe('Arms predicted to take longer are not chosen, ms'),
      maxCpuTimeMs: limit(z.number().nonnegative()).describe('Arms predicted to use more CPU time are not chosen, ms'),
      maxPeakMemoryMb: limit(z.number().nonnegative()).describe(
        'Arms predicted to need more memory are not chosen, MB',
      ),
      minPSuccess: limit(z.number().min(0).max(1)).describe(
        'Arms predicted to succeed less often are not chosen, 0..1',
      ),
    })
    .prefault({}),
  exploration: z
    .strictObject({
      maxShare: limit(z.number().min(0).max(1)).describe('Largest share of explored decisions in any window, 0..1'),
      window: z.number().int().min(1).max(10_000).default(100).describe('Length of that window, decisions'),
      noneFromPriority: limit(z.number()).describe('No exploration for tasks of this context.priority or more'),
      noneWithinMs: limit(z.number().nonnegative()).describe(
        'No exploration when context.deadline is nearer than this, ms',
      ),
    })
    .prefault({}),
  loadWeight: z.number().min(0).default(0).describe('Utility taken off a fully loaded arm (context.loads)'),
  budget: z
    .strictObject({
      costUsd: ceilingSchema('USD'),
      tokens: ceilingSchema('tokens'),
      durationMs: ceilingSchema('milliseconds'),
      cpuTimeMs: ceilingSchema('milliseconds of CPU time'),
      // Peaks do not add up over a day.
      peakMemoryMb: z
        .strictObject({
          perTask: limit(z.number().positive()).describe('Most MB per task on average; null: no ceiling'),
        })
        .prefault({}),
    })
    .prefault({}),
  arms: z
    .record(nameSchema, armOverridesSchema)
    .default({})
    .describe('Per arm: minProbability, maxProbability, minPSuccess, priority, cacheMs, facets, description'),
}
