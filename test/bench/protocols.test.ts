import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readDataSet } from '../../bench/quality/dataset.ts'
import { mean } from '../../bench/quality/hindsight.ts'
import { controlRuns, runOffline, splitOf } from '../../bench/quality/offline.ts'
import { hindsightRuns, runOnline, visitsOf } from '../../bench/quality/online.ts'
import { applyView } from '../../bench/quality/view.ts'
import type { ArmChoice, ArmPrediction, RankedArm } from '../../src/engine/types.ts'
import type { DecideInput, Estimate, OutcomeInput, RecordInput } from '../../src/records.ts'
import { writeSynthetic } from './synthetic.ts'

const small = writeSynthetic()
const set = readDataSet(join(small.folder, 'small'), 'small')
const [all, mid, priced] = set.views.map(rule => applyView(set, rule))
afterAll(() => small.remove())

const estimate = (value: number | null): Estimate => ({ value, interval: null, nEff: 0 })
const evidence = { observations: { all: 0, taskType: 0, task: 0 }, summary: '', shares: null, similar: [] }
const prediction = (pSuccess: number | null) => ({
  pSuccess: estimate(pSuccess),
  durationMs: estimate(null),
  costUsd: estimate(null),
  model: 'scripted@1',
})
const idOf = (arm: DecideInput['arms']) => (arm ?? []).map(each => (typeof each === 'string' ? each : each.id))

/** Chooses by a script, and keeps what it was asked and told. */
function scripted(choose: (arms: string[], round: number) => string, pSuccess: number | null = 0.75) {
  const asked: DecideInput[] = []
  const told: [string, OutcomeInput][] = []
  const recorded: RecordInput[] = []
  const rank = (input: Pick<DecideInput, 'arms'>) => {
    const arms = idOf(input.arms)
    const first = choose(arms, 0)
    return [first, ...arms.filter(arm => arm !== first)]
  }
  const tacit = {
    decide: async (input: DecideInput): Promise<ArmChoice> => {
      asked.push(input)
      const arm = choose(idOf(input.arms), asked.length - 1)
      const policy = { id: 'scripted', version: 1, seed: '' }
      const rest = {
        propensity: 1,
        distribution: { [arm]: 1 },
        evidence,
        policy,
        stage: 'auto',
        explored: false,
      } as const
      return {
        decisionId: `d${asked.length}`,
        arm,
        prediction: pSuccess === null ? null : prediction(pSuccess),
        ...rest,
      }
    },
    observe: async (decisionId: string, outcome: OutcomeInput) => {
      told.push([decisionId, outcome])
      return { id: decisionId, executionId: decisionId, status: 'stored' as const }
    },
    recordBatch: async (executions: readonly RecordInput[]) => {
      recorded.push(...executions)
      return executions.map((_, index) => ({
        index,
        id: `${index}`,
        executionId: `${index}`,
        status: 'stored' as const,
      }))
    },
    recommend: async (input: DecideInput) => {
      const arms = rank(input).map(
        (arm, index): RankedArm => ({
          arm,
          rank: index + 1,
          utility: estimate(null),
          prediction: null,
          probability: 0,
          evidence,
        }),
      )
      return {
        task: input.task,
        taskType: null,
        arms,
        similar: [],
        armsLeftOut: 0,
        withheld: [],
        policy: { id: 'scripted', version: 1 },
      }
    },
    predict: async (input: DecideInput) =>
      idOf(input.arms).map((arm): ArmPrediction => ({ arm, evidence, ...prediction(arm === 'weak' ? null : 0.5) })),
  }
  return { tacit, asked, told, recorded }
}

