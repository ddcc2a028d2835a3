import { describe, expect, test } from 'vitest'
import { FacetStatistics } from '../../src/learn/facets.ts'
import { normal, type Rng, seedRng, shuffle } from '../../src/math/rng.ts'
import type { Facets } from '../../src/records.ts'

interface Arm {
  readonly id: string
  readonly facets: Facets
  readonly value: number
}

const day = 20_000
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** Teaches `count` noisy rewards of each arm. */
function taught(rng: Rng, arms: readonly Arm[], count: number, category: string | null = null) {
  const statistics = new FacetStatistics(null)
  for (const arm of arms) {
    for (let i = 0; i < count; i++) {
      const reward = rng() < Math.min(1, Math.max(0, arm.value)) ? 1 : 0
      statistics.add({ arm: arm.id, facets: arm.facets }, category, day, reward, 1)
    }
  }
  return statistics
}

/** 3 models × 4 strategies; `worth` of the spread between arms comes from the model and the strategy. */
function relatives(rng: Rng, worth: number): Arm[] {
  const effects = Array.from({ length: 7 }, () => 0.15 * normal(rng))
  return Array.from({ length: 12 }, (_, i) => {
    const [model, strategy] = [i % 3, Math.floor(i / 3)]
    const shared = effects[model]! + effects[3 + strategy]!
    const value = 0.5 + Math.sqrt(worth) * shared + Math.sqrt(1 - worth) * 0.2 * normal(rng)
    return { id: `arm ${i}`, facets: { model: `m${model}`, strategy: `s${strategy}` }, value }
  })
}

/** Solo agents and pairs of them; a team is worth the sum of its members' effects. */
function teams(rng: Rng): Arm[] {
  const effects = Array.from({ length: 5 }, () => 0.12 * normal(rng))
  const solos = effects.map((effect, i) => ({ id: `solo ${i}`, facets: { agent: `a${i}` }, value: 0.5 + effect }))
  const pairs = effects.flatMap((effect, i) =>
    effects.slice(i + 1).map((other, j) => ({
      id: `team ${i} ${i + 1 + j}`,
      facets: { team: [`a${i}`, `a${i + 1 + j}`] },
      value: 0.5 + effect + other,
    })),
  )
  return [...solos, ...pairs]
}

/** Mean squared distance from the truth of held-out newcomers: from the mean of the others, and shifted by facets. */
function startErrors(seed: string, make: (rng: Rng) => Arm[], category: string | null = null) {
  const rng = seedRng(seed)
  const arms = shuffle(rng, make(rng))
  const [newcomers, known] = [arms.slice(0, 3), arms.slice(3)]
  const statistics = taught(rng, known, 40, category)
  const start = mean(known.map(({ value }) => value))
  const shifts = statistics.shifts(newcomers, category)
  return {
    mean: mean(newcomers.map(({ value }) => (value - start) ** 2)),
    shifted: mean(newcomers.map(({ value }, i) => (value - start - shifts[i]!) ** 2)),
  }
}
const over = (make: (rng: Rng) => Arm[], category: string | null = null) => {
  const runs = Array.from({ length: 60 }, (_, i) => startErrors(`facets ${i}`, make, category))
  return { mean: mean(runs.map(run => run.mean)), shifted: mean(runs.map(run => run.shifted)) }
}

