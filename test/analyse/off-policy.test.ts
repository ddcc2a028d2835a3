import { describe, expect, test } from 'vitest'
import { assignFolds, fitOutcomeModels, forecastOutOfFold } from '../../src/analyse/off-policy/cross-fit.ts'
import {
  clippedInversePropensity,
  directMethod,
  doublyRobust,
  inversePropensity,
  policyValue,
  selfNormalised,
} from '../../src/analyse/off-policy/estimators.ts'
import { evaluatePolicy, prepareLog } from '../../src/analyse/off-policy/evaluate.ts'
import { scoreInterval } from '../../src/analyse/off-policy/interval.ts'
import type { LoggedChoice } from '../../src/analyse/off-policy/logged-choice.ts'
import { importanceWeights, supportOf } from '../../src/analyse/off-policy/support.ts'
import { armTarget, bestSingleTarget, categoryBestTarget, uniformTarget } from '../../src/analyse/off-policy/targets.ts'
import { studentTQuantile } from '../../src/math/distributions.ts'
import { seedRng } from '../../src/math/rng.ts'
import { wilsonInterval } from '../../src/math/statistics.ts'
import { drawLog, propensities, targetBy, worldTargets } from './off-policy-world.ts'

const rewards = Float64Array.of(1, 0, 1, 0.5)
const weights = Float64Array.of(2, 0, 1, 4)
const model = { taken: Float64Array.of(0.5, 0.5, 1, 0.5), target: Float64Array.of(0.75, 0.25, 0.5, 0.5) }

describe('the estimators', () => {
  test.each([
    ['direct method: the mean forecast', directMethod(rewards, model), 2 / 4],
    ['inverse propensity: Σwr / n', inversePropensity(rewards, weights), 5 / 4],
    ['clipped at √n', clippedInversePropensity(rewards, weights), (2 + 1 + 1) / 4],
    ['clipped where it is told', clippedInversePropensity(rewards, weights, 1), 2.5 / 4],
    ['self-normalised: Σwr / Σw', selfNormalised(rewards, weights), 5 / 7],
    ['doubly robust: mean forecast + Σw(r - q) / n', doublyRobust(rewards, weights, model), 2 / 4 + 1 / 4],
  ])('give the known answer, %s', (_, estimate, value) => {
    expect(policyValue(estimate)).toBeCloseTo(value, 12)
  })

  test('give the mean reward of the log when the target is the policy that logged it', () => {
    const choices = drawLog(seedRng('same'), 300)
    const log = prepareLog(choices, 'folds')
    const evaluation = evaluatePolicy(log, targetBy(choices, propensities))
    if (evaluation.refused) throw new Error(evaluation.reason)
    const mean = choices.reduce((sum, { reward }) => sum + reward, 0) / choices.length
    expect(evaluation.logged.value).toBeCloseTo(mean, 12)
    expect(evaluation.estimates.inversePropensity.value).toBeCloseTo(mean, 12)
    expect(evaluation.support.effectiveSampleSize).toBeCloseTo(300, 9)
    expect(Math.abs(evaluation.difference.value)).toBeLessThan(0.03)
    expect(evaluation.difference.interval![0]).toBeLessThan(0)
    expect(evaluation.difference.interval![1]).toBeGreaterThan(0)
  })
})

describe('the support of a log', () => {
  const choice = { arms: [0, 1], category: 0, reward: 1 }
  const choices: LoggedChoice[] = [
    { ...choice, taken: 0, propensity: 0.5, propensities: [0.5, 0.5], task: 0 },
    { ...choice, taken: 1, propensity: 0.5, propensities: [0.5, 0.5], task: 1 },
    { ...choice, taken: 0, propensity: 0.25, propensities: [0.25, 0.75], task: 2 },
    { ...choice, taken: 1, propensity: 1, propensities: [0, 1], task: 3 },
  ]
  const folds = new Int32Array(4)

  test('has the known weights, effective sample size, largest weight and coverage', () => {
    const target = armTarget(choices, 0)
    const found = importanceWeights(choices, target, folds)
    expect([...found]).toEqual([2, 0, 4, 0])
    const { effectiveSampleSize, ...support } = supportOf(choices, target, folds, found)
    expect(support).toEqual({ choices: 4, largestWeight: 4, largestShare: 4 / 6, meanWeight: 1.5, coverage: 3 / 4 })
    expect(effectiveSampleSize).toBeCloseTo(36 / 20, 12)
  })

  test('has an unknown coverage where only the propensity of the arm taken is on record', () => {
    const bare = choices.map(each => ({ ...each, propensities: null }))
    const target = uniformTarget(bare)
    const support = supportOf(bare, target, folds, importanceWeights(bare, target, folds))
    expect(support.coverage).toBeNull()
    expect(support.meanWeight).toBeCloseTo((1 + 1 + 2 + 0.5) / 4, 12)
  })

  test.each([0, -0.1, 1.1, Number.NaN])('cannot be had with a propensity of %s', propensity => {
    const wrong = [{ ...choices[0]!, propensity }]
    expect(() => importanceWeights(wrong, uniformTarget(wrong), folds)).toThrow(/propensity of choice 0/)
  })
})

