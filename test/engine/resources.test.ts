import { expect, test } from 'vitest'
import type { ConfigInput } from '../../src/index.ts'
import { openEngine } from './engine.ts'

test('tokens, CPU time and memory are forecast like duration and cost, for each arm, as soon as outcomes told them', async () => {
  const { tacit } = await openEngine()
  const run = (arm: string, i: number, factor: number) => ({
    task: `Refactor module ${i}`,
    taskType: 'refactor',
    arm,
    success: true,
    resources: {
      inputTokens: 900 * factor,
      outputTokens: 100 * factor,
      cpuTimeMs: 50 * factor,
      peakMemoryMb: 20 * factor,
    },
  })
  await tacit.recordBatch(
    Array.from({ length: 40 }, (_, i) => run(i % 2 === 0 ? 'small' : 'large', i, i % 2 === 0 ? 1 : 4)),
  )
  const [small, large] = await tacit.predict({
    task: 'Refactor module x',
    taskType: 'refactor',
    arms: ['small', 'large'],
  })
  for (const [name, expected] of [
    ['tokens', 1000],
    ['cpuTimeMs', 50],
    ['peakMemoryMb', 20],
  ] as const) {
    expect(Math.abs(Math.log(small!.resources![name]!.value! / expected))).toBeLessThan(0.2)
    expect(Math.abs(Math.log(large!.resources![name]!.value! / (4 * expected)))).toBeLessThan(0.2)
    const [low, high] = large!.resources![name]!.interval!
    expect(low).toBeLessThan(high)
  }
})

test('a resource that no outcome has told is not in the forecast', async () => {
  const { tacit } = await openEngine()
  await tacit.record({ task: 'x', arm: 'a', success: true })
  expect((await tacit.predict({ task: 'x' }))[0]).not.toHaveProperty('resources')
  await tacit.record({ task: 'x', arm: 'a', success: true, resources: { outputTokens: 12 } })
  expect(Object.keys((await tacit.predict({ task: 'x' }))[0]!.resources!)).toEqual(['tokens'])
})

/** `lean` and `heavy` solve as much; heavy takes eight times the CPU time and memory. */
async function leanAndHeavy(options: ConfigInput) {
  const opened = await openEngine({ seed: 'resources', ...options })
  await opened.tacit.recordBatch(
    Array.from({ length: 60 }, (_, i) => {
      const factor = i % 2 === 0 ? 1 : 8
      return {
        task: `Build module ${i}`,
        taskType: 'build',
        arm: factor === 1 ? 'lean' : 'heavy',
        success: i % 10 < 8,
        resources: { cpuTimeMs: 100 * factor, peakMemoryMb: 50 * factor },
      }
    }),
  )
  return opened
}
const build = { task: 'Build module x', taskType: 'build', arms: ['heavy', 'lean'] }

test.each(['cpuTimeMs', 'peakMemoryMb'] as const)('%s can be weighed in the utility', async name => {
  const { tacit } = await leanAndHeavy({ utility: { [name]: { weight: -0.5, to: 1000 } } })
  const { arms } = await tacit.recommend(build)
  expect(arms.map(({ arm }) => arm)).toEqual(['lean', 'heavy'])
  const [best, other] = arms.map(({ utility }) => utility.value!)
  // Both earn .8; the weight takes .05 or .025 off lean and .4 or .2 off heavy. Estimates are drawn together a little.
  const expected = 0.5 * (name === 'cpuTimeMs' ? 0.7 : 0.35)
  expect(Math.abs(best! - other! - expected)).toBeLessThan(0.1)
})

test.each([{ maxCpuTimeMs: 300 }, { maxPeakMemoryMb: 150 }])(
  'an arm that is expected to need more than %o is not eligible',
  async constraints => {
    const { tacit } = await leanAndHeavy({ constraints })
    const choice = await tacit.decide(build)
    expect(choice.distribution).toEqual({ heavy: 0, lean: 1 })
    expect(choice.limits!.excluded).toEqual({ heavy: Object.keys(constraints) })
  },
)

test.each([{ cpuTimeMs: { perTask: 150 } }, { peakMemoryMb: { perTask: 80 } }])(
  'the ceiling %o is kept',
  async budget => {
    const { tacit } = await leanAndHeavy({ budget, learning: { minProbability: 0.2 } })
    for (let i = 0; i < 80; i++) {
      const { decisionId, arm } = await tacit.decide({ ...build, task: `Build module y${i}` })
      const factor = arm === 'lean' ? 1 : 8
      const resources = { cpuTimeMs: 100 * factor, peakMemoryMb: 50 * factor }
      await tacit.observe(decisionId, { success: i % 10 < 8, resources })
    }
    const [kept] = (await tacit.status()).budget
    expect(kept!.tasks).toBe(80)
    expect(kept!.meanPerTask!).toBeLessThanOrEqual(kept!.limit * 1.05)
  },
)

test('peaks of memory are not summed over a day', async () => {
  const budget = { peakMemoryMb: { perDay: 100 } } as ConfigInput['budget']
  await expect(openEngine({ budget })).rejects.toThrow(/perDay/)
})
