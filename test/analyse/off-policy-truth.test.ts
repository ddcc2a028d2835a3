import { beforeAll, describe, expect, test } from 'vitest'
import { policyValue } from '../../src/analyse/off-policy/estimators.ts'
import {
  type EstimatorName,
  estimateAll,
  estimatorNames,
  evaluatePolicy,
  intervalOf,
  prepareLog,
} from '../../src/analyse/off-policy/evaluate.ts'
import type { Interval } from '../../src/analyse/off-policy/interval.ts'
import { categoryBestTarget } from '../../src/analyse/off-policy/targets.ts'
import { seedRng } from '../../src/math/rng.ts'
import { drawLog, propensities, targetBy, truthOf, worldTargets } from './off-policy-world.ts'

const replications = 300
const logged = 900
type TargetName = keyof typeof worldTargets
const targetNames = Object.keys(worldTargets) as TargetName[]

interface Tally {
  readonly errors: number[]
  covered: number
}
const tallies = new Map<string, Tally>()
const differences = new Map<TargetName, Tally>()
const tally = (name: TargetName, estimator: EstimatorName) => tallies.get(`${name} ${estimator}`)!
const rmse = ({ errors }: Tally) => Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length)
const bias = ({ errors }: Tally) => errors.reduce((sum, error) => sum + error, 0) / errors.length

function note(tallied: Tally, value: number, interval: Interval | null, truth: number): void {
  tallied.errors.push(value - truth)
  if (interval !== null && interval[0] <= truth && truth <= interval[1]) tallied.covered++
}

/** Over 300 seeded logs of 900 choices each, from a world with a known truth. */
describe('on logs from a world with a known truth', () => {
  beforeAll(() => {
    for (const name of targetNames) {
      differences.set(name, { errors: [], covered: 0 })
      for (const estimator of estimatorNames) tallies.set(`${name} ${estimator}`, { errors: [], covered: 0 })
    }
    const behaviour = truthOf(propensities)
    for (let replication = 0; replication < replications; replication++) {
      const choices = drawLog(seedRng(`replication ${replication}`), logged)
      const log = prepareLog(choices, 'folds')
      const tasks = choices.map(({ task }) => task)
      for (const name of targetNames) {
        const target = targetBy(choices, worldTargets[name])
        const truth = truthOf(worldTargets[name])
        const estimates = estimateAll(log, target)
        for (const estimator of estimatorNames) {
          const estimate = estimates[estimator]
          note(tally(name, estimator), policyValue(estimate), intervalOf(estimator, estimate, tasks), truth)
        }
        const evaluation = evaluatePolicy(log, target)
        if (evaluation.refused) continue
        note(differences.get(name)!, evaluation.difference.value, evaluation.difference.interval, truth - behaviour)
      }
    }
  })

  // Four standard errors of the mean over the replications: one false alarm in 16,000.
  test.each(targetNames)('inverse propensity and doubly robust are unbiased for %s', name => {
    for (const estimator of ['inversePropensity', 'doublyRobust'] as const) {
      const found = tally(name, estimator)
      expect(Math.abs(bias(found))).toBeLessThan((4 * rmse(found)) / Math.sqrt(replications))
    }
    expect(Math.abs(bias(tally(name, 'doublyRobust')))).toBeLessThan(0.01)
  })

  test('clipping reads too low where weights are cut', () => {
    const choices = drawLog(seedRng('clip'), logged)
    const log = prepareLog(choices, 'folds')
    const heavy = choices.map(choice => ({ ...choice, propensity: choice.propensity / 10 }))
    const estimates = estimateAll({ ...log, choices: heavy }, targetBy(heavy, worldTargets['one arm']))
    expect(policyValue(estimates.clippedInversePropensity)).toBeLessThan(policyValue(estimates.inversePropensity))
  })

  test.each(targetNames)(
    'doubly robust errs less than inverse propensity, and no more than self-normalised, for %s',
    name => {
      expect(rmse(tally(name, 'doublyRobust'))).toBeLessThan(0.9 * rmse(tally(name, 'inversePropensity')))
      expect(rmse(tally(name, 'doublyRobust'))).toBeLessThan(1.02 * rmse(tally(name, 'selfNormalised')))
    },
  )

  // Standard error of a coverage of .95 over 300 replications: .0126; three of them.
  test.each(targetNames)('95 % intervals hold the truth of %s in 91 to 99 % of the logs', name => {
    for (const estimator of ['doublyRobust', 'selfNormalised', 'inversePropensity'] as const) {
      const share = tally(name, estimator).covered / replications
      expect(share, estimator).toBeGreaterThan(0.912)
      expect(share, estimator).toBeLessThan(0.988)
    }
  })

  test.each(targetNames)('95 % intervals of the difference from the log hold the truth for %s', name => {
    const { covered, errors } = differences.get(name)!
    expect(errors.length).toBeGreaterThan(replications / 2)
    expect(covered / errors.length).toBeGreaterThan(0.912)
    expect(covered / errors.length).toBeLessThanOrEqual(0.99)
  })

  test('the direct method has no interval of its own', () => {
    const choices = drawLog(seedRng('direct'), logged)
    const evaluation = evaluatePolicy(prepareLog(choices, 'folds'), targetBy(choices, worldTargets.uniform))
    if (evaluation.refused) throw new Error(evaluation.reason)
    expect(evaluation.estimates.directMethod.interval).toBeNull()
    expect(evaluation.estimates.directMethod.value).toBeCloseTo(truthOf(worldTargets.uniform), 1)
  })

  test('a target learned from the log is worth about as much as the true best, not more', () => {
    const values = Array.from({ length: 100 }, (_, replication) => {
      const choices = drawLog(seedRng(`learned ${replication}`), logged)
      const log = prepareLog(choices, 'folds')
      return policyValue(estimateAll(log, categoryBestTarget(log)).doublyRobust)
    })
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const best = truthOf(worldTargets['best per category'])
    expect(mean).toBeLessThan(best + 0.01)
    expect(mean).toBeGreaterThan(best - 0.05)
  })
})
