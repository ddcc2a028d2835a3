/**
 * Text to numbers. An embedder is deterministic and names itself: vectors of different identities are never compared.
 * Each implementation runs `test/contract/embedder.suite.ts`.
 */
export interface Embedder {
  /** Kind, version and every parameter that changes the vectors: "hashing-1/256". */
  readonly id: string
  readonly dimension: number
  /** Cosine from which two texts are probably about the same thing, as calibrated on paraphrases and unrelated texts. */
  readonly similarityThreshold: number
  /** Unit-length vectors of the texts, in order (a text without any feature gives the zero vector). */
  embed(texts: readonly string[]): Promise<Float32Array[]>
}
