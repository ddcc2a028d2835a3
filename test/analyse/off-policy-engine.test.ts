import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type OpenOptions, openTacit, type PolicyEvaluation, type Tacit } from '../../src/index.ts'
import { type Rng, seedRng } from '../../src/math/rng.ts'
import { tacit as runCli } from '../cli/run.ts'

const day = 86_400_000
const start = Date.UTC(2026, 0, 1)
const arms = ['optimizer', 'architect', 'security']
const rates: Readonly<Record<string, readonly number[]>> = { database: [0.8, 0.4, 0.5], audit: [0.3, 0.5, 0.9] }
const truth = { 'taskType-best': 0.85, uniform: 1.7 / 6 + 1.7 / 6, security: 0.7 }

let nowMs = start
const opened: Tacit[] = []
async function open(options: OpenOptions = {}): Promise<Tacit> {
  const instance = await openTacit({
    db: ':memory:',
    seed: 'off-policy',
    now: () => nowMs,
    learning: { minProbability: 0.3 },
    ...options,
  })
  opened.push(instance)
  return instance
}
afterEach(async () => {
  for (const instance of opened.splice(0)) await instance.close()
})

/** Runs the loop `count` times in the world above; every outcome costs a cent and succeeds by the rate of its arm. */
async function live(tacit: Tacit, count: number, rng: Rng, rateOf = (type: string, arm: number) => rates[type]![arm]!) {
  let [sum, n] = [0, 0]
  for (let i = 0; i < count; i++) {
    const taskType = i % 2 === 0 ? 'database' : 'audit'
    const choice = await tacit.decide({ task: `${taskType} task ${i}`, taskType, arms, decisionId: `d${i}` })
    const success = rng() < rateOf(taskType, arms.indexOf(choice.arm))
    await tacit.observe(choice.decisionId, { success, costUsd: 0.01 })
    sum += success ? 1 : 0
    n++
  }
  return sum / n
}

function judged(evaluation: PolicyEvaluation) {
  if (evaluation.refused) throw new Error(evaluation.reason)
  return evaluation
}