describe('online', () => {
  const visits = visitsOf(all!, set.onlineOrders[0]!, 4000)

  it('reveals attempt j on the j-th visit to a task', () => {
    expect(visits.map(({ task }) => task)).toEqual([0, 1, 2, 3, 3, 2, 1, 0])
    expect(visits.map(({ attempt }) => attempt[2]?.reward)).toEqual([0, 0, 0, 0, 1, 1, 1, 1])
  })

  it('starts again with the first attempt after the last, and stops at the most rounds', () => {
    const repeated = visitsOf(all!, [0, 0, 0, 0], 3)
    expect(repeated.map(({ attempt }) => attempt[2]?.reward)).toEqual([0, 1, 0])
  })

  it('asks with text, task type and the arms that have an execution, and tells the outcome of the chosen arm alone', async () => {
    const { tacit, asked, told } = scripted((arms, round) => arms[round % arms.length]!)
    const run = await runOnline(tacit, all!, visits)
    expect(asked[0]).toEqual({
      task: 'do the thing number 0',
      taskType: 'a',
      arms: ['strong', 'even', 'weak'],
      decisionId: 'round 0',
    })
    expect(asked[4]).toEqual({
      task: 'do the thing number 3',
      taskType: 'b',
      arms: ['strong', 'weak'],
      decisionId: 'round 4',
    })
    expect(told).toHaveLength(8)
    expect(told[2]).toEqual(['d3', { quality: 0, durationMs: 1000, costUsd: 0.0001, resources: {} }])
    // strong, even, weak, strong, strong, weak, strong, even
    expect(run.rewards).toEqual([1, 1, 0, 1, 1, 1, 1, 1])
    expect(run.decideMs).toHaveLength(8)
    expect([run.bestSingle, run.oracle]).toEqual([1, 1])
  })

  it('scores the prediction that came with the choice against what came', async () => {
    const { tacit } = scripted(() => 'weak')
    const { forecasts } = await runOnline(tacit, mid!, visitsOf(mid!, [0, 0], 4000))
    expect(forecasts).toEqual([
      { pSuccess: 0.75, isSuccess: false, forecast: 0.75, target: 0 },
      { pSuccess: 0.75, isSuccess: true, forecast: 0.75, target: 1 },
    ])
  })

  it('counts choices without a prediction instead of scoring them', async () => {
    const { tacit } = scripted(() => 'weak', null)
    const run = await runOnline(tacit, mid!, visitsOf(mid!, [0, 1], 4000))
    expect([run.forecasts.length, run.withoutForecast]).toEqual([0, 2])
  })

  it('compares with the best single arm and the oracle of the same visits', () => {
    const { bestSingle, oracle } = hindsightRuns(visitsOf(mid!, set.onlineOrders[1]!, 4000))
    // Visits t3 t3 t2 t2 t1 t1 t0 t0: even 0 (1) 0 0 1 1 1 1 = .625 with weak's 1 where even is missing, weak 0 1 0 1 0 1 0 1 = .5.
    expect(bestSingle.rewards).toEqual([0, 1, 0, 0, 1, 1, 1, 1])
    expect(oracle.rewards).toEqual([0, 1, 0, 1, 1, 1, 1, 1])
    expect([bestSingle.bestSingle, bestSingle.oracle]).toEqual([0.625, 0.75])
  })
})

describe('offline', () => {
  const split = splitOf(all!, set.offlineTests[0]!, 'seed')

  it('trains on every execution of the other tasks and never on a test task', async () => {
    const { tacit, recorded } = scripted(arms => arms[0]!)
    await runOffline(tacit, all!, split)
    expect(recorded).toHaveLength(12)
    expect(new Set(recorded.map(({ task }) => task))).toEqual(
      new Set(['do the thing number 0', 'do the thing number 2']),
    )
    expect(recorded.filter(({ arm }) => arm === 'even').map(({ quality }) => quality)).toHaveLength(4)
  })

  it('takes the top of the ranking for the mean over attempts, and scores the prediction of every arm', async () => {
    const { tacit } = scripted(() => 'weak')
    const run = await runOffline(tacit, all!, split)
    expect(run.rewards).toEqual([0.5, 0.5])
    expect(run.forecasts.map(({ target }) => target)).toEqual([1, 1, 1, 0])
    expect(run.withoutForecast).toBe(2)
    expect([run.bestSingle, run.oracle]).toEqual([1, 1])
  })

  it('has the arm means and a random arm as controls', () => {
    const { uniform, thompson, oracle } = controlRuns(mid!, splitOf(mid!, set.offlineTests[0]!, 'seed'))
    // Trained on t0, t2: even (1 + 0) / 2, weak .5 and .5: the first of equals is even. Tested on t1, t3.
    expect(thompson.rewards).toEqual([1, 0])
    expect(uniform.rewards).toEqual([0.75, 0.25])
    expect(oracle.rewards).toEqual([1, 0.5])
    expect(thompson.forecasts.map(({ forecast }) => forecast)).toEqual([0.5, 0.5, 0.5, 0.5])
    expect(mean(thompson.forecasts.map(({ target }) => target))).toBe(0.5)
  })

  it('orders the training tasks by seed', () => {
    const many = { ...all!, tasks: Array(50).fill(all!.tasks[0]), attempts: Array(50).fill(all!.attempts[0]) }
    const trained = splitOf(many, [3], 'a').train
    expect(trained).toHaveLength(49)
    expect(splitOf(many, [3], 'a').train).toEqual(trained)
    expect(splitOf(many, [3], 'b').train).not.toEqual(trained)
  })
})

describe('a declared utility', () => {
  it('is measured by the bench and declared to Tacit, each on its own', async () => {
    const { tacit, told } = scripted(() => 'strong')
    const run = await runOnline(tacit, priced!, visitsOf(priced!, [0], 1))
    expect(run.rewards[0]).toBeCloseTo(0.35, 12)
    expect(told[0]![1]).toEqual({ quality: 1, durationMs: 8000, costUsd: 1, resources: {} })
    expect(priced!.utility.config).toMatchObject({ durationMs: { weight: -0.5, to: 10_000, missing: 10_000 } })
  })
})