describe('a log that says too little', () => {
  const choices = drawLog(seedRng('little'), 400)

  test('is refused where the effective sample size is below 100, with the reason and without a number', () => {
    const few = choices.slice(0, 120)
    const evaluation = evaluatePolicy(prepareLog(few, 'folds'), targetBy(few, worldTargets['one arm']))
    expect(evaluation).toMatchObject({ refused: true, reason: expect.stringMatching(/effective sample size.*100/) })
    expect(evaluation).not.toHaveProperty('estimates')
  })

  test('is refused where it could not have taken the arms that the target wants', () => {
    const blind = choices.map(choice => ({
      ...choice,
      propensities: choice.propensities!.map((p, arm) => (arm === 3 ? 0 : p)),
    }))
    expect(evaluatePolicy(prepareLog(blind, 'folds'), uniformTarget(blind))).toMatchObject({
      refused: true,
      reason: expect.stringMatching(/only 75 % of its choices; 95 %/),
      support: { coverage: 0.75 },
    })
  })

  test('is refused where it is empty', () => {
    const evaluation = evaluatePolicy(prepareLog([], 'folds'), () => [])
    expect(evaluation).toMatchObject({ refused: true, support: { choices: 0, effectiveSampleSize: 0 } })
  })

  test('is judged all the same where the support is enough', () => {
    expect(evaluatePolicy(prepareLog(choices, 'folds'), uniformTarget(choices))).toMatchObject({
      refused: false,
      trusted: 'doublyRobust',
      warnings: [],
    })
  })
})

test('a log that took the arms less often than their propensities say is refused, not judged by its model', () => {
  const choices = drawLog(seedRng('lopsided'), 2000).map(choice => ({
    ...choice,
    propensity: 0.5,
    propensities: [0.25, 0.25, 0.25, 0.25],
  }))
  expect(evaluatePolicy(prepareLog(choices, 'folds'), uniformTarget(choices))).toMatchObject({
    refused: true,
    reason: expect.stringMatching(/average 0\.50 where 1\.00 is due/),
  })
})

describe('warnings', () => {
  const codes = (choices: readonly LoggedChoice[]) => {
    const evaluation = evaluatePolicy(prepareLog(choices, 'folds'), uniformTarget(choices))
    if (evaluation.refused) throw new Error(evaluation.reason)
    return evaluation.warnings.map(({ code }) => code)
  }
  const choices = drawLog(seedRng('warnings'), 2000)

  test('are not raised without need', () => {
    expect(codes(choices)).toEqual([])
  })

  test('say that outcomes are rare', () => {
    expect(codes(choices.map(choice => ({ ...choice, reward: choice.task < 20 ? 1 : 0 })))).toEqual(['rare-outcomes'])
  })

  test('say that recorded propensities do not fit how often arms were taken', () => {
    const even = choices.map(choice => ({ ...choice, propensity: 0.3, propensities: [0.25, 0.25, 0.25, 0.25] }))
    expect(codes(even)).toEqual(['wrong-propensities'])
  })

  test('say that few choices carry nearly all weight, and that coverage is not known', () => {
    const heavy = choices.map(choice => ({
      ...choice,
      propensities: null,
      propensity: choice.task % 20 === 0 ? 0.0025 : 1,
    }))
    expect(codes(heavy)).toEqual(expect.arrayContaining(['little-support', 'coverage-unknown', 'wrong-propensities']))
  })
})

