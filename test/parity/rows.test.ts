import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type OpenOptions, openTacit, type Tacit, TacitError } from '../../src/index.ts'
import type { Fact, FactOf } from '../../src/records.ts'

/** One sentence per feature (or small group of features), shown through the public API on an own database each. */

const day = 86_400_000
let nowMs: number
let tacit: Tacit
const opened: Tacit[] = []

async function open(options: OpenOptions = {}): Promise<Tacit> {
  const instance = await openTacit({ db: ':memory:', seed: 'parity', now: () => nowMs, ...options })
  opened.push(instance)
  return instance
}

async function facts(of: Tacit = tacit): Promise<Fact[]> {
  const all: Fact[] = []
  for await (const fact of of.exportFacts()) all.push(fact)
  return all
}

async function only<K extends Fact['kind']>(kind: K, of: Tacit = tacit): Promise<FactOf<K>> {
  const found = (await facts(of)).filter((fact): fact is FactOf<K> => fact.kind === kind)
  expect(found).toHaveLength(1)
  return found[0]!
}

beforeEach(async () => {
  nowMs = Date.UTC(2026, 0, 1)
  tacit = await open()
})
afterEach(async () => {
  for (const instance of opened.splice(0)) await instance.close()
})

const history = { task: 'Tune a slow query', taskType: 'database', arm: 'optimizer' }

