import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { meanOf, slopeOf, summariseWorld } from '../../bench/quality/worlds-measures.ts'
import { runDirect, runThroughApi } from '../../bench/quality/worlds-run.ts'
import { loadConfig } from '../../src/config.ts'
import type { WorldName } from '../../src/demo/worlds/catalogue.ts'
import { createWorld } from '../../src/demo/worlds/create.ts'
import { shuffled } from '../../src/demo/worlds/shuffled.ts'
import { createPolicy, type PolicyId } from '../../src/learn/policy/policies.ts'

const seeds = ['a', 'b', 'c']
const policy = (id: PolicyId) => createPolicy(id, loadConfig().config.learning)
const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0)

describe('the default policy', () => {
  const runs = (name: WorldName, rounds: number, id: PolicyId = 'hierarchical') => {
    const worlds = seeds.map(seed => createWorld(name, { seed, rounds }))
    const played = worlds.map((world, i) => runDirect(world, policy(id), seeds[i]!))
    return summariseWorld(worlds, played)
  }

  test('loses less than half of what a uniform choice loses where arms specialise', () => {
    const [ours, uniform] = [runs('contextual', 1000), runs('contextual', 1000, 'uniform')]
    expect(ours.regret.value).toBeLessThan(0.5 * uniform.regret.value)
    expect(ours.slope!.value).toBeLessThan(0.9)
    expect(uniform.slope!.value).toBeGreaterThan(0.9)
  })

  test('gains nothing where outcomes are dealt out anew (within 4 standard errors)', () => {
    const played = seeds.map(seed =>
      runDirect(shuffled(createWorld('contextual', { seed, rounds: 600 }), seed), policy('hierarchical'), seed),
    )
    const { value, standardError } = meanOf(played.flatMap(({ gain }) => [...gain]))
    expect(standardError).toBeGreaterThan(0)
    expect(Math.abs(value)).toBeLessThan(4 * standardError)
  })

  test('finds a better newcomer within 400 tasks', () => {
    const { switches } = runs('newcomer', 1600)
    expect(switches).toMatchObject([{ round: 800, recovered: seeds.length }])
    expect(switches[0]!.recovery!.value).toBeLessThan(400)
  })

  test('chooses the same arms through the public API as when it is driven directly', async () => {
    const world = createWorld('contextual', { seed: 'api', rounds: 250 })
    const direct = runDirect(world, policy('hierarchical'), 'api')
    const api = await runThroughApi(world, 'api')
    expect([...api.chosen]).toEqual([...direct.chosen])
    expect(sum(api.regret)).toBe(sum(direct.regret))
  })

  test('learns late outcomes all the same', () => {
    const [ours, uniform] = [runs('delayed', 1500), runs('delayed', 1500, 'uniform')]
    expect(ours.regret.value).toBeLessThan(0.75 * uniform.regret.value)
  })
})

describe('the measures of the worlds', () => {
  test('the slope is 1 for constant regret, one half for regret that falls with the root of time', () => {
    expect(slopeOf(new Float64Array(1000).fill(0.2))).toBeCloseTo(1, 10)
    const falling = Float64Array.from({ length: 4000 }, (_, round) => Math.sqrt(round + 1) - Math.sqrt(round))
    expect(slopeOf(falling)).toBeCloseTo(0.5, 10)
    expect(slopeOf(new Float64Array(10))).toBeNull()
  })

  test('a mean has the standard error of independent values', () => {
    expect(meanOf([1, 2, 3])).toEqual({ value: 2, sd: 1, standardError: 1 / Math.sqrt(3) })
    expect(meanOf([4])).toEqual({ value: 4, sd: 0, standardError: 0 })
  })

  test('a change costs the regret until the next one, and is over once a hundred tasks went well', () => {
    const world = createWorld('newcomer', { seed: 'x', rounds: 1000 })
    const regret = Float64Array.from({ length: 1000 }, (_, round) => (round >= 500 && round < 700 ? 0.5 : 0))
    const bare = { chosen: new Int32Array(1000), utility: regret, uniform: regret, gain: regret, coverage: [] }
    const { switches, regret: all } = summariseWorld([world], [{ ...bare, regret }])
    expect(all.value).toBe(100)
    // From task 194 on, six of the next hundred lose one half: .03 on average.
    expect(switches).toMatchObject([{ round: 500, regret: { value: 100 }, recovery: { value: 194 }, recovered: 1 }])
  })
})

test('the bench prints targets beside figures and names the worlds that miss theirs', async () => {
  const main = join(import.meta.dirname, '../../bench/quality/main.ts')
  const args = ['--protocol', 'worlds', '--worlds', 'reversed', '--seeds', '2', '--rounds', '100']
  const outcome = await promisify(execFile)(process.execPath, [main, ...args]).then(
    ({ stdout }) => ({ code: 0, stdout }),
    ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
  )
  expect(outcome.stdout).toMatch(/^reversed · .* · 2 seeds/)
  expect(outcome.stdout).toMatch(/(reached|MISSED): no worse than the uniform policy/)
  expect(outcome.code).toBe(outcome.stdout.includes('MISSED') ? 1 : 0)
})
