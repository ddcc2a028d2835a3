/**
 * Text to numbers. An embedder is deterministic and names itself: vectors of different identities are never compared.
 * Each implementation runs `test/contract/embedder.suite.ts`.
 */
export interface Embedder {
  /** Kind, version and every parameter that changes the vectors: "hashing-1/256". */
  readonly id: string
  readonly dimension: number
  /** Unit-length vectors of the texts, in order (a text without any feature gives the zero vector). */
  embed(texts: readonly string[]): Promise<Float32Array[]>
}
