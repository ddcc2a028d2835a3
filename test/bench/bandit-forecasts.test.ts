import { describe, expect, it } from 'vitest'
import { banditForecastsTable, streamForecasts } from '../../bench/quality/bandit-forecasts.ts'
import { ArmTypeMeans } from '../../bench/quality/bandit-forecasts-rivals.ts'
import { visitsOf } from '../../bench/quality/online.ts'
import { applyView, type View } from '../../bench/quality/view.ts'
import { integer, seedRng } from '../../src/math/rng.ts'
import { brier } from '../../src/math/statistics.ts'

const words = ['kubernetes', 'frontend', 'invoice', 'translation']

/** Tasks of one type whose single telling word decides which of two arms succeeds. */
function worded(tasks: number): View {
  const rng = seedRng('worded')
  const told = Array.from({ length: tasks }, () => integer(rng, words.length))
  const row = { attempt: 0, durationS: null, costUsd: null, inputTokens: null, outputTokens: null, outputChars: null }
  const set = {
    name: 'worded',
    tasks: told.map((word, task) => ({ text: `please do the ${words[word]} job ${task}`, category: 'jobs' })),
    arms: ['first', 'second'],
    rows: told.flatMap((word, task) =>
      [0, 1].map(arm => ({ ...row, task, arm, quality: rng() < (word % 2 === arm ? 0.9 : 0.1) ? 1 : 0 })),
    ),
    offlineTests: [],
    onlineOrders: [told.map((_, task) => task)],
    views: [],
    successThreshold: 0.5,
    categoryDepth: null,
  }
  return applyView(set, { name: 'worded' } as Parameters<typeof applyView>[1])
}

const view = worded(800)
const visits = visitsOf(view, view.onlineOrders[0]!, 800)
const scored = streamForecasts(view, visits, seedRng('stream'))
const brierOf = (name: string, from = 0) => {
  const late = scored.get(name)!.slice(from)
  return brier(
    late.map(({ forecast }) => forecast),
    late.map(({ target }) => target),
  )!
}

describe('forecasts where one arm is seen per task', () => {
  it('are made before learning: the first knows nothing', () => {
    for (const [first] of scored.values()) expect(first!.forecast).toBeCloseTo(0.5, 12)
  })

  it('are scored on the same arms and outcomes for every forecaster', () => {
    const [first, ...others] = [...scored.values()].map(run => run.map(({ target }) => target))
    expect(first).toHaveLength(visits.length)
    for (const other of others) expect(other).toEqual(first)
    // Arms are drawn evenly, so half of the outcomes are successes (five standard deviations).
    const successes = first!.reduce((sum, target) => sum + target, 0)
    expect(Math.abs(successes - 400)).toBeLessThan(5 * Math.sqrt(200))
  })

  it('learn from the words what means by arm and task type cannot know', () => {
    expect(brierOf('arm × task type means', 400)).toBeGreaterThan(0.24)
    expect(brierOf('success predictor', 400)).toBeLessThan(0.2)
  })

  it('come with the difference to the plain means in the table', () => {
    const lines = banditForecastsTable(view, [visits, visits.toReversed()], () => {}).split('\n')
    expect(lines[0]).toContain('worded · forecasts, one arm drawn evenly per visit · 2 arms · 2 orders of 800 rounds')
    expect(lines.slice(2, 5).map(line => line.split('  ')[0])).toEqual([...scored.keys()])
    expect(lines[5]).toMatch(/AUC \+0\.\d{4} ± 0\.\d{4}, Brier -0\.\d{4} ± 0\.\d{4}$/)
  })
})

describe('means by arm and task type', () => {
  it('lean on the arm with 10 observations, and the arm on all with 4', () => {
    const means = new ArmTypeMeans()
    const query = (arm: string, category: string | null) => {
      const nothing = { indices: new Uint16Array(0), values: new Float64Array(0), logLength: 0 }
      return { arm, category, task: 0, day: 0, words: nothing }
    }
    for (const value of [1, 1, 0]) means.learn(query('a', 'x'), value)
    // All: (2 + .5)/(3 + 1) = .625; arm a: (2 + 4·.625)/(3 + 4) = .642857.
    expect(means.predict(query('a', 'x'))).toBeCloseTo((2 + 10 * (4.5 / 7)) / 13, 12)
    expect(means.predict(query('a', null))).toBeCloseTo(4.5 / 7, 12)
    expect(means.predict(query('b', 'x'))).toBeCloseTo(0.625, 12)
  })
})
