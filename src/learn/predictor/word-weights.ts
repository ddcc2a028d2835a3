import { buckets } from './vocabulary.ts'

/** A Gaussian belief about the weight of each word, independent of each other. */
export interface Weights {
  readonly mean: Float32Array
  readonly precision: Float32Array
}

export function freshWeights(variance: number): Weights {
  return { mean: new Float32Array(2 * buckets), precision: new Float32Array(2 * buckets).fill(1 / variance) }
}

/** Precision and precision × mean of the evidence shrink by `share`; a prior has precision `prior` and mean 0. */
export function fadeWeights({ mean, precision }: Weights, prior: number, share: number): void {
  const rounded = Math.fround(prior)
  for (let i = 0; i < mean.length; i++) {
    if (precision[i] === rounded) continue
    const faded = prior + share * (precision[i]! - prior)
    mean[i]! *= (share * precision[i]!) / faded
    precision[i] = faded
  }
}