describe('capture', () => {
  test('F001 F017 F021 one execution is recorded with its arm, task type, duration, success and error', async () => {
    const error = { type: 'crash' as const, message: 'out of memory' }
    await tacit.record({ ...history, success: false, durationMs: 1250, error })
    expect((await only('decision')).body).toMatchObject({ ...history, propensity: null })
    expect((await only('outcome')).body).toMatchObject({ success: false, durationMs: 1250, error })
  })

  test('F002 a batch gives each item its own result, and a bad item does not stop the others', async () => {
    const bad = { ...history, durationMs: -1 }
    const results = await tacit.recordBatch([{ ...history, executionId: 'a' }, bad, { ...history, executionId: 'b' }])
    expect(results.map(item => item.status)).toEqual(['stored', 'error', 'stored'])
    expect(results[1]).toMatchObject({
      index: 1,
      error: { code: 'INVALID_INPUT', message: expect.stringContaining('durationMs') },
    })
    expect(await tacit.recordBatch([{ ...history, executionId: 'a' }])).toMatchObject([{ status: 'duplicate' }])
    expect((await tacit.status()).executions).toBe(2)
  })

  test('F003 any text serves as a task type, and executions are counted by it', async () => {
    for (const taskType of ['database', 'データベース', 'QA/regression: nightly'])
      await tacit.record({ ...history, taskType })
    const { groups } = await tacit.metrics({ groupBy: ['taskType'] })
    expect(groups.map(({ group }) => group.taskType).sort()).toEqual([
      'database',
      'qa/regression: nightly',
      'データベース',
    ])
  })

  test('F004 the words of the task are kept as they were given', async () => {
    const task = '  Fix “naïve” caching\n\u0000 in テスト 🧪 '
    await tacit.record({ ...history, task })
    expect((await only('decision')).body.task).toBe(task)
  })

  test('F005 complexity is kept raw, and maps to 0..1 only if its scale was declared', async () => {
    const forms = [3.5, 'high' as const, { value: 40, scale: '0-100' as const }]
    for (const complexity of forms) await tacit.record({ ...history, context: { complexity } })
    const kept = (await facts()).flatMap(fact => (fact.kind === 'decision' ? [fact.body.context] : []))
    expect(kept).toEqual([
      { complexity: 3.5 },
      { complexity: 'high', complexity01: 0.75 },
      { complexity: { value: 40, scale: '0-100' }, complexity01: 0.4 },
    ])
  })

  test('F006 F007 F009 F010 F011 F012 F013 an arm has an agent, a team as a set, tier, pool, topology, strategy, parallelism and retry policy', async () => {
    const facets = {
      agent: 'optimizer',
      model: 'm-1',
      tier: 'small',
      pool: 'pool-7',
      topology: 'mesh',
      strategy: 'index-first',
      parallelism: 4,
      retryPolicy: 'twice',
    }
    await tacit.record({ ...history, arm: { id: 'squad', facets: { ...facets, team: ['b', 'a', 'b'] } } })
    expect((await only('decision')).body.arms).toEqual([{ id: 'squad', facets: { ...facets, team: ['a', 'b'] } }])
  })

  test('F008 F030 the steps of an execution keep their order, and a pool its start and its end', async () => {
    const steps = [
      { stepId: 's1', seq: 0, agent: 'planner', kind: 'pool', name: 'pool-7', status: 'started' as const },
      { stepId: 's2', seq: 1, agent: 'coder', kind: 'tool', retry: 1, parentStepId: 's1' },
      { stepId: 's3', seq: 2, agent: 'planner', kind: 'pool', name: 'pool-7', durationMs: 90 },
    ]
    const { executionId } = await tacit.record(history)
    for (const step of steps) await tacit.step(executionId, step)
    const kept = (await facts()).filter((fact): fact is FactOf<'step'> => fact.kind === 'step')
    expect(kept.map(({ body }) => [body.seq, body.agent, body.status])).toEqual([
      [0, 'planner', 'started'],
      [1, 'coder', 'ok'],
      [2, 'planner', 'ok'],
    ])
    expect(kept.every(fact => fact.executionId === executionId)).toBe(true)
  })

  test('F014 projects share a database and see nothing of each other', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tacit-parity-'))
    const db = join(folder, 'shared.db')
    const one = await open({ db, scope: 'one' })
    const two = await open({ db, scope: 'two' })
    await one.record({ ...history, executionId: 'same', context: { repository: 'acme/shop' } })
    await two.record({ ...history, executionId: 'same', success: true })
    expect([(await one.status()).executions, (await two.status()).executions]).toEqual([1, 1])
    expect(await one.similar(history.task, { repository: 'acme/shop' })).toHaveLength(1)
    expect(await two.similar(history.task, { repository: 'acme/shop' })).toEqual([])
    await Promise.all([one.close(), two.close()])
    rmSync(folder, { recursive: true })
  })

  test('F015 file count and estimated tokens are kept as context', async () => {
    await tacit.decide({ task: 'Refactor', arms: ['a'], context: { fileCount: 12, estimatedTokens: 40_000 } })
    expect((await only('decision')).body.context).toEqual({ fileCount: 12, estimatedTokens: 40_000 })
  })

  test('F016 routing confidence is kept beside the propensity and is not taken for it', async () => {
    const { propensity } = await tacit.decide({ task: 'Route', arms: ['a', 'b'], routingConfidence: 0.99 })
    expect((await only('decision')).body).toMatchObject({ routingConfidence: 0.99, propensity })
    expect(propensity).not.toBe(0.99)
  })

  test('F018 cost estimate and actual cost are both kept, exact to the micro-dollar, and their difference can be read', async () => {
    const { decisionId } = await tacit.decide({ task: 'Summarise', arms: ['a'], context: { estimatedCostUsd: 0.01 } })
    await tacit.observe(decisionId, { success: true, costUsd: 0.004321 })
    const estimate = (await only('decision')).body.context.estimatedCostUsd!
    const actualMicroUsd = (await only('outcome')).body.costMicroUsd!
    expect(actualMicroUsd).toBe(4321)
    expect(actualMicroUsd / 1e6 - estimate).toBeCloseTo(-0.005679, 12)
  })

  test('F019 F020 quality on 0 to 100 and coverage are kept on 0..1', async () => {
    await tacit.record({ ...history, quality: { value: 85, scale: '0-100' }, evaluations: { coverage: 0.8 } })
    expect((await only('outcome')).body).toMatchObject({ quality: 0.85, evaluations: { coverage: 0.8 } })
  })

  test('F022 an error has one of the known types or a type of its own', async () => {
    const types = ['timeout', 'quality_gate', 'crash', 'validation', 'unknown', 'other:rate-limit']
    for (const type of types) await tacit.record({ ...history, success: false, error: { type } })
    const kept = (await facts()).flatMap(fact => (fact.kind === 'outcome' ? [fact.body.error?.type] : []))
    expect(kept).toEqual(types)
    await expect(tacit.record({ ...history, error: { type: 'oops' } })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  test('F023 the resources that an execution used are kept', async () => {
    const resources = {
      cpuPercent: 250,
      cpuTimeMs: 900,
      memoryMb: 120,
      peakMemoryMb: 300,
      inputTokens: 10,
      outputTokens: 20,
    }
    await tacit.record({ ...history, resources })
    expect((await only('outcome')).body.resources).toEqual(resources)
  })

  test('F024 the summary of a solution is kept with the outcome', async () => {
    await tacit.record({ ...history, solutionSummary: 'Added an index on orders(day).' })
    expect((await only('outcome')).body.solutionSummary).toBe('Added an index on orders(day).')
  })

  test('F025 whether the user accepted the result can be told later', async () => {
    const { executionId } = await tacit.record(history)
    await tacit.feedback(executionId, { dimension: 'accepted', value: false })
    expect((await only('feedback')).body).toMatchObject({ dimension: 'accepted', value: false, value01: 0 })
  })

  test('F026 free metadata is kept, and refused above 64 KB', async () => {
    const metadata = { branch: 'main', nested: { list: [1, null, 'x'] } }
    await tacit.record({ ...history, metadata })
    expect((await only('decision')).body.metadata).toEqual(metadata)
    await expect(tacit.record({ ...history, metadata: { big: 'x'.repeat(65_536) } })).rejects.toThrow('65536 bytes')
    expect((await tacit.status()).executions).toBe(1)
  })

  test('F027 user and session are kept under pseudonyms', async () => {
    await tacit.record({ ...history, userId: 'u-71', sessionId: 's-2' })
    const { userId, sessionId } = (await only('decision')).body
    expect([userId, sessionId]).toEqual([
      expect.stringMatching(/^[0-9a-f]{32}$/),
      expect.stringMatching(/^[0-9a-f]{32}$/),
    ])
  })

  test('F028 nothing on record is ever rewritten: a correction stands beside what it corrects', async () => {
    const { decisionId } = await tacit.decide({ task: 'Deploy', arms: ['a'] })
    await tacit.observe(decisionId, { success: true, outcomeId: 'first' })
    const before = await facts()
    await tacit.observe(decisionId, { success: false, outcomeId: 'second' })
    const after = await facts()
    expect(after.slice(0, 2)).toEqual(before)
    expect(after.map(({ kind, id }) => (kind === 'outcome' ? id : kind))).toEqual(['decision', 'first', 'second'])
    expect((await tacit.metrics()).groups[0]!.successRate!.value).toBe(0)
  })

  test('F029 F031 F032 a choice is on record before its outcome, is in flight until then, and is joined by its id', async () => {
    const { decisionId } = await tacit.decide({ task: 'Review', arms: ['a', 'b'] })
    await tacit.decide({ task: 'Review again', arms: ['a', 'b'], decisionId: 'mine' })
    expect(await tacit.status()).toMatchObject({ facts: { decision: 2, outcome: 0 }, joinRate: 0, inFlight: 2 })
    await tacit.observe(decisionId, { success: true })
    expect(await tacit.status()).toMatchObject({ facts: { decision: 2, outcome: 1 }, joinRate: 0.5, inFlight: 1 })
    nowMs += 2 * day
    expect(await tacit.status()).toMatchObject({ joinRate: 0.5, inFlight: 0 })
  })

  test('F031 an outcome that comes before its decision waits for it', async () => {
    await tacit.observe('early', { success: true })
    expect(await tacit.status()).toMatchObject({ parkedOutcomes: 1 })
    await tacit.decide({ task: 'Review', arms: ['a'], decisionId: 'early' })
    expect(await tacit.status()).toMatchObject({ parkedOutcomes: 0, joinRate: 1, inFlight: 0 })
  })
})

describe('similar tasks', () => {
  test('F065 F067 similar tasks come most similar first, filtered by time, repository, arm and task type', async () => {
    const tasks = [
      {
        task: 'Speed up the nightly sales report query',
        arm: 'optimizer',
        taskType: 'database',
        repository: 'acme/shop',
      },
      { task: 'Speed up the weekly sales report', arm: 'architect', taskType: 'reports', repository: 'acme/books' },
      { task: 'Translate the manual into French', arm: 'writer', taskType: 'docs', repository: 'acme/books' },
    ]
    for (const { repository, ...task } of tasks) {
      await tacit.record({ ...task, context: { repository } })
      nowMs += 10 * day
    }
    const query = 'Speed up the nightly sales report'
    const found = await tacit.similar(query)
    expect(found.map(({ execution }) => execution.arm)).toEqual(['optimizer', 'architect'])
    expect(found[0]!.similarity).toBeGreaterThan(found[1]!.similarity)
    const arms = async (options: Parameters<Tacit['similar']>[1]) =>
      (await tacit.similar(query, options)).map(({ execution }) => execution.arm)
    expect(await arms({ daysBack: 25 })).toEqual(['architect'])
    expect(await arms({ repository: 'acme/books' })).toEqual(['architect'])
    expect(await arms({ taskType: 'database' })).toEqual(['optimizer'])
    expect(await arms({ arm: 'architect' })).toEqual(['architect'])
    expect(await arms({ limit: 1 })).toEqual(['optimizer'])
    expect(await arms({ threshold: -1 })).toHaveLength(3)
  })

  test('F066 the similarity threshold is an option of the call and of the configuration', async () => {
    const strict = await open({ embedding: { similarityThreshold: 0.95 } })
    for (const instance of [tacit, strict])
      await instance.record({ ...history, task: 'Speed up the weekly sales report' })
    const query = 'Speed up the nightly sales report'
    expect([(await tacit.similar(query)).length, (await strict.similar(query)).length]).toEqual([1, 0])
    expect(await strict.similar(query, { threshold: 0.3 })).toHaveLength(1)
  })

  test('F074 how a task ended, and which arm did it, does not change what it is similar to', async () => {
    const outcomes = [
      { arm: 'a', success: true, solutionSummary: 'Added an index' },
      { arm: 'b', success: false, error: { type: 'crash' as const, message: 'disk full' } },
      { arm: 'c' },
    ]
    for (const outcome of outcomes) await tacit.record({ ...history, ...outcome })
    const similarities = (await tacit.similar('Tune a query that is slow')).map(({ similarity }) => similarity)
    expect(similarities).toHaveLength(3)
    expect(new Set(similarities).size).toBe(1)
  })
})

describe('metrics', () => {
  test('F076 F077 success and error rate of an arm come with their counts, and what is missing counts as missing', async () => {
    for (const success of [true, true, true, false, null]) await tacit.record({ ...history, success })
    const { groups } = await tacit.metrics({ groupBy: ['arm'] })
    expect(groups).toHaveLength(1)
    expect(groups[0]).toMatchObject({
      group: { arm: 'optimizer' },
      executions: 5,
      missing: { success: 1 },
      successRate: { value: 0.75, n: 4 },
      errorRate: 0.25,
    })
    // Wilson's 95 % interval for 3 of 4, from its closed form.
    expect(groups[0]!.successRate!.interval[0]).toBeCloseTo(0.3006, 4)
    expect(groups[0]!.successRate!.interval[1]).toBeCloseTo(0.9544, 4)
  })

  test('F078 F079 durations have their mean and interpolated percentiles', async () => {
    for (const durationMs of [100, 200, 300, 400, null]) await tacit.record({ ...history, durationMs })
    const { durationMs } = (await tacit.metrics()).groups[0]!
    expect(durationMs).toMatchObject({ mean: 250, n: 4 })
    expect(durationMs!.p50).toBeCloseTo(250, 9)
    expect(durationMs!.p75).toBeCloseTo(325, 9)
    expect(durationMs!.p90).toBeCloseTo(370, 9)
    expect(durationMs!.p95).toBeCloseTo(385, 9)
    expect(durationMs!.p99).toBeCloseTo(397, 9)
  })
})

/** 40 executions in which the optimizer succeeds at database tasks in 100 ms and the writer never, in 1000 ms. */
async function teach(instance: Tacit): Promise<void> {
  const items = Array.from({ length: 40 }, (_, index) => {
    const isGood = index % 2 === 0
    return {
      task: `Tune slow query number ${index}`,
      taskType: 'database',
      arm: isGood ? 'optimizer' : 'writer',
      success: isGood,
      durationMs: (isGood ? 100 : 1000) + index,
      costUsd: isGood ? 0.01 : 0.02,
    }
  })
  const results = await instance.recordBatch(items)
  expect(results.every(({ status }) => status === 'stored')).toBe(true)
}
const query = { task: 'Tune a slow query', taskType: 'database', arms: ['writer', 'optimizer'] }

describe('prediction', () => {
  test('F112 F113 F114 success, duration and cost of each arm are predicted with intervals', async () => {
    await teach(tacit)
    const byArm = new Map((await tacit.predict(query)).map(prediction => [prediction.arm, prediction]))
    const [optimizer, writer] = [byArm.get('optimizer')!, byArm.get('writer')!]
    expect(optimizer.pSuccess.value!).toBeGreaterThan(0.8)
    expect(writer.pSuccess.value!).toBeLessThan(0.2)
    expect(optimizer.durationMs.value!).toBeGreaterThan(80)
    expect(optimizer.durationMs.value!).toBeLessThan(250)
    expect(writer.durationMs.value!).toBeGreaterThan(700)
    expect(optimizer.costUsd.value!).toBeLessThan(writer.costUsd.value!)
    for (const { pSuccess, durationMs, costUsd } of [optimizer, writer])
      for (const { value, interval } of [pSuccess, durationMs, costUsd]) {
        expect(interval![0]).toBeLessThanOrEqual(value!)
        expect(interval![1]).toBeGreaterThanOrEqual(value!)
      }
  })

  test('F121 each outcome moves the next prediction at once', async () => {
    const before = (await tacit.predict({ ...query, arms: ['optimizer'] }))[0]!
    await tacit.record({ ...history, success: true })
    const after = (await tacit.predict({ ...query, arms: ['optimizer'] }))[0]!
    await tacit.record({ ...history, success: false })
    await tacit.record({ ...history, success: false })
    const later = (await tacit.predict({ ...query, arms: ['optimizer'] }))[0]!
    expect(after.pSuccess.nEff).toBeGreaterThan(before.pSuccess.nEff)
    expect(later.pSuccess.value!).toBeLessThan(after.pSuccess.value!)
  })
})

describe('prediction and feedback', () => {
  test('F114 durations are estimated on the scale of their logarithm', async () => {
    for (let index = 0; index < 200; index++) await tacit.record({ ...history, durationMs: index % 2 ? 100 : 10_000 })
    const { value, interval } = (await tacit.predict({ ...query, arms: ['optimizer'] }))[0]!.durationMs
    // The geometric mean is 1000 ms, the arithmetic one 5050 ms.
    expect(value!).toBeGreaterThan(700)
    expect(value!).toBeLessThan(1400)
    expect(interval![0]).toBeGreaterThan(0)
  })

  test('F121 late feedback moves the estimate, where the utility gives ratings a weight', async () => {
    const rated = await open({ utility: { version: 2, rating: { weight: 1 } } })
    const decided = await rated.decide({ ...query, arms: ['optimizer'] })
    await rated.observe(decided.decisionId, { success: true })
    const utility = async () => (await rated.recommend({ ...query, arms: ['optimizer'] })).arms[0]!.utility
    await rated.feedback(decided.decisionId, { feedbackId: 'praise', value: 'excellent' })
    const praised = await utility()
    await rated.feedback(decided.decisionId, { feedbackId: 'complaint', value: { value: 1, scale: '1-5' } })
    const mixed = await utility()
    expect(mixed.value!).toBeLessThan(praised.value!)
    expect((await rated.replay({ verify: true })).verified).toBe(true)
  })
})

describe('recommendation and choice', () => {
  test('F123 F126 arms are recommended for a text, best first, with evidence in words and the similar cases', async () => {
    await teach(tacit)
    const { arms, similar } = await tacit.recommend({ task: 'Tune a slow query', taskType: 'database' })
    expect(arms.map(({ arm, rank }) => [arm, rank])).toEqual([
      ['optimizer', 1],
      ['writer', 2],
    ])
    expect(arms[0]!.utility.value!).toBeGreaterThan(arms[1]!.utility.value!)
    expect(arms[0]!.evidence.observations.taskType).toBeGreaterThan(19)
    expect(arms[0]!.evidence.summary).toMatch(/\d/)
    expect(similar.length).toBeGreaterThan(0)
  })

  test('F124 F125 the best agent is chosen with the probability of every alternative', async () => {
    await teach(tacit)
    const { arm, propensity, distribution } = await tacit.decide(query)
    expect(arm).toBe('optimizer')
    expect(Object.keys(distribution)).toEqual(query.arms)
    expect(distribution[arm]).toBe(propensity)
    expect(propensity).toBeGreaterThan(0.9)
    expect(Object.values(distribution).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12)
  })

  test('F128 a wrapped task runs with the chosen arm, and its outcome is learned from', async () => {
    const result = await tacit.wrap(({ arm, report }) => {
      report({ quality: 0.9, costUsd: 0.002 })
      return `done by ${arm}`
    }, query)
    const { body } = await only('outcome')
    expect(result).toBe(`done by ${(await only('decision')).body.arm}`)
    expect(body).toMatchObject({ success: true, quality: 0.9, costMicroUsd: 2000 })
    await expect(tacit.wrap(() => Promise.reject(new Error('no disk')), query)).rejects.toThrow('no disk')
    const last = (await facts()).findLast((fact): fact is FactOf<'outcome'> => fact.kind === 'outcome')!
    expect(last.body).toMatchObject({ success: false, error: { message: 'no disk' } })
  })

  test('F128 a wrapped task that runs too long fails by timeout, and a cancelled one counts neither way', async () => {
    const forever = () => new Promise<never>(() => {})
    await expect(tacit.wrap(forever, { ...query, timeoutMs: 5 })).rejects.toMatchObject({ name: 'TimeoutError' })
    expect((await only('outcome')).body).toMatchObject({ success: false, error: { type: 'timeout' } })
    const controller = new AbortController()
    const cancel = async () => {
      await Promise.resolve()
      controller.abort(new Error('stop'))
      return forever()
    }
    const cancelled = tacit.wrap(cancel, { ...query, signal: controller.signal })
    await expect(cancelled).rejects.toThrow('stop')
    const last = (await facts()).findLast((fact): fact is FactOf<'outcome'> => fact.kind === 'outcome')!
    expect(last.body.success).toBeNull()
  })

  test('F131 exploration is seeded, keeps a floor for every arm, and is logged with its exact probability', async () => {
    await teach(tacit)
    const twin = await open()
    await teach(twin)
    const choices = []
    for (let index = 0; index < 60; index++) {
      const input = { ...query, decisionId: `d-${index}` }
      const choice = await tacit.decide(input)
      expect(await twin.decide(input)).toMatchObject({ arm: choice.arm, propensity: choice.propensity })
      choices.push(choice)
    }
    for (const { distribution } of choices)
      expect(Math.min(...Object.values(distribution))).toBeGreaterThanOrEqual(0.005 / 2)
    for (const { arm, explored } of choices) expect(explored).toBe(arm !== 'optimizer')
  })

  test('F135 without any data every arm has its chance, and what is unknown stays null', async () => {
    const { distribution, prediction } = await tacit.decide({ task: 'Something new', arms: ['a', 'b', 'c', 'd'] })
    for (const probability of Object.values(distribution)) expect(probability).toBeGreaterThan(0)
    expect(prediction!.durationMs).toMatchObject({ value: null, interval: null, nEff: 0 })
  })

  test('F135 below the stage auto the incumbent is taken, and without one the first arm', async () => {
    const observing = await open({ stage: 'observe' })
    await teach(observing)
    expect(await observing.decide({ ...query, incumbent: 'optimizer' })).toMatchObject({
      arm: 'optimizer',
      propensity: 1,
    })
    expect(await observing.decide(query)).toMatchObject({ arm: 'writer', propensity: 1, stage: 'observe' })
  })

  test('F138 evidence fades with age toward the prior, and half-life off keeps it', async () => {
    const lasting = await open({ learning: { halfLifeDays: null } })
    for (const instance of [tacit, lasting]) await teach(instance)
    const estimate = async (instance: Tacit) => (await instance.recommend(query)).arms[0]!
    const fresh = await estimate(tacit)
    expect(fresh.arm).toBe('optimizer')
    nowMs += 30 * day
    const aged = await estimate(tacit)
    expect(aged.evidence.observations.all).toBeCloseTo(fresh.evidence.observations.all / 2, 6)
    nowMs += 600 * day
    const faded = await tacit.recommend(query)
    const spread = faded.arms[0]!.utility.value! - faded.arms[1]!.utility.value!
    expect(Math.abs(spread)).toBeLessThan(0.05)
    expect((await estimate(lasting)).evidence.observations.all).toBeCloseTo(20, 6)
  })
})

describe('safety and robustness', () => {
  test('F215 recommendation, routing and prediction can each be switched off', async () => {
    const plain = await open({ features: { recommendation: false, routing: false, prediction: false } })
    await teach(plain)
    await expect(plain.recommend(query)).rejects.toMatchObject({ code: 'DISABLED' })
    await expect(plain.predict(query)).rejects.toMatchObject({ code: 'DISABLED' })
    expect(await plain.decide(query)).toMatchObject({ arm: 'writer', propensity: 1, prediction: null })
  })

  test('F256 two that decide and observe on one file at once lose nothing and learn from each other', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tacit-parity-'))
    const db = join(folder, 'shared.db')
    const pair = [await open({ db }), await open({ db })]
    const attempt = async (instance: Tacit, index: number) => {
      const { decisionId, arm } = await instance.decide({ ...query, task: `Tune slow query ${index}` })
      await instance.observe(decisionId, { success: arm === 'optimizer' })
    }
    await Promise.all(Array.from({ length: 100 }, (_, index) => attempt(pair[index % 2]!, index)))
    for (const instance of pair) {
      expect(await instance.status()).toMatchObject({ executions: 100, withOutcome: 100, inFlight: 0 })
      expect((await instance.recommend(query)).arms[0]).toMatchObject({ arm: 'optimizer', rank: 1 })
      expect((await instance.replay({ verify: true })).verified).toBe(true)
    }
    expect(await facts(pair[0])).toEqual(await facts(pair[1]))
    for (const instance of pair) await instance.close()
    rmSync(folder, { recursive: true })
  })

  test('F224 one switch turns everything off: nothing is recorded and the task still runs', async () => {
    const off = await open({ enabled: false })
    expect(await off.wrap(({ arm }) => `ran ${arm}`, query)).toBe('ran writer')
    expect(await off.record(history)).toMatchObject({ status: 'disabled' })
    expect(await off.decide({ ...query, incumbent: 'optimizer' })).toMatchObject({ arm: 'optimizer', propensity: 1 })
    expect(await facts(off)).toEqual([])
    expect((await off.status()).enabled).toBe(false)
  })

  test('F231 the whole loop makes no network connection', async () => {
    const connect = net.Socket.prototype.connect
    let connections = 0
    net.Socket.prototype.connect = function (this: net.Socket, ...args: Parameters<typeof connect>) {
      connections++
      return connect.apply(this, args)
    } as typeof connect
    try {
      await teach(tacit)
      const { decisionId } = await tacit.decide(query)
      await tacit.observe(decisionId, { success: true })
      await tacit.recommend(query)
      await tacit.replay({ verify: true })
      expect((await tacit.status()).executions).toBe(41)
    } finally {
      net.Socket.prototype.connect = connect
    }
    expect(connections).toBe(0)
  })

  test('F254 errors are of one class with a stable code and say where and what to do', async () => {
    const error = await tacit.decide({ task: 'Choose', arms: [] }).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(TacitError)
    expect(error).toMatchObject({ code: 'NO_ARMS' })
    const wrong = await tacit.record({ ...history, quality: 7 }).catch((cause: unknown) => cause)
    expect(wrong).toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(/quality[\s\S]*nothing was written/),
    })
  })

  test('F255 a failure of learning does not reach the task, and is counted', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tacit-parity-'))
    const failing = await open({ db: join(folder, 'a.db') })
    failing.events.on('outcome', () => {
      throw new Error('a handler that fails')
    })
    expect(await failing.wrap(({ arm }) => `ran ${arm}`, { ...query, arms: ['writer'] })).toBe('ran writer')
    const refused = { ...query, arms: ['writer'], joinDeadlineMs: -1 }
    expect(await failing.wrap(({ arm }) => `ran ${arm}`, refused)).toBe('ran writer')
    expect((await failing.status()).errors).toEqual({ events: 1, 'wrap.decide': 1 })
    await failing.close()
    rmSync(folder, { recursive: true })
  })

  test('F257 what cannot be is refused before anything is written, and empty groups divide by nothing', async () => {
    const wrong = [
      { durationMs: Number.NaN },
      { durationMs: -1 },
      { costUsd: Number.POSITIVE_INFINITY },
      { quality: 1.01 },
      { success: 'yes' },
      { task: '' },
      { arm: 7 },
      { surprise: 1 },
    ]
    for (const change of wrong) {
      const input = { ...history, ...change } as unknown as Parameters<Tacit['record']>[0]
      await expect(tacit.record(input), JSON.stringify(change)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    }
    expect(await facts()).toEqual([])
    expect((await tacit.metrics()).groups).toEqual([])
    expect((await tacit.status()).joinRate).toBeNull()
    await tacit.record(history)
    expect((await tacit.metrics()).groups[0]).toMatchObject({ successRate: null, durationMs: null, costUsd: null })
  })
})
