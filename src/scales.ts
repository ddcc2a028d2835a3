import { z } from 'zod'

/** Measurements come on many scales; each is declared, and its canonical form is 0..1. */
const scales = {
  '0-1': [0, 1],
  '0-10': [0, 10],
  '0-100': [0, 100],
  '1-5': [1, 5],
  '1-10': [1, 10],
} as const satisfies Record<string, readonly [number, number]>

export const fraction = z.number().min(0).max(1)
const scaleSchema = z.enum(Object.keys(scales) as [keyof typeof scales])
/** A declared range of numbers, or labels poor/fair/good/excellent. */
type Scale = keyof typeof scales

/** `value` on `scale` mapped linearly to 0..1; null when it lies outside the scale. */
function toUnit(value: number, scale: Scale): number | null {
  const [low, high] = scales[scale]
  return value >= low && value <= high ? (value - low) / (high - low) : null
}

const scaledSchema = z
  .strictObject({ value: z.number(), scale: scaleSchema })
  .refine(({ value, scale }) => toUnit(value, scale) !== null, 'lies outside its scale')

/** A number in 0..1, or a value with its scale; canonical form 0..1. */
export const unitSchema = z.union([fraction, scaledSchema.transform(({ value, scale }) => toUnit(value, scale)!)])

const complexityLabels = { low: 0.25, medium: 0.5, high: 0.75 } as const
/** Complexity keeps its raw form; `complexity01` exists only where the scale was declared. */
export const complexitySchema = z.union([
  z.number(),
  z.enum(Object.keys(complexityLabels) as [keyof typeof complexityLabels]),
  scaledSchema,
])

/** Complexity on 0..1, or null when the caller gave a number without a scale. */
export function complexity01(complexity: z.output<typeof complexitySchema> | undefined): number | null {
  if (complexity === undefined || typeof complexity === 'number') return null
  return typeof complexity === 'string' ? complexityLabels[complexity] : toUnit(complexity.value, complexity.scale)
}

const feedbackLabels = { poor: 0, fair: 1 / 3, good: 2 / 3, excellent: 1 } as const

/** true/false, a number on 0..1, { value, scale }, or poor/fair/good/excellent. */
export const feedbackValueSchema = z.union([
  z.boolean(),
  fraction,
  scaledSchema,
  z.enum(Object.keys(feedbackLabels) as [keyof typeof feedbackLabels]),
])

/** A feedback value in any accepted form, mapped to 0..1. */
export function feedbackValue01(value: z.output<typeof feedbackValueSchema>): number {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'number') return value
  return typeof value === 'string' ? feedbackLabels[value] : toUnit(value.value, value.scale)!
}