describe('policyEvaluate on a log of 600 decisions', () => {
  let folder: string
  let db: string
  let earned: number
  const reopen = (options: OpenOptions = {}) => open({ db, ...options })

  beforeAll(async () => {
    nowMs = start
    folder = mkdtempSync(join(tmpdir(), 'tacit-off-policy-'))
    db = join(folder, 'log.db')
    const tacit = await open({ db })
    earned = await live(tacit, 600, seedRng('outcomes'))
    await tacit.close()
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test.each(['taskType-best', 'uniform', 'security'] as const)(
    'holds the truth of %s in its interval',
    async policy => {
      const { estimates, trusted, support, difference, logged, counts } = judged(
        await (await reopen()).policyEvaluate({ policy }),
      )
      const [low, high] = estimates[trusted].interval!
      expect(low).toBeLessThan(truth[policy])
      expect(high).toBeGreaterThan(truth[policy])
      expect(high - low).toBeLessThan(0.2)
      expect(logged.value).toBeCloseTo(earned, 9)
      expect(difference.value).toBeCloseTo(estimates[trusted].value - earned, 9)
      expect(counts).toMatchObject({ executions: 600, judged: 600 })
      expect(support).toMatchObject({ choices: 600, coverage: expect.closeTo(1, 9) })
    },
  )

  test('finds that what the default policy would choose today beats what was chosen while it learned', async () => {
    const tacit = await reopen({ learning: { minProbability: 0.005 } })
    const { difference, method } = judged(await tacit.policyEvaluate({ policy: 'hierarchical' }))
    expect(difference.interval![0]).toBeGreaterThan(0)
    expect(method).toMatch(/cross-fitting/)
  })

  test('finds the best single arm worth no more than the best arm by type', async () => {
    const tacit = await reopen()
    const single = judged(await tacit.policyEvaluate({ policy: 'best-single' }))
    expect(single.estimates.doublyRobust.value).toBeGreaterThan(0.6)
    expect(single.estimates.doublyRobust.value).toBeLessThan(0.8)
  })

  test('judges by one kind of task, and by the last days, when asked', async () => {
    const tacit = await reopen()
    const audit = judged(await tacit.policyEvaluate({ policy: 'taskType-best', taskType: 'audit' }))
    expect(audit.counts.executions).toBe(300)
    expect(audit.estimates.doublyRobust.value).toBeGreaterThan(0.8)
    nowMs = start + 10 * day
    onTestFinished(() => {
      nowMs = start
    })
    expect(await tacit.policyEvaluate({ policy: 'uniform', days: 5 })).toMatchObject({
      refused: true,
      reason: expect.stringMatching(/No decision with a propensity/),
      counts: { executions: 0 },
    })
    expect((await tacit.policyEvaluate({ policy: 'uniform', days: 11 })).counts.executions).toBe(600)
  })

  test('computes rewards anew from what was stored when the utility has changed', async () => {
    const tacit = await reopen({ utility: { version: 2, costUsd: { weight: -0.5, from: 0, to: 0.02 } } })
    const { logged, estimates, utilityVersion } = judged(await tacit.policyEvaluate({ policy: 'taskType-best' }))
    expect(utilityVersion).toBe(2)
    expect(logged.value).toBeCloseTo(earned - 0.25, 9)
    expect(estimates.doublyRobust.interval![0]).toBeLessThan(0.6)
    expect(estimates.doublyRobust.interval![1]).toBeGreaterThan(0.6)
  })

  test('counts decisions whose utility needs what was not reported, and makes nothing up', async () => {
    const tacit = await reopen({ utility: { durationMs: { weight: -0.2, to: 1000 } } })
    expect(await tacit.policyEvaluate({ policy: 'uniform' })).toMatchObject({
      refused: true,
      counts: { executions: 600, judged: 0, withoutUtility: 600 },
    })
  })

  test('writes nothing, and gives the same answer twice', async () => {
    const tacit = await reopen()
    const before = await tacit.replay({ verify: true })
    const first = await tacit.policyEvaluate({ policy: 'hierarchical' })
    expect(await tacit.policyEvaluate({ policy: 'hierarchical' })).toEqual(first)
    const after = await tacit.replay({ verify: true })
    expect([after.logHash, after.stateHash]).toEqual([before.logHash, before.stateHash])
  })

  test('refuses names that are neither a policy nor an arm of the log, and days below 0', async () => {
    const tacit = await reopen()
    await expect(tacit.policyEvaluate({ policy: 'nobody' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(tacit.policyEvaluate({ policy: 'arm:uniform' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(tacit.policyEvaluate({ policy: 'uniform', days: -1 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  test('is a command that prints the verdict, or one JSON value', async () => {
    const args = ['policy', 'evaluate', '--policy', 'taskType-best', '--db', db]
    const [text, json] = await Promise.all([runCli(args), runCli([...args, '--json'])])
    expect(text).toMatchObject({ code: 0, stderr: '' })
    expect(text.stdout).toMatch(/^difference +\+0\.\d\d \(\+0\.\d\d to \+0\.\d\d\) {2}better$/m)
    const nothing = await runCli(['policy', 'evaluate', '--policy', 'uniform', '--db', db, '--type', 'none'])
    expect(nothing).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Refused\. No decision/) })
    expect(JSON.parse(json.stdout)).toMatchObject({ refused: false, policy: 'taskType-best', trusted: 'doublyRobust' })
  })
})

describe('policyEvaluate leaves out', () => {
  test('history, missing outcomes, work done by another arm, and decisions that did not offer the arm; and counts them', async () => {
    const tacit = await open()
    await live(tacit, 300, seedRng('left out'))
    for (let i = 0; i < 40; i++) await tacit.record({ task: `old ${i}`, arm: 'security', success: false })
    for (let i = 0; i < 7; i++) await tacit.decide({ task: `open ${i}`, taskType: 'audit', arms })
    for (let i = 0; i < 3; i++) {
      const { decisionId, arm } = await tacit.decide({ task: `other ${i}`, taskType: 'audit', arms })
      await tacit.observe(decisionId, { success: true, arm: arm === 'security' ? 'architect' : 'security' })
    }
    const { decisionId } = await tacit.decide({ task: 'without', arms: ['optimizer', 'architect'] })
    await tacit.observe(decisionId, { success: true })
    const counts = {
      executions: 351,
      judged: 300,
      withoutPropensity: 40,
      withoutOutcome: 7,
      otherArmUsed: 3,
      armNotOffered: 1,
      withoutUtility: 0,
    }
    expect(await tacit.policyEvaluate({ policy: 'security' })).toMatchObject({ counts })
    expect((await tacit.policyEvaluate({ policy: 'uniform' })).counts).toEqual({
      ...counts,
      judged: 301,
      armNotOffered: 0,
    })
  })

  test('nothing else: a log of history alone is refused', async () => {
    const tacit = await open()
    for (let i = 0; i < 200; i++) await tacit.record({ task: `old ${i}`, arm: arms[i % 3]!, success: i % 2 === 0 })
    expect(await tacit.policyEvaluate({ policy: 'best-single' })).toMatchObject({
      refused: true,
      counts: { judged: 0, withoutPropensity: 200 },
    })
  })
})

describe('policyEvaluate does not flatter', () => {
  test('a log of forced choices: it never tried the other arms, so other policies are refused', async () => {
    const tacit = await open({ stage: 'observe' })
    await live(tacit, 200, seedRng('forced'))
    expect(await tacit.policyEvaluate({ policy: 'uniform' })).toMatchObject({
      refused: true,
      reason: expect.stringMatching(/only 33 % of its choices/),
    })
    expect(judged(await tacit.policyEvaluate({ policy: 'optimizer' })).difference.value).toBeCloseTo(0, 9)
  })

  test.each(['hierarchical', 'taskType-best', 'best-single'])('%s where all arms are the same', async policy => {
    const tacit = await open({ learning: { policy: 'uniform' } })
    await live(tacit, 450, seedRng('same'), () => 0.5)
    const { difference } = judged(await tacit.policyEvaluate({ policy }))
    expect(difference.interval![0]).toBeLessThan(0)
    expect(difference.interval![1]).toBeGreaterThan(0)
  })
})