describe('a newcomer', () => {
  test('whose facets matter starts at well under half the squared error of the global mean (60 seeds)', () => {
    const { mean, shifted } = over(rng => relatives(rng, 1))
    expect(shifted).toBeLessThan(0.5 * mean)
  })

  test('whose facets are worth nothing loses at most a tenth (60 seeds)', () => {
    const { mean, shifted } = over(rng => relatives(rng, 0))
    expect(shifted).toBeLessThan(1.1 * mean)
  })

  test('that is a team starts from its members, alone and in other teams (60 seeds)', () => {
    const { mean, shifted } = over(teams)
    expect(shifted).toBeLessThan(0.4 * mean)
  })

  test('finds what its relatives did on this task type', () => {
    const { mean, shifted } = over(rng => relatives(rng, 1), 'database')
    expect(shifted).toBeLessThan(0.5 * mean)
  })

  test('without known relatives, without facets, or without anything to compare has no shift', () => {
    const rng = seedRng('none')
    const arms = relatives(rng, 1)
    const statistics = taught(rng, arms, 20)
    const strangers = [{ id: 'x', facets: { model: 'other' } }, { id: 'y' }, { id: 'z', facets: {} }]
    expect([...statistics.shifts(strangers, null)]).toEqual([0, 0, 0])
    expect([...new FacetStatistics(null).shifts(arms, null)]).toEqual(new Array(12).fill(0))
    expect([...taught(rng, arms.slice(0, 1), 20).shifts(arms.slice(0, 2), null)]).toEqual([0, 0])
  })
})

describe('an arm of its own record', () => {
  test('leans on its relatives less with each observation, and not at all from 8 on', () => {
    const rng = seedRng('own')
    const good = { id: 'good', facets: { model: 'm' }, value: 0.95 }
    const arms = [
      ...Array.from({ length: 4 }, (_, i) => ({ ...good, id: `good ${i}` })),
      ...Array.from({ length: 4 }, (_, i) => ({ id: `bad ${i}`, facets: { model: 'n' }, value: 0.05 })),
    ]
    const statistics = taught(rng, arms, 30)
    const newcomer = { id: 'new', facets: { model: 'm' } }
    const shifts = Array.from({ length: 10 }, () => {
      const [shift] = statistics.shifts([newcomer], null)
      statistics.add({ arm: 'new', facets: newcomer.facets }, null, day, 0.5, 1)
      return shift!
    })
    expect(shifts[0]).toBeGreaterThan(0.2)
    for (let i = 1; i < 8; i++) expect(shifts[i]!).toBeLessThan(shifts[i - 1]!)
    expect(shifts.slice(8)).toEqual([0, 0])
  })
})

describe('the statistics of facets', () => {
  const rng = seedRng('state')
  const arms = relatives(rng, 1)
  const newcomer = [{ id: 'new', facets: { model: 'm1', strategy: 's2' } }]

  test('are restored from their state, and asking changes nothing', () => {
    const statistics = taught(rng, arms, 20, 'review')
    const state = structuredClone(statistics.toState())
    const shifts = statistics.shifts(newcomer, 'review')
    expect(shifts[0]).not.toBe(0)
    expect(statistics.toState()).toEqual(state)
    expect(new FacetStatistics(null, state).shifts(newcomer, 'review')).toEqual(shifts)
  })

  test('forget what is taken out again, whatever came between', () => {
    const statistics = taught(rng, arms, 20)
    const before = statistics.shifts(newcomer, null)
    const wrong = { arm: arms[1]!.id, facets: arms[1]!.facets }
    statistics.add(wrong, 'review', day, 0.123, 1)
    statistics.add(wrong, 'review', day, 0.123, -1)
    expect(statistics.shifts(newcomer, null)[0]).toBeCloseTo(before[0]!, 12)
  })

  test('fade with age', () => {
    const statistics = new FacetStatistics(30)
    for (const arm of arms) {
      for (let i = 0; i < 20; i++) {
        statistics.add({ arm: arm.id, facets: arm.facets }, null, day, i / 20 < arm.value ? 1 : 0, 1)
      }
    }
    const fresh = Math.abs(statistics.shifts(newcomer, null)[0]!)
    statistics.advance(day + 60)
    const aged = Math.abs(statistics.shifts(newcomer, null)[0]!)
    statistics.advance(day + 600)
    expect(aged).toBeGreaterThan(0)
    expect(aged).toBeLessThan(fresh)
    expect(statistics.shifts(newcomer, null)[0]).toBe(0)
  })
})
