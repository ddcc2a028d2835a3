import { textFeatures } from '../../src/embed/features.ts'
import type { SparseVector } from '../../src/learn/predictor/predictor.ts'
import { Vocabulary } from '../../src/learn/predictor/vocabulary.ts'

const vocabulary = new Vocabulary()

/** The words of a text, weighed by a vocabulary that has met it and every text of the test file before it. */
export function wordsOf(text: string): SparseVector {
  const features = textFeatures(text)
  vocabulary.meet(features)
  return vocabulary.vector(features)
}
