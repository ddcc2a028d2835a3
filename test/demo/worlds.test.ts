import { describe, expect, test } from 'vitest'
import { worldNames } from '../../src/demo/worlds/catalogue.ts'
import { createWorld } from '../../src/demo/worlds/create.ts'
import { shuffled } from '../../src/demo/worlds/shuffled.ts'
import { optimum, uniformUtility, type World } from '../../src/demo/worlds/world.ts'

const seed = 'test'
const all = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Everything about the first rounds of a world that can be seen. */
const snapshot = (world: World) =>
  all(30).map(round => [
    world.task(round),
    world.eligible(round).map(arm => [world.utility(round, arm), world.outcome(round, arm), world.costUsd(round, arm)]),
  ])

describe.each(worldNames)('the world %s', name => {
  const world = createWorld(name, { seed, rounds: 1200 })

  test('follows from its seed alone, in whichever order it is asked', () => {
    const again = createWorld(name, { seed, rounds: 1200 })
    for (const round of all(30).reverse()) again.outcome(round, 0)
    expect(snapshot(again)).toEqual(snapshot(world))
    expect(snapshot(createWorld(name, { seed: 'another', rounds: 1200 }))).not.toEqual(snapshot(world))
  })

  test('has outcomes that agree with the stated utilities (Monte Carlo, within 4.5 standard errors)', () => {
    const past = world.arms.map((_, arm) => arm)
    for (const arm of world.arms.slice(0, 6).keys()) {
      let [difference, variance, rounds] = [0, 0, 0]
      for (const round of all(world.rounds)) {
        if (!world.eligible(round).includes(arm)) continue
        const rate = world.successRate(round, arm, past)
        const { success, utility } = world.outcome(round, arm, past)
        expect(utility - Number(success)).toBeCloseTo(world.utility(round, arm, past) - rate, 12)
        difference += utility - world.utility(round, arm, past)
        variance += rate * (1 - rate)
        rounds++
      }
      expect(rounds).toBeGreaterThan(0)
      expect(Math.abs(difference)).toBeLessThan(4.5 * Math.sqrt(variance))
    }
  })

  test('names an optimum that no eligible arm beats and that is above a uniform choice', () => {
    for (const round of all(100).map(index => index * 12)) {
      const best = optimum(world, round)
      const utilities = world.eligible(round).map(arm => world.utility(round, arm))
      expect(best.utility).toBe(Math.max(...utilities))
      expect(world.utility(round, best.arm)).toBe(best.utility)
      expect(uniformUtility(world, round)).toBeLessThanOrEqual(best.utility)
    }
  })

  test('changes at its stated rounds and at no other', () => {
    if (world.tasks !== null) return expect(world.changes).toEqual([])
    const kinds = new Map<string, number[]>()
    const phaseOf = (round: number) => world.changes.filter(change => change <= round).length
    for (const round of all(world.rounds)) {
      const key = `${phaseOf(round)}/${world.task(round).kind}`
      const utilities = world.eligible(round).map(arm => world.utility(round, arm))
      expect(utilities).toEqual(kinds.get(key) ?? utilities)
      kinds.set(key, utilities)
    }
    for (const phase of all(world.changes.length)) {
      const differs = world.taskTypes.some((_, kind) => {
        const [before, after] = [kinds.get(`${phase}/${kind}`), kinds.get(`${phase + 1}/${kind}`)]
        return before !== undefined && after !== undefined && before.join() !== after.join()
      })
      expect(differs).toBe(true)
    }
  })

  test('says every new task in other words', () => {
    const texts = all(world.rounds).map(round => world.task(round).text)
    expect(new Set(texts).size).toBe(world.tasks ?? world.rounds)
    expect(new Set(texts.map(text => text.split(' ')[0])).size).toBeGreaterThan(5)
  })
})

test('specialists make the best arm depend on the task type, generalists do not', () => {
  const bestArms = (name: 'contextual' | 'worthless') => {
    const world = createWorld(name, { seed })
    return new Set(all(400).map(round => optimum(world, round).arm)).size
  }
  expect(bestArms('contextual')).toBeGreaterThan(2)
  expect(bestArms('worthless')).toBe(1)
})

