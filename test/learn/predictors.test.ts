import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AmountPredictor } from '../../src/learn/predictor/amount.ts'
import { BaseRates } from '../../src/learn/predictor/base-rates.ts'
import type { Query } from '../../src/learn/predictor/predictor.ts'
import { SuccessPredictor } from '../../src/learn/predictor/success.ts'
import type { State, StateRecord } from '../../src/learn/state.ts'
import { beta, integer, normal, type Rng, seedRng } from '../../src/math/rng.ts'
import { auc, brier, calibrationError } from '../../src/math/statistics.ts'
import { predictorContract } from '../contract/predictor.suite.ts'
import { wordsOf } from '../helpers/words.ts'
import { statisticsOfState } from './statistics.ts'

const child = (state: State, key: string) => (state as StateRecord)[key]!
const logNormal = (median: number) => (difficulty: number, rng: Rng) =>
  median * 8 ** difficulty * Math.exp(0.5 * normal(rng))

predictorContract('success', {
  make: (options, state) => new SuccessPredictor(options, state),
  statistics: state => statisticsOfState(child(child(state, 'rates'), 'evidence')),
  sample: (difficulty, rng) => (rng() < [0.95, 0.5, 0.05][difficulty]! ? 1 : 0),
  extremes: [0, 1, 0, 0, 1e-300, 1 - 2 ** -53],
  largest: 1,
})
for (const [id, unit, typical] of [
  ['durationMs', 1, 1000],
  ['costUsd', 1e-6, 0.01],
] as const) {
  predictorContract(id, {
    make: (options, state) => new AmountPredictor(id, { unit, typical, ...options }, state),
    statistics: state => statisticsOfState(child(child(state, 'ensemble'), 'evidence')),
    sample: logNormal(typical),
    extremes: [0, Number.MAX_VALUE, 0, 1e-320, 1e12, Number.MAX_VALUE],
    largest: Number.MAX_VALUE,
  })
}

const empty = wordsOf('')
const query = (over: Partial<Query> = {}): Query => ({
  arm: 'a',
  category: 'x',
  task: -1,
  day: 0,
  words: empty,
  ...over,
})
const success = () => new SuccessPredictor({ halfLifeDays: null })
const duration = () => new AmountPredictor('durationMs', { unit: 1, typical: 1000, halfLifeDays: null })

