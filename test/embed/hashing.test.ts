import { describe, expect, test } from 'vitest'
import { hashingEmbedder } from '../../src/embed/hashing.ts'
import { embedderContract } from '../contract/embedder.suite.ts'
import { paraphrases } from './paraphrases.ts'

for (const dimension of [64, 256, 1024]) embedderContract(`hashing/${dimension}`, () => hashingEmbedder(dimension))

const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, index) => sum + value * b[index]!, 0)
const similarity = async (a: string, b: string) => {
  const [first, second] = await hashingEmbedder().embed([a, b])
  return cosine(first!, second!)
}

describe('the hashing embedder', () => {
  test('puts paraphrases closer than unrelated sentences from the same kind of work', async () => {
    const embedder = hashingEmbedder()
    let closer = 0
    let gap = 0
    for (const triple of paraphrases) {
      const [sentence, paraphrase, unrelated] = await embedder.embed(triple)
      const difference = cosine(sentence!, paraphrase!) - cosine(sentence!, unrelated!)
      if (difference > 0) closer++
      gap += difference / paraphrases.length
    }
    const report = `${closer} of ${paraphrases.length} closer, mean gap ${gap.toFixed(3)}`
    expect(paraphrases.length).toBeGreaterThanOrEqual(30)
    expect(closer / paraphrases.length, report).toBeGreaterThanOrEqual(0.9)
    expect(gap, report).toBeGreaterThan(0.4)
  })

  test('puts a paraphrase above nearly every other sentence of the list', async () => {
    const vectors = await hashingEmbedder().embed(paraphrases.map(([sentence]) => sentence))
    const rephrased = await hashingEmbedder().embed(paraphrases.map(([, paraphrase]) => paraphrase))
    const nearest = rephrased.map(query => {
      const similarities = vectors.map(vector => cosine(query, vector))
      return similarities.indexOf(Math.max(...similarities))
    })
    const found = nearest.filter((index, row) => index === row).length
    expect(found / paraphrases.length, `${found} of ${paraphrases.length} found first`).toBeGreaterThanOrEqual(0.9)
  })

  test('names its kind, version and dimension', () => {
    expect(hashingEmbedder().id).toBe('hashing-1/256')
    expect(hashingEmbedder(32).id).toBe('hashing-1/32')
    expect(hashingEmbedder(32).dimension).toBe(32)
  })

  test('keeps its vectors from version to version under the same identity', async () => {
    const [vector] = await hashingEmbedder(8).embed(['Speed up the nightly sales report, 数据 🔥'])
    expect(Array.from(vector!, value => Number(value.toFixed(6)))).toEqual([
      0.18143, -0.337928, -0.168964, -0.804598, 0.343965, -0.029167, -0.210205, -0.116668,
    ])
  })

  test('hears function words less than others, and word endings little', async () => {
    expect(await similarity('it is in the parser', 'it is in the kitchen')).toBeLessThan(0.2)
    expect(await similarity('Fix the parser', 'Fix parser')).toBeGreaterThan(0.7)
    expect(await similarity('optimise queries', 'optimising query')).toBeGreaterThan(0.3)
  })

  test('hears the order of words only a little, and case not at all', async () => {
    const reordered = await similarity('merge the duplicate customer records', 'customer records: merge the duplicate')
    expect(reordered).toBeGreaterThan(0.8)
    expect(reordered).toBeLessThan(0.99)
    expect(await similarity('Merge Duplicates', 'merge duplicates')).toBeCloseTo(1, 6)
  })

  test('a word said n times counts 1 + ln n times', async () => {
    // The text has the words x (three times) and y, the pairs xx (twice) and xy, and the runs ' x ' and ' y '; the single
    // letters have one word and one run. Words have .3 of the squared length. In 4096 buckets these do not collide.
    const [x, y, text] = await hashingEmbedder(4096).embed(['x', 'y', 'x x x y'])
    const [often, once] = [1 + Math.log(3), 1]
    const words = Math.hypot(often, once, 1 + Math.log(2), 1)
    const runs = Math.hypot(often, once)
    expect(cosine(text!, x!)).toBeCloseTo((0.3 * often) / words + (0.7 * often) / runs, 5)
    expect(cosine(text!, y!)).toBeCloseTo((0.3 * once) / words + (0.7 * once) / runs, 5)
  })

  test('refuses a dimension that is not a positive integer', () => {
    for (const dimension of [0, -8, 1.5, Number.NaN]) {
      expect(() => hashingEmbedder(dimension)).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }))
    }
  })
})

test('the default threshold lets nine of ten paraphrases through, and one unrelated sentence in fifty at most', async () => {
  const embedder = hashingEmbedder()
  const similarities: [number, number][] = []
  for (const triple of paraphrases) {
    const [sentence, paraphrase, unrelated] = await embedder.embed(triple)
    similarities.push([cosine(sentence!, paraphrase!), cosine(sentence!, unrelated!)])
  }
  const share = (index: 0 | 1) =>
    similarities.filter(pair => pair[index] >= embedder.similarityThreshold).length / similarities.length
  expect(share(0)).toBeGreaterThanOrEqual(0.9)
  expect(share(1)).toBeLessThanOrEqual(0.02)
})