test('in the drifting world the best arm changes places and later asks for more', () => {
  const world = createWorld('drifting', { seed, rounds: 3000 })
  expect(world.changes).toEqual([1000, 2000])
  const mean = (arm: number, from: number) =>
    all(1000).reduce((sum, round) => sum + world.successRate(from + round, arm), 0) / 1000
  const before = world.arms.map((_, arm) => mean(arm, 0))
  const after = world.arms.map((_, arm) => mean(arm, 1000))
  expect(before.indexOf(Math.max(...before))).toBe(after.indexOf(Math.min(...after)))
  const dear = world.arms.findIndex((_, arm) => world.costUsd(2000, arm) > 0.01)
  // The best by the rates of all task types alike; how often each came up moves the means by less than two points.
  expect(after[dear]).toBeGreaterThan(Math.max(...after) - 0.02)
  expect(world.costUsd(1999, dear)).toBe(0.01)
  expect(world.costUsd(2000, dear)).toBe(0.08)
  expect(world.utility(2000, dear)).toBeCloseTo(world.successRate(2000, dear) - 0.24, 12)
})

test('the newcomer cannot be chosen before it comes, and is the best afterwards', () => {
  const world = createWorld('newcomer', { seed, rounds: 200 })
  expect(world.eligible(99)).toEqual([0, 1, 2, 3, 4])
  for (const round of [100, 150, 199]) expect(optimum(world, round).arm).toBe(5)
})

test('outcomes go missing as often as stated, and after failures more often where that is stated', () => {
  const shares = (name: 'missing-random' | 'missing-failure') => {
    const world = createWorld(name, { seed })
    const outcomes = all(4000).map(round => world.outcome(round, round % 6))
    const missing = (success: boolean) => {
      const some = outcomes.filter(outcome => outcome.success === success)
      return some.filter(({ isMissing }) => isMissing).length / some.length
    }
    return [missing(true), missing(false)]
  }
  // Four standard errors of a share of about 2,000 are at most .045.
  for (const share of shares('missing-random')) expect(Math.abs(share - 0.3)).toBeLessThan(0.045)
  const [ofSuccesses, ofFailures] = shares('missing-failure')
  expect(Math.abs(ofSuccesses! - 0.05)).toBeLessThan(0.03)
  expect(Math.abs(ofFailures! - 0.55)).toBeLessThan(0.045)
})

test('the adversary reverses exactly the arms that were chosen more than their share', () => {
  const world = createWorld('reversed', { seed })
  for (const round of [0, 7, 500]) {
    const usual = world.successRate(round, 0, [0, 0, 0, 0, 0])
    expect(world.successRate(round, 0, [20, 20, 20, 20, 20])).toBe(usual)
    expect(world.successRate(round, 0, [21, 20, 20, 20, 20])).toBe(1 - usual)
    expect(world.successRate(round, 1, [21, 20, 20, 20, 20])).toBe(world.successRate(round, 1, []))
  }
})

test('shuffling keeps the outcomes and takes every difference between the arms away', () => {
  const world = createWorld('contextual', { seed, arms: ['a', 'b', 'c'], taskTypes: ['x'], rounds: 3000 })
  const control = shuffled(world, seed)
  const outcomes = (of: World) => all(3000).map(round => of.arms.map((_, arm) => of.outcome(round, arm).utility))
  const total = (rows: number[][]) => rows.flat().reduce((sum, value) => sum + value, 0)
  const byArm = (rows: number[][]) => rows[0]!.map((_, arm) => rows.reduce((sum, row) => sum + row[arm]!, 0) / 3000)
  const [real, dealt] = [outcomes(world), outcomes(control)]
  expect(total(dealt)).toBe(total(real))
  const spread = (means: number[]) => Math.max(...means) - Math.min(...means)
  expect(spread(byArm(real))).toBeGreaterThan(0.1)
  // Each mean has a standard error of at most .0092.
  expect(spread(byArm(dealt))).toBeLessThan(0.05)
})

test('a world without a choice or without a round is refused', () => {
  expect(() => createWorld('contextual', { seed, arms: ['only'] })).toThrow(RangeError)
  expect(() => createWorld('newcomer', { seed, arms: ['a', 'b'] })).toThrow(RangeError)
  expect(() => createWorld('contextual', { seed, rounds: 0 })).toThrow(RangeError)
})
