import { describe, expect, test } from 'vitest'
import { seedRng } from '../../src/math/rng.ts'
import { dayMs, openEngine } from './engine.ts'

describe('a baseline', () => {
  /** 40 executions a day: easy tasks succeed with probability .9, hard ones with .3, in the share given. */
  async function work(opened: Awaited<ReturnType<typeof openEngine>>, prefix: string, easy: number, gain = 0) {
    const rng = seedRng(prefix)
    await opened.tacit.recordBatch(
      Array.from({ length: 200 }, (_, i) => {
        const taskType = i < 200 * easy ? 'easy' : 'hard'
        const success = rng() < (taskType === 'easy' ? 0.9 : 0.3) + gain
        return {
          task: `${prefix} ${i}`,
          taskType,
          arm: 'a',
          success,
          durationMs: taskType === 'easy' ? 100 : 900,
          costUsd: 0.01,
        }
      }),
    )
  }

  test('stays as it was frozen, whatever is recorded later', async () => {
    const opened = await openEngine()
    await opened.tacit.recordBatch(
      [1, 0, 1, 1].map((ok, i) => ({ task: `t${i}`, arm: 'a', success: ok === 1, durationMs: 10 * i })),
    )
    const frozen = await opened.tacit.track.freezeBaseline('first')
    // Of 0, 10, 20, 30 the deviation is √(500/3); the .975 quantile of Student's t with 3 degrees of freedom is 3.182446.
    expect(frozen.values.durationMs).toMatchObject({ n: 4, mean: 15 })
    expect(frozen.values.durationMs!.interval![1]).toBeCloseTo(15 + (3.182446 * Math.sqrt(500 / 3)) / 2, 4)
    // Wilson's interval for 3 of 4.
    expect(frozen.values.success).toMatchObject({ n: 4, mean: 0.75 })
    expect(frozen.values.success!.interval!.map(bound => bound.toFixed(4))).toEqual(['0.3006', '0.9544'])
    expect(frozen.values.costUsd).toBeNull()
    opened.clock.nowMs += dayMs
    await work(opened, 'later', 0.5)
    expect(await opened.tacit.track.baselines()).toEqual([frozen])
    expect((await opened.tacit.track.compareBaseline('first')).baseline).toEqual(frozen)
  })

  test('shows a gain where there is one', async () => {
    const opened = await openEngine()
    await work(opened, 'before', 0.5)
    await opened.tacit.track.freezeBaseline('spring')
    opened.clock.nowMs += dayMs
    await work(opened, 'after', 0.5, 0.1)
    const { executions, values } = await opened.tacit.track.compareBaseline('spring')
    const [low, high] = values.success!.interval
    expect(executions).toBe(200)
    expect(low).toBeGreaterThan(0)
    expect(high).toBeLessThan(0.25)
    expect(values.success).toMatchObject({ verdict: 'improved', covered: 1 })
    expect(values.durationMs).toMatchObject({ difference: 0, verdict: 'not certain' })
  })

  test('is not beaten by easier tasks: the mix of task types is taken out', async () => {
    const opened = await openEngine()
    await work(opened, 'before', 0.2)
    await opened.tacit.track.freezeBaseline('spring')
    opened.clock.nowMs += dayMs
    await work(opened, 'after', 0.8)
    const { success, durationMs } = (await opened.tacit.track.compareBaseline('spring')).values
    expect(success!.now.mean - success!.baseline.mean).toBeGreaterThan(0.25)
    expect(success!.verdict).toBe('not certain')
    expect(Math.abs(success!.difference)).toBeLessThan(0.12)
    expect(durationMs!.difference).toBe(0)
  })

  test('is refused where it says nothing, and its name is taken once', async () => {
    const opened = await openEngine()
    const { track } = opened.tacit
    await expect(track.freezeBaseline('empty')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await opened.tacit.record({ task: 'x', arm: 'a', success: true })
    await track.freezeBaseline('first')
    await expect(track.freezeBaseline('first')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    await expect(track.compareBaseline('frist')).rejects.toThrow('There are: first.')
    const nothing = await track.compareBaseline('first')
    expect([nothing.executions, nothing.values.success]).toEqual([0, null])
    expect(await track.dropBaseline('first')).toEqual([])
  })
})

/** `good` solves 9 of 10 and `bad` 3 of 10; the choices are even, 60 a day for ten days. */
async function evenChoices() {
  const opened = await openEngine({ seed: 'regret', learning: { policy: 'uniform' } })
  const rng = seedRng('outcomes')
  for (let i = 0; i < 600; i++) {
    opened.clock.nowMs += dayMs / 60
    const { decisionId, arm } = await opened.tacit.decide({
      // Draws follow from the id.
      decisionId: `d${i}`,
      task: `t${i}`,
      taskType: 'x',
      arms: ['good', 'bad'],
    })
    await opened.tacit.observe(decisionId, { success: rng() < (arm === 'good' ? 0.9 : 0.3) })
  }
  return opened
}

describe('regret over time', () => {
  test('is what the best arm would have earned more, within its interval, period by period and in all', async () => {
    const { tacit } = await evenChoices()
    const { periods, whole, total } = await tacit.track.regret({ days: 10, periodDays: 5 })
    expect(periods.map(({ decisions }) => decisions)).toEqual([300, 300])
    for (const { perDecision, earned, reference } of [...periods, whole]) {
      const [low, high] = perDecision!.interval!
      expect(low).toBeLessThan(0.3)
      expect(high).toBeGreaterThan(0.3)
      expect(reference!.value - earned!.value).toBeCloseTo(perDecision!.value, 9)
    }
    expect(periods[0]!.to).toBe(periods[1]!.from)
    const sum = periods.reduce((all, { decisions, perDecision }) => all + decisions * perDecision!.value, 0)
    expect(total!.value).toBeCloseTo(sum, 9)
    expect(total!.interval![0]).toBeLessThan(180)
    expect(total!.interval![1]).toBeGreaterThan(180)
    // Against the worse arm the choices did better.
    expect(
      (await tacit.track.regret({ days: 10, periodDays: 10, against: 'bad' })).whole.perDecision!.value,
    ).toBeLessThan(-0.2)
  })

  test('is not made up where the log says too little: the reason is given', async () => {
    const { tacit } = await evenChoices()
    const { periods, whole } = await tacit.track.regret({ days: 10, periodDays: 1 })
    expect(periods).toHaveLength(10)
    expect(periods[3]).toMatchObject({ perDecision: null, decisions: 60 })
    expect(periods[3]!.reason).toMatch(/effective sample size/)
    expect(whole.reason).toBeNull()
    await expect(tacit.track.regret({ days: 1000, periodDays: 1 })).rejects.toThrow(/too many/)
  })
})

describe('the complexity of a task', () => {
  test('is the third of past forecasts that its own falls into, and each third says how many failed', async () => {
    const { tacit } = await openEngine({ seed: 'complexity' })
    const rng = seedRng('tasks')
    const chances = { routine: 0.95, usual: 0.6, research: 0.15 }
    for (let i = 0; i < 360; i++) {
      const taskType = (['routine', 'usual', 'research'] as const)[i % 3]!
      const { decisionId } = await tacit.decide({ task: `${taskType} ${i}`, taskType, arms: ['a', 'b'] })
      const durationMs = 100 / chances[taskType]
      await tacit.observe(decisionId, { success: rng() < chances[taskType], durationMs })
    }
    const of = async (taskType: string) => tacit.track.complexity(`${taskType} next`, { taskType })
    const [routine, usual, research] = [await of('routine'), await of('usual'), await of('research')]
    expect([routine.complexity, usual.complexity, research.complexity]).toEqual(['low', 'medium', 'high'])
    const failed = research.bins.map(bin => bin.failed)
    expect(failed).toEqual(failed.toSorted((a, b) => a - b))
    for (const { forecast, interval, n } of research.bins) {
      expect(n).toBeGreaterThan(80)
      // Early forecasts knew little, so the means are near each other rather than equal.
      expect(forecast).toBeGreaterThan(interval[0] - 0.15)
      expect(forecast).toBeLessThan(interval[1] + 0.15)
    }
    expect(research.bins[2]!.medianDurationMs).toBeGreaterThan(research.bins[0]!.medianDurationMs!)
  })

  test('is not known before enough forecasts were judged', async () => {
    const { tacit } = await openEngine()
    const { decisionId } = await tacit.decide({ task: 'x', arms: ['a'] })
    await tacit.observe(decisionId, { success: true })
    const { complexity, reason, bins } = await tacit.track.complexity('x')
    expect([complexity, bins]).toEqual([null, []])
    expect(reason).toMatch(/60 that differ are needed/)
  })
})

describe('what forecasts rest on', () => {
  async function learned() {
    const { tacit } = await openEngine()
    await tacit.recordBatch(
      Array.from({ length: 300 }, (_, i) => {
        const word = i % 2 === 0 ? 'flaky' : 'stable'
        return {
          task: `Repair the ${word} test number ${i}`,
          taskType: 'fix',
          arm: i % 4 < 2 ? 'a' : 'b',
          success: word === 'stable',
        }
      }),
    )
    return tacit
  }

  test('names the words that speak for and against success, most important first', async () => {
    const tacit = await learned()
    const { tasks, arms } = await tacit.track.importance({ limit: 40 })
    expect([tasks, arms.map(({ arm }) => arm)]).toEqual([300, ['a', 'b']])
    for (const { words } of arms) {
      const effectOf = (name: string) => words.find(({ word }) => word === name)!.effect
      expect(effectOf('flaky')).toBeLessThan(-0.1)
      expect(effectOf('stable')).toBeGreaterThan(0.1)
      expect(words.slice(0, 6).some(({ word }) => /flaky|stable/.test(word))).toBe(true)
      const importances = words.map(({ importance }) => importance)
      expect(importances).toEqual(importances.toSorted((a, b) => b - a))
    }
  })

  test('adds up, for one task, to the forecast: rate, arm, words and parts of words', async () => {
    const tacit = await learned()
    const task = 'Repair the flaky dashboard'
    const [a] = (await tacit.track.importance({ task, taskType: 'fix', arms: ['a'], limit: 1000 })).arms
    const [forecast] = await tacit.predict({ task, taskType: 'fix', arms: ['a'] })
    const logit = (p: number) => Math.log(p / (1 - p))
    const words = a!.words.reduce((sum, { effect }) => sum + effect, 0)
    const whole = logit(a!.base) + a!.armEffect + words + a!.charactersEffect
    // The six forecasts are mixed as probabilities, the effects on the logit, so the two agree but for the mixing.
    expect(Math.abs(whole - logit(forecast!.pSuccess.value!))).toBeLessThan(0.35)
    expect(a!.shares!.taskType).toBeGreaterThan(0)
    expect(words).toBeLessThan(0)
  })

  test('is empty where nothing is known', async () => {
    const { tacit } = await openEngine()
    expect(await tacit.track.importance()).toEqual({ tasks: 0, arms: [] })
  })
})