describe('cross-fitting', () => {
  const choices = drawLog(seedRng('folds'), 500)
  const { folds } = prepareLog(choices, 'folds')
  const spoiled = (fold: number) =>
    choices.map((choice, row) => (folds[row] === fold ? { ...choice, reward: 1 - choice.reward } : choice))

  test('never lets a forecast see the rewards of the fold that it is about', () => {
    const forecasts = (log: readonly LoggedChoice[]) => {
      const models = fitOutcomeModels(log, folds)
      return forecastOutOfFold(log, targetBy(log, worldTargets['best per category']), folds, models)
    }
    const before = forecasts(choices)
    const after = forecasts(spoiled(2))
    for (const row of choices.keys()) {
      if (folds[row] === 2) {
        expect(after.taken[row]).toBe(before.taken[row])
        expect(after.target[row]).toBe(before.target[row])
      } else expect(after.taken[row]).not.toBe(before.taken[row])
    }
  })

  test.each([
    ['the best single arm', bestSingleTarget],
    ['the best arm per category', categoryBestTarget],
  ])('never lets %s be picked, or its forecast made, by the rewards that judge it', (_, targetOf) => {
    const seen = (rows: readonly LoggedChoice[]) => {
      const log = { choices: rows, folds, models: fitOutcomeModels(rows, folds) }
      const target = targetOf(log)
      return { target, forecast: forecastOutOfFold(rows, target, folds, log.models) }
    }
    const before = seen(choices)
    const after = seen(spoiled(2))
    let picksChanged = 0
    for (const row of choices.keys()) {
      if (folds[row] === 2) {
        expect(after.target(row, 2)).toEqual(before.target(row, 2))
        expect(after.forecast.target[row]).toBe(before.forecast.target[row])
      } else if (after.forecast.target[row] !== before.forecast.target[row]) picksChanged++
    }
    expect(picksChanged).toBeGreaterThan(0)
  })

  test('keeps choices about the same task in one fold, and folds of even size', () => {
    const repeated = choices.map(choice => ({ ...choice, task: choice.task % 50 }))
    const assigned = assignFolds(repeated, 5, seedRng('repeated'))
    const byTask = new Map<number, number>()
    for (const [row, { task }] of repeated.entries()) {
      expect(byTask.get(task) ?? assigned[row]).toBe(assigned[row])
      byTask.set(task, assigned[row]!)
    }
    expect([0, 1, 2, 3, 4].map(fold => [...byTask.values()].filter(each => each === fold).length)).toEqual(
      Array(5).fill(10),
    )
  })

  test('gives the same folds for the same seed, and others for another', () => {
    expect(prepareLog(choices, 'folds').folds).toEqual(folds)
    expect(prepareLog(choices, 'other').folds).not.toEqual(folds)
  })

  test('refuses rewards outside 0..1', () => {
    expect(() => prepareLog([{ ...choices[0]!, reward: 1.5 }], 'folds')).toThrow(/reward of choice 0 is 1.5/)
  })
})

describe('the interval', () => {
  const ones = (n: number) => new Float64Array(n).fill(1)
  const tasks = (n: number) => Int32Array.from({ length: n }, (_, i) => i)

  test.each([0, 3, 27, 30])('of equal weights is that of Wilson, with the quantile of Student: %s of 30', successes => {
    const outcomes = Float64Array.from({ length: 30 }, (_, i) => (i < successes ? 1 : 0))
    const [low, high] = scoreInterval(selfNormalised(outcomes, ones(30)), tasks(30))
    const wilson = wilsonInterval(successes, 30, studentTQuantile(0.975, 29))
    expect(low).toBeCloseTo(wilson[0], 8)
    expect(high).toBeCloseTo(wilson[1], 8)
  })

  test('of graded rewards is that of the t test, not that of rewards of 0 and 1', () => {
    const rng = seedRng('graded')
    const graded = Float64Array.from({ length: 200 }, () => 0.55 + 0.1 * rng())
    const estimate = selfNormalised(graded, ones(200))
    const [low, high] = scoreInterval(estimate, tasks(200))
    const mean = policyValue(estimate)
    const deviation = Math.sqrt(graded.reduce((sum, each) => sum + (each - mean) ** 2, 0) / 199)
    const half = (studentTQuantile(0.975, 199) * deviation) / Math.sqrt(200)
    expect((high - low) / 2 / half).toBeCloseTo(1, 1)
  })

  test('stays open where a few heavy choices all succeeded', () => {
    const heavy = Float64Array.from({ length: 100 }, (_, i) => (i < 5 ? 20 : 0))
    const [low, high] = scoreInterval(selfNormalised(ones(100), heavy), tasks(100))
    expect(low).toBeLessThan(0.5)
    expect(high).toBe(1)
  })

  test('grows no narrower when every choice is copied under its own task', () => {
    const choices = drawLog(seedRng('copies'), 200)
    const width = (copies: number) => {
      const rows = Array.from({ length: copies }, () => choices).flat()
      const found = importanceWeights(rows, targetBy(rows, worldTargets['one arm']), new Int32Array(rows.length))
      const outcomes = Float64Array.from(rows, ({ reward }) => reward)
      const [low, high] = scoreInterval(
        selfNormalised(outcomes, found),
        rows.map(({ task }) => task),
      )
      return high - low
    }
    expect(width(4) / width(1)).toBeGreaterThan(0.9)
    expect(width(4) / width(1)).toBeLessThan(1.1)
  })
})
