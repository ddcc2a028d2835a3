import { expect, test } from 'vitest'
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
