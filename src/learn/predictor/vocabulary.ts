import type { StateRecord } from '../state.ts'
import type { SparseFeatures, SparseVector } from './predictor.ts'

/** Buckets per block (words, characters); 2^18 was no better on the sets it was measured on. */
export const buckets = 2 ** 14
/** Texts are measured against one of this many words and pairs of words. */
const usualLength = 64

/** Place of a feature of the words in a vector. Two words may share one. */
export const placeOfWord = (hash: number) => hash % buckets
export const isWordPlace = (place: number) => place < buckets

/**
 * Turns counts of hashed features into TF-IDF weights with the document frequencies met so far:
 * (1 + ln tf)·(ln((1+N)/(1+df)) + 1), each block scaled to length 1. Features never met before carry no weight.
 */
export class Vocabulary {
  #documents: number
  readonly #frequencies: Float64Array
  /** The last text asked for: one text is weighed for every arm and every predictor. */
  #latest: { features: SparseFeatures; documents: number; vector: SparseVector } | null = null

  constructor(state?: StateRecord) {
    this.#documents = state ? (state.documents as number) : 0
    this.#frequencies = state ? (state.frequencies as Float64Array) : new Float64Array(2 * buckets)
  }

  /** Counts one text. */
  meet(features: SparseFeatures): void {
    this.#documents++
    for (const [block, { hashes }] of [features.words, features.characters].entries()) {
      for (let i = 0; i < hashes.length; i++) this.#frequencies[block * buckets + (hashes[i]! % buckets)]!++
    }
  }

  vector(features: SparseFeatures): SparseVector {
    const latest = this.#latest
    if (latest?.features === features && latest.documents === this.#documents) return latest.vector
    const vector = this.#weigh(features)
    this.#latest = { features, documents: this.#documents, vector }
    return vector
  }

  toState(): StateRecord {
    return { documents: this.#documents, frequencies: this.#frequencies }
  }

  #weigh(features: SparseFeatures): SparseVector {
    const size = features.words.hashes.length + features.characters.hashes.length
    const indices = new Uint16Array(size)
    const values = new Float64Array(size)
    let at = 0
    for (const [block, { hashes, counts }] of [features.words, features.characters].entries()) {
      const start = at
      let squares = 0
      for (let i = 0; i < hashes.length; i++) {
        const index = block * buckets + (hashes[i]! % buckets)
        const frequency = this.#frequencies[index]!
        if (frequency === 0) continue
        // Two features in one bucket are counted apart, so a bucket's frequency may exceed the number of texts.
        const rarity = Math.max(0, Math.log((1 + this.#documents) / (1 + frequency))) + 1
        const value = (1 + Math.log(counts[i]!)) * rarity
        indices[at] = index
        values[at++] = value
        squares += value * value
      }
      const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0
      for (let i = start; i < at; i++) values[i]! *= scale
    }
    const length = features.words.counts.reduce((sum, count) => sum + count, 0)
    const logLength = Math.log((1 + length) / (1 + usualLength))
    return { indices: indices.subarray(0, at), values: values.subarray(0, at), logLength }
  }
}
