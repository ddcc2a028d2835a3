import { describe, expect, test } from 'vitest'
import { HierarchyEnsemble } from '../../src/learn/hierarchy/ensemble.ts'
import { EvidenceTable, type Observation, phantom } from '../../src/learn/hierarchy/evidence.ts'
import { HierarchyModel, type Variances } from '../../src/learn/hierarchy/model.ts'
import { taskVariances } from '../../src/learn/hierarchy/task-precision.ts'
import { logGamma } from '../../src/math/distributions.ts'
import { integer, normal, seedRng, shuffle } from '../../src/math/rng.ts'
import { conditioned, type Noisy, type Place } from './joint.ts'
import { rebuilt, replayed } from './replayed.ts'

const priors = {
  utility: { mean: 0.5, shared: 2, own: 0.1, noise: 0.15 },
  'logarithm of an amount': { mean: 6.9, shared: 100, own: 1, noise: 0.25 },
}
const categoryLevels = [
  { categoryShared: 0, categoryOwn: 0 },
  { categoryShared: 0.15, categoryOwn: 0.01 },
  { categoryShared: 0.15, categoryOwn: 0.16 },
  { categoryShared: 0, categoryOwn: 0.3 },
]
const blind = { taskShared: 0, taskOwn: 0 }
const models: Variances[] = [blind, taskVariances].flatMap(level => categoryLevels.map(at => ({ ...at, ...level })))
const noiseOf = ({ taskShared, taskOwn }: Variances) => 1 - taskShared - taskOwn
const noisy = (variances: Variances, observations: readonly Observation[]): Noisy[] =>
  observations.map(observation => ({ ...observation, noise: noiseOf(variances) }))

/**
 * 40 observations of 4 arms in two categories and outside of any. Tasks 1 to 9 come again and again, tried by several
 * arms, all others once; category "single" has only tasks of the second kind. One arm is never used: the phantom.
 */
function smallWorld(seed: string): Observation[] {
  const rng = seedRng(seed)
  return Array.from({ length: 40 }, (_, i) => {
    const category = ['recurring', 'single', ''][integer(rng, 3)]!
    const isRecurring = category !== 'single' && rng() < 0.7
    const task = isRecurring ? 1 + integer(rng, 4) + (category === '' ? 5 : 0) : 100 + i
    return { arm: 1 + integer(rng, 4), category, task, value: 0.5 + normal(rng) }
  })
}

const armsAndPhantom = [phantom, 1, 2, 3, 4]
const unknownTask = 99

function expectSamePosterior(model: HierarchyModel, truth: ReturnType<typeof conditioned>, world: Observation[]) {
  const size = armsAndPhantom.length
  for (const category of ['recurring', 'single', '', 'never met']) {
    const tasks = new Set(world.filter(observation => observation.category === category).map(({ task }) => task))
    for (const task of [...tasks, unknownTask]) {
      const { category: at, mean, variance } = model.posterior(category, task)
      for (const a of armsAndPhantom) {
        const place: Place = { arm: a, category, task }
        expect(Math.abs(mean[a]! - truth.mean(place))).toBeLessThan(1e-8)
        expect(Math.abs(variance[a]! - truth.covariance(place, place))).toBeLessThan(1e-8)
        if (task !== unknownTask) continue
        expect(Math.abs(at.mean[a]! - truth.mean({ arm: a, category }))).toBeLessThan(1e-8)
        for (const b of armsAndPhantom) {
          const expected = truth.covariance({ arm: a, category }, { arm: b, category })
          expect(Math.abs(at.covariance[a * size + b]! - expected)).toBeLessThan(1e-8)
        }
      }
    }
  }
}