describe('the success predictor', () => {
  test('says one half with a wide interval while nothing is known', () => {
    const { value, interval, nEff } = success().predict(query())
    expect(value).toBeCloseTo(0.5, 12)
    expect(interval![0]).toBeCloseTo(0.05, 9)
    expect(interval![1]).toBeCloseTo(0.95, 9)
    expect(nEff).toBe(0)
  })

  test('has its forecast inside its interval even for an arm never tried among arms that always or never succeed', () => {
    for (const value of [0, 1]) {
      const predictor = success()
      for (let task = 0; task < 200; task++) predictor.learn(query({ task }), value)
      const forecast = predictor.predict(query({ arm: 'never tried' }))
      expect(Math.abs(forecast.value! - value)).toBeLessThan(0.02)
      expect(forecast.interval![0]).toBeLessThanOrEqual(forecast.value!)
      expect(forecast.interval![1]).toBeGreaterThanOrEqual(forecast.value!)
      expect(forecast.interval![1] - forecast.interval![0]).toBeGreaterThan(0.8)
    }
  })

  test('shrinks rates as its formula says, by hand', () => {
    const rates = new BaseRates(null)
    for (const [arm, category, value] of [
      ['a', 'x', 1],
      ['a', 'x', 1],
      ['a', 'y', 0],
      ['b', 'x', 0],
    ] as const) {
      rates.change(arm, category, 1, 0, value, 1)
    }
    // Overall (2 + .5)/(4 + 1) = .5; a: (2 + 4·.5)/(3 + 4) = 4/7; b: (0 + 4·.5)/(1 + 4) = .4.
    // Excess of x: 2 - 2·4/7 + 0 - .4 = 16/35 over 10 + 3; a's prior in x: 4/7 + 16/455. Equal weights of 2, 8, 32, arm.
    const prior = 4 / 7 + 16 / 455
    const strengths = [2, 8, 32].map(strength => (2 + strength * prior) / (2 + strength))
    const expected = (strengths[0]! + strengths[1]! + strengths[2]! + 4 / 7) / 4
    expect(rates.predict('a', 'x').p).toBeCloseTo(expected, 12)
    expect(rates.predict('never tried', 'never met').p).toBeCloseTo(0.5, 12)
  })

  test('a failure never raises the forecast of its arm on that task, nor the ends of its interval', () => {
    const outcome = fc.record({
      arm: fc.constantFrom('a', 'b', 'c'),
      category: fc.constantFrom('x', 'y', null),
      task: fc.integer({ min: 0, max: 6 }),
      text: fc.constantFrom('slow query', 'urgent login', 'merge the report', ''),
      value: fc.constantFrom(0, 1, 0.5),
    })
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 40 }), outcome, (seen, { value: _, text, ...last }) => {
        const predictor = success()
        for (const { value, text, ...one } of seen)
          predictor.learn(query({ ...one, ...place(one), words: wordsOf(text) }), value)
        const at = query({ ...last, ...place(last), words: wordsOf(text) })
        const before = predictor.predict(at)
        predictor.learn(at, 0)
        const after = predictor.predict(at)
        expect(after.value!).toBeLessThanOrEqual(before.value! + 1e-9)
        expect(after.interval![0]).toBeLessThanOrEqual(before.interval![0] + 1e-9)
        expect(after.interval![1]).toBeLessThanOrEqual(before.interval![1] + 1e-9)
      }),
      { seed: 40, numRuns: 60 },
    )
  })

  test('beats the overall rate and the rates of the arms, by Brier score, where task types matter, and is calibrated', () => {
    const rng = seedRng('brier')
    const chances = Array.from({ length: 5 * 6 }, () => beta(rng, 1, 1))
    const predictor = success()
    const [forecasts, outcomes, overall, ofArm] = [[], [], [], []] as [number[], number[], number[], number[]]
    const [total, perArm] = [{ n: 1, s: 0.5 }, Array.from({ length: 5 }, () => ({ n: 1, s: 0.5 }))]
    for (let task = 0; task < 2500; task++) {
      const [arm, category] = [integer(rng, 5), integer(rng, 6)]
      const value = rng() < chances[6 * arm + category]! ? 1 : 0
      const at = query({ arm: `arm ${arm}`, category: `kind ${category}`, task })
      if (task >= 500) {
        forecasts.push(predictor.predict(at).value!)
        outcomes.push(value)
        overall.push(total.s / total.n)
        ofArm.push(perArm[arm]!.s / perArm[arm]!.n)
      }
      predictor.learn(at, value)
      for (const cell of [total, perArm[arm]!]) {
        cell.n++
        cell.s += value
      }
    }
    const score = brier(forecasts, outcomes)!
    expect(score).toBeLessThan(brier(overall, outcomes)! - 0.05)
    expect(score).toBeLessThan(brier(ofArm, outcomes)! - 0.04)
    // The least that a forecaster who knows every chance can expect is the mean of p(1 - p).
    expect(score).toBeLessThan(chances.reduce((sum, p) => sum + p * (1 - p), 0) / chances.length + 0.02)
    expect(calibrationError(forecasts, outcomes, 10)).toBeLessThan(0.04)
  })

  test('learns which words matter, for all arms and for one', () => {
    const rng = seedRng('words')
    const filler = ['index', 'query', 'cache', 'lock', 'merge', 'report', 'nightly', 'slow']
    const textOf = (word: string) => [word, ...Array.from({ length: 5 }, () => filler[integer(rng, 8)])].join(' ')
    // "legacy" is hard for everyone, "kubernetes" for arm a alone.
    const chance = (arm: string, word: string) =>
      word === 'legacy' || (word === 'kubernetes' && arm === 'a') ? 0.1 : 0.9
    const predictor = success()
    const [scores, labels] = [[], []] as [number[], number[]]
    for (let task = 0; task < 800; task++) {
      const arm = ['a', 'b'][integer(rng, 2)]!
      const word = ['legacy', 'kubernetes', 'frontend'][integer(rng, 3)]!
      const at = query({ arm, task, words: wordsOf(textOf(word)) })
      const value = rng() < chance(arm, word) ? 1 : 0
      if (task >= 400) {
        scores.push(predictor.predict(at).value!)
        labels.push(value)
      }
      predictor.learn(at, value)
    }
    const forecast = (arm: string, word: string) =>
      predictor.predict(query({ arm, words: wordsOf(textOf(word)) })).value!
    for (const arm of ['a', 'b']) expect(forecast(arm, 'frontend') - forecast(arm, 'legacy')).toBeGreaterThan(0.4)
    expect(forecast('b', 'kubernetes') - forecast('a', 'kubernetes')).toBeGreaterThan(0.4)
    expect(
      auc(
        scores,
        labels.map(label => label === 1),
      ),
    ).toBeGreaterThan(0.85)
  })

  test('is not led astray by words that mean nothing', () => {
    const rng = seedRng('noise')
    const predictor = success()
    const [forecasts, outcomes] = [[], []] as [number[], number[]]
    for (let task = 0; task < 800; task++) {
      const text = Array.from({ length: 8 }, () => `word${integer(rng, 300)}`).join(' ')
      const at = query({ task, words: wordsOf(text) })
      const value = rng() < 0.7 ? 1 : 0
      if (task >= 200) {
        forecasts.push(predictor.predict(at).value!)
        outcomes.push(value)
      }
      predictor.learn(at, value)
    }
    expect(brier(forecasts, outcomes)).toBeLessThan(
      brier(
        outcomes.map(() => 0.7),
        outcomes,
      )! + 0.01,
    )
  })

  test('has intervals that hold the true chance in 65 of 100 cases or more at every amount of evidence', () => {
    // 90 would be exact (measured: 93, 73, 81); what is borrowed from other task types counts as if it were of this one.
    for (const rounds of [5, 50, 500]) {
      let held = 0
      for (let world = 0; world < 20; world++) {
        const rng = seedRng(`interval ${world}`)
        const chances = Array.from({ length: 4 }, () => {
          const middle = beta(rng, 2, 2)
          return Array.from({ length: 4 }, () => beta(rng, 1 + 8 * middle, 9 - 8 * middle))
        })
        const predictor = success()
        for (let task = 0; task < rounds; task++) {
          const [arm, category] = [integer(rng, 4), integer(rng, 4)]
          predictor.learn(
            query({ arm: `${arm}`, category: `${category}`, task }),
            rng() < chances[arm]![category]! ? 1 : 0,
          )
        }
        for (const [arm, row] of chances.entries()) {
          for (const [category, chance] of row.entries()) {
            const [low, high] = predictor.predict(query({ arm: `${arm}`, category: `${category}` })).interval!
            if (low <= chance && chance <= high) held++
          }
        }
      }
      expect(held / (20 * 16)).toBeGreaterThan(0.65)
    }
  })
})

