import { describe, expect, test } from 'vitest'
import { decodeState, encodeState } from '../../src/engine/codec.ts'
import type { Predictor, Query } from '../../src/learn/predictor/predictor.ts'
import type { State } from '../../src/learn/state.ts'
import { integer, type Rng, seedRng, shuffle } from '../../src/math/rng.ts'
import { wordsOf } from '../helpers/words.ts'
import { largestDifference, type Statistics } from '../learn/statistics.ts'

export interface PredictorUnderTest {
  /** A fresh predictor, or the one that `state` was taken from. */
  readonly make: (options: { halfLifeDays: number | null }, state?: State) => Predictor
  /** The sufficient statistics in its state. */
  readonly statistics: (state: State) => Statistics
  /** One outcome of work that is easy (0), middling (1) or hard (2). */
  readonly sample: (difficulty: number, rng: Rng) => number
  /** Outcomes at the edge of what is allowed. */
  readonly extremes: readonly number[]
  /** The largest possible forecast. */
  readonly largest: number
}

const halfLifeDays = 30
const startDay = 20_000
const isSame = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0
const arms = ['optimizer', 'architect', 'security']
const categories = ['database', 'review', null]
const words = ['index', 'query', 'cache', 'lock', 'merge', 'report', 'nightly', 'slow', 'urgent', 'login']

interface Seen {
  readonly query: Query
  readonly value: number
}

function queryOf(over: Partial<Omit<Query, 'words'>> & { text?: string } = {}): Query {
  const { text = 'speed up the nightly report', ...rest } = over
  return { arm: 'optimizer', category: 'database', task: -1, day: startDay, words: wordsOf(text), ...rest }
}