describe('the closed forms of the Gaussian hierarchy', () => {
  for (const [name, prior] of Object.entries(priors)) {
    test(`agree with conditioning the whole joint distribution at once (prior for the ${name})`, () => {
      for (const variances of models) {
        for (const seed of ['a', 'b', 'c']) {
          const world = smallWorld(seed)
          const { model } = replayed(variances, prior, 4, world)
          expectSamePosterior(model, conditioned(variances, prior, noisy(variances, world)), world)
        }
      }
    })
  }

  test('say the prior where nothing was seen', () => {
    for (const variances of models) {
      const prior = priors.utility
      const { model } = replayed(variances, prior, 2, [])
      const { categoryShared, categoryOwn, taskShared, taskOwn } = variances
      const { mean, variance } = model.posterior('any', 1)
      expect([...mean]).toEqual([0.5, 0.5, 0.5].map(value => expect.closeTo(value, 12)))
      const expected = prior.shared + prior.own + categoryShared + categoryOwn + taskShared + taskOwn
      expect([...variance]).toEqual([1, 2, 3].map(() => expect.closeTo(expected, 12)))
    }
  })

  test('do not depend on the order of the observations', () => {
    for (const variances of models) {
      const world = smallWorld('order')
      const shuffled = shuffle(seedRng('shuffled'), world)
      const [a, b] = [world, shuffled].map(order => replayed(variances, priors.utility, 4, order).model)
      for (const { category, task } of world) {
        const [x, y] = [a!.posterior(category, task), b!.posterior(category, task)]
        expectClose(x.mean, y.mean, 1e-9)
        expectClose(x.variance, y.variance, 1e-9)
      }
    }
  })

  test('treat faded evidence as evidence with more noise', () => {
    for (const level of categoryLevels) {
      const variances = { ...level, ...blind }
      const evidence = new EvidenceTable(10)
      for (let arm = 1; arm <= 4; arm++) evidence.intern(`arm ${arm}`)
      const world = smallWorld('ages').map((observation, i) => ({ ...observation, noise: 2 ** ((40 - i) / 10) }))
      for (const [day, observation] of world.entries()) {
        evidence.advance(day)
        evidence.add(observation, evidence.weightOf(day))
      }
      evidence.advance(40)
      const model = new HierarchyModel(variances, priors.utility, evidence, null)
      expectSamePosterior(model, conditioned(variances, priors.utility, world), world)
    }
  })

  test('treat tasks that are no longer remembered one by one as tasks met once each', () => {
    const variances = models.at(-2)!
    const world = smallWorld('forgotten')
    const { evidence, tasks } = replayed(variances, priors.utility, 4, world)
    const forgotten = world.find(({ category }) => category === 'recurring')!.task
    evidence.tasks.delete(forgotten)
    tasks.rebuild()
    const model = new HierarchyModel(variances, priors.utility, evidence, tasks)
    const apart = world.map((observation, i) =>
      observation.task === forgotten ? { ...observation, task: -i } : observation,
    )
    const truth = conditioned(variances, priors.utility, noisy(variances, apart))
    expectSamePosterior(
      model,
      truth,
      world.filter(({ task }) => task !== forgotten),
    )
  })

  test('score a model by the Student t density of each value before it is learned, and learn the noise from it', () => {
    for (const variances of models) {
      const prior = priors.utility
      const world = smallWorld('judge')
      const { model } = replayed(variances, prior, 4, world)
      let [a, b, logWeight] = [1, prior.noise, 0]
      for (const [i, observation] of world.entries()) {
        const truth = conditioned(variances, prior, noisy(variances, world.slice(0, i)))
        const factor = truth.covariance(observation, observation) + noiseOf(variances)
        const error = observation.value - truth.mean(observation)
        // Location-scale t with 2a degrees of freedom and squared scale (b/a)·factor, from the gamma function.
        const square = (error * error) / (2 * b * factor)
        logWeight += logGamma(a + 0.5) - logGamma(a) - Math.log(2 * Math.PI * b * factor) / 2
        logWeight -= (a + 0.5) * Math.log(1 + square)
        a += 0.5
        b += (error * error) / (2 * factor)
      }
      expect(model.logWeight).toBeCloseTo(logWeight, 7)
      expect(model.scale).toBeCloseTo(b / a, 8)
      expect(model.freedom).toBe(2 * a)
    }
  })
})

