import { describe, expect, test } from 'vitest'
import { textFeatures } from '../../src/embed/features.ts'
import { sigmoid } from '../../src/learn/predictor/base-rates.ts'
import type { SparseVector } from '../../src/learn/predictor/predictor.ts'
import { TextModel } from '../../src/learn/predictor/text-model.ts'
import { buckets, Vocabulary } from '../../src/learn/predictor/vocabulary.ts'
import type { StateRecord } from '../../src/learn/state.ts'
import { seedRng } from '../../src/math/rng.ts'

const vector = (...entries: (readonly [index: number, value: number])[]): SparseVector => ({
  indices: Uint16Array.from(entries, ([index]) => index),
  values: Float64Array.from(entries, ([, value]) => value),
  logLength: 0,
})

describe('the vocabulary', () => {
  /** Features given by hand: hashes in the block of words, each once, and none of characters. */
  const words = (...hashes: number[]) => ({
    words: { hashes: Uint32Array.from(hashes), counts: new Uint16Array(hashes.length).fill(1) },
    characters: { hashes: new Uint32Array(0), counts: new Uint16Array(0) },
  })

  test('weighs a rare word more than a common one, by the known formula', () => {
    const vocabulary = new Vocabulary()
    vocabulary.meet(words(1, 2))
    vocabulary.meet(words(1))
    vocabulary.meet(words(1))
    const { indices, values } = vocabulary.vector(words(1, 2))
    const [common, rare] = [Math.log(4 / 4) + 1, Math.log(4 / 2) + 1]
    expect([...indices]).toEqual([1, 2])
    expect(values[0]).toBeCloseTo(common / Math.hypot(common, rare), 12)
    expect(values[1]).toBeCloseTo(rare / Math.hypot(common, rare), 12)
  })

  test('counts a repeated word by the logarithm of how often it occurs', () => {
    const vocabulary = new Vocabulary()
    vocabulary.meet(words(1, 2))
    const { values } = vocabulary.vector({
      ...words(),
      words: { hashes: Uint32Array.of(1, 2), counts: Uint16Array.of(1, 5) },
    })
    expect(values[1]! / values[0]!).toBeCloseTo(1 + Math.log(5), 12)
  })

  test('gives no weight to what was never met, and length 1 to each block otherwise', () => {
    const vocabulary = new Vocabulary()
    expect(vocabulary.vector(textFeatures('never met')).values.length).toBe(0)
    vocabulary.meet(textFeatures('speed up the nightly report'))
    const { indices, values } = vocabulary.vector(textFeatures('the nightly build'))
    for (const isWord of [true, false]) {
      const block = values.filter((_, i) => indices[i]! < buckets === isWord)
      expect(block.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 12)
    }
  })
})

describe('the model of the words', () => {
  test('changes nothing before it has learned', () => {
    expect(new TextModel(0.2, 0.03).logit('a', vector([1, 1]), 0.7)).toBe(0.7)
  })

  test('takes the step of its formula, by hand', () => {
    const model = new TextModel(0.2, 0.03)
    const x = vector([5, 0.6], [9, 0.8])
    model.learn('a', x, 0.4, 1, 1)
    // |x| = 1, so the spreads are the prior variances: arm .2, shared .03, bias 10.
    const p = sigmoid(0.4 / Math.sqrt(1 + (Math.PI / 8) * 10.23))
    const q = p * (1 - p)
    const own = (0.2 + 10) * ((1 - p) / (1 + q * 10.23))
    const shared = 0.03 * ((1 - p) / (1 + q * 0.23))
    expect(model.logit('a', x, 0.4)).toBeCloseTo(0.4 + own + shared, 6)
    expect(model.logit('another arm', x, 0.4)).toBeCloseTo(0.4 + shared, 6)
    expect(model.logit('another arm', vector([6, 1]), 0.4)).toBe(0.4)
  })

  test('comes close to the posterior found by numerical integration', () => {
    const x = vector([1, 1])
    for (const [successes, failures] of [
      [40, 10],
      [10, 40],
      [25, 25],
      [58, 2],
    ] as const) {
      const model = new TextModel(0.2, 0.03)
      const rng = seedRng(`${successes} of ${successes + failures}`)
      for (let left = successes, all = successes + failures; all > 0; all--) {
        const isSuccess = rng() < left / all
        model.learn('a', x, 0, isSuccess ? 1 : 0, 1)
        if (isSuccess) left--
      }
      // The logit is bias + arm + shared: one normal variable of variance 10.23 a priori.
      let [mass, mean] = [0, 0]
      for (let z = -12; z <= 12; z += 0.001) {
        const density = Math.exp((-z * z) / (2 * 10.23)) * sigmoid(z) ** successes * sigmoid(-z) ** failures
        mass += density
        mean += z * density
      }
      expect(Math.abs(model.logit('a', x, 0) - mean / mass)).toBeLessThan(0.15)
    }
  })

  describe('fading', () => {
    const taught = () => {
      const model = new TextModel(0.1, 0.3)
      const rng = seedRng('fading')
      for (let i = 0; i < 200; i++) {
        const word = Math.floor(20 * rng())
        model.learn(i % 2 ? 'a' : 'b', vector([word, 0.8], [20 + (i % 3), 0.6]), 0.2, rng() < word / 20 ? 1 : 0, 1)
      }
      return model
    }
    const logits = (model: TextModel) =>
      Array.from({ length: 20 }, (_, word) => model.logit('a', vector([word, 0.8], [21, 0.6]), 0.2))

    test('to nothing leaves the prior', () => {
      const model = taught()
      model.fade(0)
      for (const logit of logits(model)) expect(logit).toBeCloseTo(0.2, 12)
    })

    test('by half twice is fading by a quarter', () => {
      const [twice, once] = [taught(), taught()]
      twice.fade(0.5)
      twice.fade(0.5)
      once.fade(0.25)
      const [a, b] = [logits(twice), logits(once)]
      // The weights are single precision.
      for (const [i, logit] of a.entries()) expect(Math.abs(logit - b[i]!)).toBeLessThan(1e-5)
    })

    test('brings every weight nearer to its prior and makes it less certain', () => {
      const model = taught()
      const before = structuredClone(model.toState()) as unknown as Record<
        'shared',
        Record<'mean' | 'precision', Float32Array>
      >
      model.fade(0.5)
      const { mean, precision } = (model.toState() as StateRecord).shared as unknown as (typeof before)['shared']
      let touched = 0
      for (const [i, old] of before.shared.mean.entries()) {
        if (old === 0) continue
        touched++
        expect(Math.abs(mean[i]!)).toBeLessThan(Math.abs(old))
        expect(precision[i]!).toBeLessThan(before.shared.precision[i]!)
      }
      expect(touched).toBe(23)
    })
  })
})
