import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EvidenceTable, mergeEvidence } from '../../src/learn/hierarchy/evidence.ts'
import { largestDifference, statisticsOf } from './statistics.ts'

const halfLifeDays = 30
const observation = fc.record({
  arm: fc.constantFrom('a', 'b', 'c', 'd'),
  task: fc.integer({ min: 0, max: 11 }),
  value: fc.double({ min: -2, max: 2, noNaN: true }),
  // Within six half-lives no task is forgotten, so that only rounding can differ.
  day: fc.integer({ min: 0, max: 6 * 30 }),
})
type Seen = { readonly arm: string; readonly task: number; readonly value: number; readonly day: number }
const history = fc.array(observation, { maxLength: 30 })
/** A task has one category. */
const categoryOf = (task: number) => ['x', 'y', ''][task % 3]!

function tableOf(seen: readonly Seen[], halfLife: number | null = halfLifeDays): EvidenceTable {
  const table = new EvidenceTable(halfLife)
  for (const one of seen) add(table, one, 1)
  return table
}

function add(table: EvidenceTable, { arm, task, value, day }: Seen, sign: 1 | -1) {
  table.advance(day)
  const weight = sign * table.weightOf(day)
  table.add({ arm: table.intern(arm), category: categoryOf(task), task, value }, weight)
}

const difference = (a: EvidenceTable, b: EvidenceTable) => largestDifference(statisticsOf(a), statisticsOf(b))
const tolerance = 1e-9

describe('evidence of the hierarchy', () => {
  test('counts and sums every observation for all tasks, its category and its task', () => {
    const table = tableOf([
      { arm: 'a', task: 1, value: 0.5, day: 3 },
      { arm: 'a', task: 4, value: 1, day: 3 },
      { arm: 'b', task: 2, value: 0.25, day: 3 },
    ])
    expect(Object.fromEntries(statisticsOf(table))).toEqual({
      'all / a / count': 2,
      'all / a / sum': 1.5,
      'all / b / count': 1,
      'all / b / sum': 0.25,
      'category y / a / count': 2,
      'category y / a / sum': 1.5,
      'category  / b / count': 1,
      'category  / b / sum': 0.25,
      'task 1 of y / a / count': 1,
      'task 1 of y / a / sum': 0.5,
      'task 4 of y / a / count': 1,
      'task 4 of y / a / sum': 1,
      'task 2 of  / b / count': 1,
      'task 2 of  / b / sum': 0.25,
    })
  })

  test('weighs an observation by half for each half-life of its age, early or late', () => {
    const early = tableOf([{ arm: 'a', task: 1, value: 1, day: 100 }])
    early.advance(160)
    const late = new EvidenceTable(halfLifeDays)
    late.advance(160)
    add(late, { arm: 'a', task: 1, value: 1, day: 100 }, 1)
    for (const table of [early, late])
      expect(table.counts('a', 'y', 1)).toEqual({ all: 0.25, category: 0.25, task: 0.25 })
  })

  test('does not fade without a half-life, nor when time goes backwards', () => {
    const table = tableOf([{ arm: 'a', task: 1, value: 1, day: 100 }], null)
    expect(table.advance(5000)).toBe(false)
    expect(table.counts('a', 'y', 1).all).toBe(1)
    const fading = tableOf([{ arm: 'a', task: 1, value: 1, day: 100 }])
    expect(fading.advance(50)).toBe(false)
    expect(fading.counts('a', 'y', 1).all).toBe(1)
  })

  test('forgets a task, and in the end an arm, whose evidence has faded away', () => {
    const table = tableOf([{ arm: 'a', task: 1, value: 1, day: 0 }])
    table.advance(7 * halfLifeDays)
    expect(table.tasks.size).toBe(0)
    expect(table.counts('a', 'y', 1).category).toBeCloseTo(2 ** -7, 12)
    table.advance(40 * halfLifeDays)
    expect(statisticsOf(table).size).toBe(0)
  })

  test('is the same in any order', () => {
    const shuffled = history.chain(seen =>
      fc.tuple(fc.constant(seen), fc.shuffledSubarray(seen, { minLength: seen.length })),
    )
    fc.assert(
      fc.property(shuffled, ([seen, other]) => {
        expect(difference(tableOf(seen), tableOf(other))).toBeLessThan(tolerance)
      }),
      { seed: 3 },
    )
  })

  test('is what it was after an observation is taken out again', () => {
    fc.assert(
      fc.property(history, history, (kept, dropped) => {
        const table = tableOf([...kept, ...dropped])
        for (const one of dropped) add(table, one, -1)
        const expected = tableOf(kept)
        expected.advance(table.day)
        expect(difference(table, expected)).toBeLessThan(tolerance)
      }),
      { seed: 4 },
    )
  })

  test('comes back from its state unchanged', () => {
    fc.assert(
      fc.property(history, seen => {
        const table = tableOf(seen)
        const restored = EvidenceTable.fromState(table.toState(), halfLifeDays)
        expect(statisticsOf(restored)).toEqual(statisticsOf(table))
        expect(restored.toState()).toEqual(table.toState())
      }),
      { seed: 5 },
    )
  })
})

describe('merged evidence', () => {
  test('equals all at once', () => {
    fc.assert(
      fc.property(history, history, (left, right) => {
        const [a, b] = [tableOf(left), tableOf(right)]
        expect(difference(mergeEvidence(a, b), tableOf([...left, ...right]))).toBeLessThan(tolerance)
      }),
      { seed: 6 },
    )
  })

  test('is commutative and associative', () => {
    fc.assert(
      fc.property(history, history, history, (first, second, third) => {
        const [a, b, c] = [tableOf(first), tableOf(second), tableOf(third)]
        expect(difference(mergeEvidence(a, b), mergeEvidence(b, a))).toBeLessThan(tolerance)
        const left = mergeEvidence(mergeEvidence(a, b), c)
        expect(difference(left, mergeEvidence(a, mergeEvidence(b, c)))).toBeLessThan(tolerance)
      }),
      { seed: 7 },
    )
  })

  test('has nothing for its neutral element, and leaves both tables as they were', () => {
    fc.assert(
      fc.property(history, history, (left, right) => {
        const [a, b] = [tableOf(left), tableOf(right)]
        const before = [a.toState(), b.toState()]
        expect(difference(mergeEvidence(a, new EvidenceTable(halfLifeDays)), a)).toBe(0)
        mergeEvidence(a, b)
        expect([a.toState(), b.toState()]).toEqual(before)
      }),
      { seed: 8 },
    )
  })
})