describe('the caches of the hierarchy', () => {
  const rng = seedRng('long')
  const observations = Array.from({ length: 500 }, (_, i): Observation & { readonly day: number } => {
    const category = integer(rng, 5)
    const task = rng() < 0.5 ? 1000 * category + integer(rng, 20) : 100_000 + i
    const name = category === 4 ? '' : `category ${category}`
    return { arm: integer(rng, 6), category: name, task, value: rng() < 0.4 ? 1 : 0, day: 0 }
  })
  const learnedFrom = (list: typeof observations, halfLifeDays: number | null = null) => {
    const ensemble = new HierarchyEnsemble(priors.utility, halfLifeDays)
    for (const { arm, category, task, day, value } of list) ensemble.learn(`arm ${arm}`, category, task, day, value)
    return ensemble
  }
  const expectSameAsRebuilt = (ensemble: HierarchyEnsemble, list: typeof observations) => {
    let compared = 0
    for (const { category, task } of list.slice(0, 50)) {
      for (const view of ensemble.views(category, task)) {
        const { mean, variance } = rebuilt(view.variances, priors.utility, ensemble.evidence).posterior(category, task)
        expectClose(view.mean, mean, 1e-8)
        expectClose(view.variance, variance, 1e-8)
        compared++
      }
    }
    expect(compared).toBeGreaterThan(50)
  }

  test('follow 500 observations step by step as if they were built from scratch', () => {
    expectSameAsRebuilt(learnedFrom(observations), observations)
  })

  test('follow 500 observations without any task that recurs as if they were built from scratch', () => {
    const single = observations.map((observation, task) => ({ ...observation, task }))
    expectSameAsRebuilt(learnedFrom(single), single)
  })

  test('follow evidence that fades while it is gathered', () => {
    const aging = observations.map((observation, i) => ({ ...observation, day: Math.floor(i / 5) }))
    expectSameAsRebuilt(learnedFrom(aging, 20), aging)
  })

  test('outlive evidence that has faded to nothing, on tasks that recur', () => {
    const ensemble = learnedFrom(observations, 1)
    for (const day of [20, 40, 200, 5000]) ensemble.advance(day)
    for (const view of ensemble.views('category 1', 1001))
      expect(view.mean.every(value => Math.abs(value - 0.5) < 1e-6)).toBe(true)
    ensemble.learn('arm 1', 'category 1', 1001, 5000, 1)
    expect(ensemble.views('category 1', 1001)[0]!.mean[ensemble.evidence.indexOf('arm 1')]).toBeGreaterThan(0.5)
  })

  test('forget an observation that is taken out again', () => {
    const ensemble = learnedFrom(observations)
    for (const { arm, category, task, value } of observations.slice(250)) {
      ensemble.retract(`arm ${arm}`, category, task, 0, value)
    }
    const half = learnedFrom(observations.slice(0, 250)).evidence
    for (const { variances, ...view } of ensemble.views('category 1', 1001)) {
      const { mean, variance } = rebuilt(variances, priors.utility, half).posterior('category 1', 1001)
      expectClose(view.mean, mean, 1e-8)
      expectClose(view.variance, variance, 1e-8)
    }
  })
})

describe('the averaged models', () => {
  const run = (isSpecialised: boolean) => {
    const rng = seedRng(`averaged ${isSpecialised}`)
    const ensemble = new HierarchyEnsemble(priors.utility, null)
    for (let task = 0; task < 600; task++) {
      const [arm, category] = [integer(rng, 4), integer(rng, 4)]
      const chance = isSpecialised ? (arm === category ? 0.9 : 0.2) : 0.3 + 0.1 * arm
      ensemble.learn(`arm ${arm}`, `category ${category}`, task, 0, rng() < chance ? 1 : 0)
    }
    return ensemble.views('category 1', -1)
  }
  const weightOf = (views: ReturnType<typeof run>, accept: (variances: Variances) => boolean) =>
    views.filter(view => accept(view.variances)).reduce((sum, view) => sum + view.weight, 0)

  test('have weights that sum to 1', () => {
    for (const views of [run(true), run(false)]) expect(weightOf(views, () => true)).toBeCloseTo(1, 12)
  })

  test('trust the task type where arms specialise, and not where the type means nothing', () => {
    expect(weightOf(run(true), ({ categoryOwn }) => categoryOwn >= 0.16)).toBeGreaterThan(0.9)
    expect(weightOf(run(false), ({ categoryOwn }) => categoryOwn <= 0.04)).toBeGreaterThan(0.9)
  })

  test('look at single tasks only from the first task that recurs', () => {
    const ensemble = new HierarchyEnsemble(priors.utility, null)
    const aware = () => weightOf(ensemble.views('x', 1), ({ taskOwn }) => taskOwn > 0)
    ensemble.learn('a', 'x', 1, 0, 1)
    ensemble.learn('b', 'x', 2, 0, 0)
    expect(aware()).toBe(0)
    ensemble.learn('b', 'x', 1, 0, 1)
    expect(aware()).toBeCloseTo(0.5, 12)
  })

  test('expect an arm that did well on this very task to do well on it again', () => {
    const ensemble = new HierarchyEnsemble(priors.utility, null)
    const rng = seedRng('again')
    for (let visit = 0; visit < 6; visit++) {
      for (let task = 0; task < 30; task++) {
        const arm = integer(rng, 3)
        ensemble.learn(`arm ${arm}`, 'x', task, 0, arm === task % 3 ? 1 : 0)
      }
    }
    const expected = (arm: number, task: number) =>
      ensemble
        .views('x', task)
        .reduce((sum, view) => sum + view.weight * view.mean[ensemble.evidence.indexOf(`arm ${arm}`)]!, 0)
    for (const task of [0, 1, 2]) {
      for (const arm of [0, 1, 2]) {
        if (arm !== task % 3) expect(expected(task % 3, task) - expected(arm, task)).toBeGreaterThan(0.4)
      }
    }
  })
})

function expectClose(actual: Float64Array, expected: Float64Array, tolerance: number) {
  expect(actual.length).toBe(expected.length)
  for (const [i, value] of actual.entries()) expect(Math.abs(value - expected[i]!)).toBeLessThan(tolerance)
}
