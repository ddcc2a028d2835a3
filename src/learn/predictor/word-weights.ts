import type { StateRecord } from '../state.ts'
import { buckets } from './vocabulary.ts'

/** Places besides the words, for what a regression looks at apart from them. */
export const firstExtraPlace = 2 * buckets
export const extraPlaces = 1024
const size = firstExtraPlace + extraPlaces

/** A Gaussian belief about the weight of each word, independent of each other. */
export interface Weights {
  readonly mean: Float32Array
  readonly precision: Float32Array
}

export function freshWeights(variance: number): Weights {
  return { mean: new Float32Array(size), precision: new Float32Array(size).fill(1 / variance) }
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

/** The weights that words have moved; most buckets are never met, and a snapshot need not hold them. */
export function packWeights({ mean, precision }: Weights, variance: number): StateRecord {
  const prior = Math.fround(1 / variance)
  const isMoved = (i: number) => precision[i] !== prior || mean[i] !== 0
  let count = 0
  for (let i = 0; i < mean.length; i++) if (isMoved(i)) count++
  const places = new Float32Array(count)
  for (let i = 0, at = 0; at < count; i++) if (isMoved(i)) places[at++] = i
  return { places, mean: places.map(place => mean[place]!), precision: places.map(place => precision[place]!) }
}

export function unpackWeights(state: StateRecord, variance: number): Weights {
  const weights = freshWeights(variance)
  const [mean, precision] = [state.mean as Float32Array, state.precision as Float32Array]
  for (const [i, place] of (state.places as Float32Array).entries()) {
    weights.mean[place] = mean[i]!
    weights.precision[place] = precision[i]!
  }
  return weights
}