describe('the predictor of amounts', () => {
  test('knows nothing before the first observation', () => {
    for (const predictor of [
      duration(),
      new AmountPredictor('costUsd', { unit: 1e-6, typical: 0.01, halfLifeDays: 30 }),
    ]) {
      expect(predictor.predict(query())).toEqual({ value: null, interval: null, nEff: 0 })
    }
  })

  test('holds 87 to 93 of 100 durations in its 90 % interval, on either side alike', () => {
    for (const [law, noise] of [
      ['log-normal', normal],
      // A tail far heavier than the model assumes: the logarithm is a difference of exponentials.
      ['heavy', (rng: Rng) => Math.log(1 - rng()) - Math.log(1 - rng())],
    ] as const) {
      const rng = seedRng(`coverage ${law}`)
      const centres = Array.from({ length: 4 * 5 }, () => 6 + 1.5 * normal(rng))
      const predictor = duration()
      let [counted, inside, below] = [0, 0, 0]
      for (let task = 0; task < 3000; task++) {
        const [arm, category] = [integer(rng, 4), integer(rng, 5)]
        const value = Math.exp(centres[5 * arm + category]! + 0.7 * noise(rng))
        const at = query({ arm: `arm ${arm}`, category: `kind ${category}`, task })
        const { interval } = predictor.predict(at)
        if (interval !== null) {
          counted++
          if (value < interval[0]) below++
          else if (value <= interval[1]) inside++
        }
        predictor.learn(at, value)
      }
      expect(counted).toBe(2999)
      expect(inside / counted).toBeGreaterThan(0.87)
      expect(inside / counted).toBeLessThan(0.93)
      for (const outside of [below, counted - inside - below]) expect(outside / counted).toBeGreaterThan(0.03)
    }
  })

  test('learns which words make work long, and lets words that mean nothing be', () => {
    for (const factor of [10, 1]) {
      const rng = seedRng(`long ${factor}`)
      const textOf = (word: string) => [word, ...Array.from({ length: 4 }, () => `word${integer(rng, 40)}`)].join(' ')
      const predictor = duration()
      for (let task = 0; task < 600; task++) {
        const isLong = rng() < 0.5
        const at = query({ task, words: wordsOf(textOf(isLong ? 'migrate' : 'rename')) })
        predictor.learn(at, 1000 * (isLong ? factor : 1) * Math.exp(0.4 * normal(rng)))
      }
      const logs = ['migrate', 'rename'].map(word =>
        mean(
          Array.from({ length: 50 }, () => Math.log(predictor.predict(query({ words: wordsOf(textOf(word)) })).value!)),
        ),
      )
      const gap = logs[0]! - logs[1]!
      if (factor === 10) expect(gap).toBeGreaterThan(0.6 * Math.log(10))
      else expect(Math.abs(gap)).toBeLessThan(0.1)
    }
  })

  test('comes within a tenth of the median of each arm and task type', () => {
    const rng = seedRng('median')
    const medians = [200, 1000, 5000, 40_000, 300, 90_000]
    const predictor = duration()
    for (let task = 0; task < 1500; task++) {
      const cell = task % 6
      const at = query({ arm: `arm ${cell % 3}`, category: `kind ${cell % 2}`, task })
      predictor.learn(at, medians[cell]! * Math.exp(0.3 * normal(rng)))
    }
    for (const [cell, median] of medians.entries()) {
      const { value } = predictor.predict(query({ arm: `arm ${cell % 3}`, category: `kind ${cell % 2}` }))
      expect(Math.abs(Math.log(value! / median))).toBeLessThan(0.1)
    }
  })
})

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** A task has one category. */
const place = ({ task, category }: { task: number; category: string | null }) => ({
  task: 3 * task + ['x', 'y', null].indexOf(category),
})
