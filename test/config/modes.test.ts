import { describe, expect, it } from 'vitest'
import { loadConfig, type Setting } from '../../src/config.ts'
import { createPolicy } from '../../src/learn/policy/policies.ts'
import type { Choice } from '../../src/learn/policy/policy.ts'
import { learningModes } from '../../src/modes.ts'

const values = (settings: readonly Setting[]) => Object.fromEntries(settings.map(({ key, value }) => [key, value]))

describe('a learning mode', () => {
  const usual = values(loadConfig().settings)

  it('is adaptive by default, and that is what the defaults say', () => {
    expect(usual['learning.mode']).toBe('adaptive')
    expect(learningModes.adaptive.sets).toEqual({})
    expect(values(loadConfig({ flags: { learning: { mode: 'adaptive' } } }).settings)).toEqual(usual)
  })

  it.each(Object.entries(learningModes))('%s changes the options that it names, and no other', (mode, { sets }) => {
    const { settings } = loadConfig({ environment: { TACIT_LEARNING_MODE: mode } })
    expect(values(settings)).toEqual({ ...usual, 'learning.mode': mode, ...sets })
    const fromMode = settings.filter(({ source }) => source === 'mode').map(({ key }) => key)
    expect(fromMode.sort()).toEqual(Object.keys(sets).sort())
  })

  it('gives way to an option that is set by itself, wherever that was', () => {
    const { config, settings } = loadConfig({
      flags: { learning: { mode: 'exploration' } },
      environment: { TACIT_LEARNING_OPTIMISM: '0.5' },
    })
    expect(config.learning).toMatchObject({ optimism: 0.5, minProbability: 0.4 })
    expect(settings.find(({ key }) => key === 'learning.optimism')?.source).toBe('environment')
  })

  it('that does not exist is refused', () => {
    expect(() => loadConfig({ flags: { learning: { mode: 'bold' } } })).toThrow(/learning\.mode/)
    expect(() => loadConfig({ flags: { learning: { mode: 'toString' } } })).toThrow(/learning\.mode/)
  })
})

describe('optimism', () => {
  /** Arm "known" was seen forty times with a mean of 0.5, "new" twice with `mean`, "poor" forty-one times with 0.3. */
  function choose(optimism?: number, mean = 0.55): Choice {
    const policy = createPolicy('hierarchical', {
      minProbability: 0,
      halfLifeDays: null,
      ...(optimism === undefined ? {} : { optimism }),
    })
    const learn = (arm: string, n: number, mean: number) => {
      for (let task = 0; task < n; task++)
        policy.learn({ arm, category: null, task: task + n * 1000, day: 1, reward: mean + (task % 2 ? 0.1 : -0.1) })
    }
    learn('known', 40, 0.5)
    learn('new', 2, mean)
    learn('poor', 41, 0.3)
    return policy.choose({ arms: ['known', 'new', 'poor'], category: null, task: -1, day: 1 })
  }

  it('of 1 is the default, to the last bit', () => {
    expect(choose(1)).toEqual(choose())
  })

  it('above 0 goes for the uncertain arm, below 0 for the one that is known', () => {
    // The estimate of "new" is below that of "known", and yet it might be better.
    expect(choose(0, 0.55).probabilities[0]).toBe(1)
    expect(choose(3, 0.55).probabilities[1]).toBeGreaterThan(0.5)
    // The estimate of "new" is above that of "known", but less is known about it.
    expect(choose(0, 0.8).probabilities[1]).toBe(1)
    expect(choose(-3, 0.8).probabilities[0]).toBeGreaterThan(0.5)
  })

  it('of 0 takes the best estimate', () => {
    const { probabilities, values } = choose(0)
    expect(probabilities[values.indexOf(Math.max(...values))]).toBe(1)
  })

  it('changes the choice only, never the estimates', () => {
    for (const optimism of [-1, 0, 2]) {
      const { values, deviations, nEff } = choose(optimism)
      expect({ values, deviations, nEff }).toEqual({
        values: choose().values,
        deviations: choose().deviations,
        nEff: choose().nEff,
      })
    }
  })
})