/** What every predictor promises. */
export function predictorContract(name: string, predictor: PredictorUnderTest): void {
  const { make, statistics, sample, extremes, largest } = predictor
  const fresh = (days: number | null = halfLifeDays) => make({ halfLifeDays: days })

  /** 120 outcomes over 60 days. An arm's difficulty is its index, in "review" the other way round; some tasks recur. */
  const history = (seed: string): Seen[] => {
    const rng = seedRng(seed)
    return Array.from({ length: 120 }, (_, i) => {
      const kind = integer(rng, 3)
      const arm = integer(rng, 3)
      const task = rng() < 0.4 ? 3 * (1 + integer(rng, 3)) + kind : 3 * (100 + i) + kind
      const text = Array.from({ length: 4 }, () => words[integer(rng, words.length)]).join(' ')
      const value = sample(kind === 1 ? 2 - arm : arm, rng)
      return {
        query: queryOf({ arm: arms[arm]!, category: categories[kind]!, task, day: startDay + i / 2, text }),
        value,
      }
    })
  }
  const taught = (seen: readonly Seen[], of = fresh()) => {
    for (const { query, value } of seen) {
      of.advance(query.day)
      of.learn(query, value)
    }
    return of
  }
  const queries = [...arms, 'newcomer'].flatMap(arm =>
    [...categories, 'never met'].flatMap((category, kind) => [
      queryOf({ arm, category, task: -1 - kind }),
      queryOf({ arm, category, task: 3 + kind, text: 'urgent login 日本語' }),
      queryOf({ arm, category, task: -5 - kind, text: '' }),
    ]),
  )
  const bytesOf = (of: Predictor) => encodeState(of.toState())
  const copyOf = (of: Predictor) => make({ halfLifeDays }, decodeState(bytesOf(of)))
  const expectSound = (of: Predictor) => {
    for (const query of queries) {
      const { value, interval, nEff } = of.predict(query)
      expect(nEff).toBeGreaterThanOrEqual(0)
      if (value === null || interval === null) expect([value, interval, nEff]).toEqual([null, null, 0])
      else {
        for (const number of [value, ...interval]) {
          expect(number).toBeGreaterThanOrEqual(0)
          expect(number).toBeLessThanOrEqual(largest)
        }
        expect(interval[0]).toBeLessThanOrEqual(value)
        expect(interval[1]).toBeGreaterThanOrEqual(value)
      }
    }
  }

  describe(`${name} keeps the predictor contract:`, () => {
    test('every forecast is a possible value inside its interval, or null as a whole', () => {
      const of = fresh()
      expectSound(of)
      for (const one of history('sound').slice(0, 60)) expectSound(taught([one], of))
    })

    test('arms with different truths get different forecasts, in the right order, by task type', () => {
      const of = taught([...history('a'), ...history('b'), ...history('c')])
      const forecasts = (category: string) => arms.map(arm => of.predict(queryOf({ arm, category })).value!)
      const [easy, hard] = [0, 2].map(difficulty => sampleMean(difficulty))
      const direction = Math.sign(hard! - easy!)
      for (const [category, order] of [
        ['database', [0, 1, 2]],
        ['review', [2, 1, 0]],
      ] as const) {
        const sorted = order.map(index => direction * forecasts(category)[index]!)
        expect(sorted).toEqual([...sorted].sort((a, b) => a - b))
        expect(sorted[2]! - sorted[0]!).toBeGreaterThan(Math.abs(hard! - easy!) / 4)
      }
    })

    test('predicting changes nothing, and asking again gives the same answer', () => {
      for (const of of [fresh(), taught(history('reading'))]) {
        const before = bytesOf(of)
        const first = queries.map(query => of.predict(query))
        expect(queries.map(query => of.predict(query))).toEqual(first)
        expect(isSame(bytesOf(of), before)).toBe(true)
      }
    })

    test('its state brings back the same forecasts, the same bytes, and the same learning', () => {
      const seen = history('round trip')
      const of = taught(seen.slice(0, 60))
      const copy = copyOf(of)
      expect(queries.map(query => copy.predict(query))).toEqual(queries.map(query => of.predict(query)))
      expect(isSame(bytesOf(copy), bytesOf(of))).toBe(true)
      for (const one of [of, copy]) taught(seen.slice(60), one)
      expect(isSame(bytesOf(copy), bytesOf(of))).toBe(true)
    })

    test('what was learned and taken back leaves no trace in the rates', () => {
      const [kept, dropped] = [history('kept'), history('dropped')]
      const of = taught([...kept, ...dropped].sort((a, b) => a.query.day - b.query.day))
      for (const { query, value } of shuffle(seedRng('back'), dropped)) of.retract(query, value)
      const expected = statistics(taught(kept).toState())
      expect(expected.size).toBeGreaterThan(0)
      expect(largestDifference(statistics(of.toState()), expected)).toBeLessThan(1e-9)
    })

    test('taking back all there was leaves nothing known', () => {
      const seen = history('all of it')
      const of = taught(seen)
      for (const { query, value } of seen) of.retract(query, value)
      expect(statistics(of.toState()).size).toBe(0)
      for (const query of queries) expect(of.predict(query).nEff).toBe(0)
    })

    test('any order of learning gives the same rates', () => {
      const seen = history('order')
      const expected = statistics(taught(seen).toState())
      for (const seed of ['one', 'two', 'three']) {
        const other = statistics(taught(shuffle(seedRng(seed), seen)).toState())
        expect(largestDifference(other, expected)).toBeLessThan(1e-9)
      }
    })

    test('a task that was met before is remembered', () => {
      const of = fresh()
      const rng = seedRng('recurring')
      const difficulty = (task: number) => (task % 2 === 0 ? 0 : 2)
      for (let visit = 0; visit < 6; visit++) {
        for (let task = 0; task < 20; task++) {
          taught([{ query: queryOf({ arm: arms[visit % 3]!, task }), value: sample(difficulty(task), rng) }], of)
        }
      }
      const [easy, hard] = [0, 1].map(parity => {
        const forecasts = Array.from({ length: 10 }, (_, i) => of.predict(queryOf({ task: 2 * i + parity })).value!)
        return forecasts.reduce((sum, value) => sum + value, 0) / forecasts.length
      })
      const gap = sampleMean(2) - sampleMean(0)
      expect((hard! - easy!) / gap).toBeGreaterThan(0.4)
    })

    test('an arm that is known well has a narrower interval than one that is not known', () => {
      const of = fresh()
      const rng = seedRng('narrow')
      for (let task = 0; task < 200; task++) taught([{ query: queryOf({ task }), value: sample(1, rng) }], of)
      const [known, unknown] = ['optimizer', 'never tried'].map(arm => of.predict(queryOf({ arm })))
      expect(known!.nEff).toBeCloseTo(200, 6)
      expect(unknown!.nEff).toBe(0)
      const width = ([low, high]: readonly [number, number]) => high - low
      expect(width(known!.interval!)).toBeLessThan(width(unknown!.interval!))
    })

    test('evidence halves with each half-life, and in the end an idle arm is forecast like one never tried', () => {
      const of = fresh()
      const rng = seedRng('idle')
      for (let task = 0; task < 60; task++) taught([{ query: queryOf({ task }), value: sample(0, rng) }], of)
      const { nEff } = of.predict(queryOf())
      of.advance(startDay + halfLifeDays)
      expect(of.predict(queryOf()).nEff).toBeCloseTo(nEff / 2, 6)
      of.advance(startDay + 60 * halfLifeDays)
      const [idle, never] = ['optimizer', 'never tried'].map(arm => of.predict(queryOf({ arm })))
      expect(idle!.nEff).toBeLessThan(1e-9)
      expect(Math.abs(idle!.value! - never!.value!)).toBeLessThan(1e-6 * Math.max(1, never!.value!))
    })

    test('nothing fades without a half-life', () => {
      const of = fresh(null)
      taught(history('for ever'), of)
      const before = queries.map(query => of.predict(query))
      of.advance(startDay + 10_000)
      expect(queries.map(query => of.predict(query))).toEqual(before)
    })

    test('values at the edge of what is allowed are survived', () => {
      const of = fresh()
      for (const [task, value] of [...extremes, ...extremes].entries()) {
        taught([{ query: queryOf({ task: task % 5, arm: arms[task % 3]! }), value }], of)
        expectSound(of)
      }
      expect(queries.map(query => copyOf(of).predict(query))).toEqual(queries.map(query => of.predict(query)))
    })
  })

  function sampleMean(difficulty: number): number {
    const rng = seedRng(`mean ${difficulty}`)
    return Array.from({ length: 500 }, () => sample(difficulty, rng)).reduce((sum, value) => sum + value, 0) / 500
  }
}
