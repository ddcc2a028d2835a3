import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type SimulationOptions, simulate } from '../../src/demo/simulate.ts'
import { openTacit } from '../../src/engine/open.ts'
import { collect } from '../helpers/collect.ts'
import { tacit as run, temporaryDirectory } from './run.ts'

const taskType = 'database'
const arms = ['fast', 'careful', 'cheap']
const asked = { task: 'Speed up the nightly report', taskType, arms }
const nowMs = Date.UTC(2026, 2, 1, 12)

/** A database with real executions of the arms, and how it answers. */
async function realScope() {
  const config = { db: join(temporaryDirectory(), 'real.db'), scope: 'shop', now: () => nowMs }
  const tacit = await openTacit(config)
  onTestFinished(() => tacit.close())
  const history = Array.from({ length: 30 }, (_, i) => ({
    task: `Tune query ${i}`,
    taskType,
    arm: arms[i % 3]!,
    success: i % 3 === 0,
    executionId: `job-${i}`,
  }))
  await tacit.recordBatch(history)
  const answers = async () => ({
    metrics: await tacit.metrics(),
    recommend: await tacit.recommend(asked),
    predict: await tacit.predict(asked),
    similar: await tacit.similar(asked.task),
    status: { ...(await tacit.status()), sizeBytes: 0 },
    replay: { ...(await tacit.replay({ verify: true })), durationMs: 0 },
  })
  return { config, answers }
}

const simulation = (config: SimulationOptions['config'], more: Partial<SimulationOptions> = {}) =>
  simulate({ taskType, executions: 120, seed: 's', arms, config, ...more })

describe('a simulation', () => {
  it('leaves estimates, answers and log of the real scope as they were, to the last bit', async () => {
    const { config, answers } = await realScope()
    const before = await answers()
    expect(before.replay).toMatchObject({ facts: 60, verified: true })
    const { scope } = await simulation(config)
    expect(await answers()).toEqual(before)

    const simulated = await openTacit({ ...config, scope })
    onTestFinished(() => simulated.close())
    expect((await simulated.status()).executions).toBe(120)
  })

  it('marks every fact as simulated and keeps it in a scope of its own', async () => {
    const { config } = await realScope()
    const { scope, observed } = await simulation(config)
    expect(scope).toMatch(/^shop\.simulated\.contextual-/)
    const simulated = await openTacit({ ...config, scope })
    onTestFinished(() => simulated.close())
    const facts = await collect(simulated.exportFacts())
    expect(facts).toHaveLength(120 + observed)
    for (const { kind, body } of facts) {
      expect(['decision', 'outcome']).toContain(kind)
      expect(body.metadata).toMatchObject({ simulated: true })
    }
  })

  it('gives the same result again and writes nothing new', async () => {
    const { config } = await realScope()
    const first = await simulation(config)
    const second = await simulation(config)
    expect(second).toEqual(first)
    const elsewhere = await simulation({ db: ':memory:', scope: 'shop', now: () => nowMs })
    expect({ ...elsewhere, db: first.db }).toEqual(first)
    expect((await simulation(config, { seed: 'other' })).scope).not.toBe(first.scope)
  })

  it('adds up: counts, shares, and regret between nothing and that of a uniform choice', async () => {
    const result = await simulation({ db: ':memory:' }, { executions: 400 })
    expect(result.observed).toBe(400)
    expect(result.arms.reduce((sum, { chosen }) => sum + chosen, 0)).toBe(400)
    const { overall, secondHalf } = result
    expect(overall.regret).toBeCloseTo(400 * (overall.optimum - overall.tacit), 9)
    expect(secondHalf.tasks).toBe(200)
    expect(overall.regret).toBeGreaterThan(0)
    expect(overall.regret).toBeLessThan(0.6 * overall.uniformRegret)
    expect(result.learned).toBe(result.best)
  })

  it('reports as observed only what arrived', async () => {
    const missing = await simulation({ db: ':memory:' }, { world: 'missing-random' })
    expect(missing.observed).toBeGreaterThan(60)
    expect(missing.observed).toBeLessThan(110)
    expect((await simulation({ db: ':memory:' }, { world: 'delayed' })).observed).toBe(0)
  })

  it('acts and weighs by its own world, whatever the real scope is set to', async () => {
    const plain = await simulation({ db: ':memory:' }, { world: 'drifting' })
    const utility = { durationMs: { weight: -0.5, to: 1000 } }
    const set = await simulation(
      { db: ':memory:', stage: 'shadow', utility, features: { routing: false } },
      { world: 'drifting' },
    )
    expect(set).toEqual(plain)
  })

  it.each([
    ['no execution', { executions: 0 }],
    ['too many executions', { executions: 100_001 }],
    ['a single arm', { arms: ['only'] }],
    ['the same arm twice', { arms: ['a', 'b', 'a'] }],
  ])('refuses %s', async (_, more) => {
    await expect(simulation({ db: ':memory:' }, more)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  it('is refused where Tacit is switched off', async () => {
    await expect(simulation({ db: ':memory:', enabled: false })).rejects.toMatchObject({ code: 'DISABLED' })
  })
})

describe('tacit simulate', () => {
  it('prints regret against the known optimum, the share of best choices and what was learned', async () => {
    const cwd = temporaryDirectory()
    const args = ['simulate', taskType, '150', '--seed', '7', '--arms', arms.join()]
    const { code, stdout, stderr } = await run(args, { cwd })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^150 simulated executions of database, 150 with an outcome/)
    for (const words of ['regret', 'optimum', 'best arm chosen', 'true utility', 'learned', ...arms])
      expect(stdout).toContain(words)
    expect(stderr).toMatch(/scope default\.simulated\.contextual-\w+; the real ones were not touched/)
    const shown = JSON.parse((await run([...args, '--json'], { cwd })).stdout)
    expect(shown).toMatchObject({ executions: 150, observed: 150, world: 'contextual', seed: '7' })
    expect(JSON.parse((await run(['status', '--json'], { cwd })).stdout).executions).toBe(0)
  })

  it.each([
    ['a number that is none', ['x', 'many'], 'n is "many"'],
    ['a world that does not exist', ['x', '5', '--world', 'flat'], 'contextual'],
    ['an arm without a name', ['x', '5', '--arms', 'a,,b'], '--arms'],
  ])('exits with 2 for %s', async (_, args, hint) => {
    const { code, stdout, stderr } = await run(['simulate', ...args], { cwd: temporaryDirectory() })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(hint)
  })
})
