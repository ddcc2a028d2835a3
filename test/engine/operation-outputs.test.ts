import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import type { OperationName } from '../../src/engine/operation-summaries.ts'
import { type Operation, type OutputOf, operations, runOperation } from '../../src/engine/operations.ts'
import type { Tacit } from '../../src/engine/types.ts'
import { openEngine } from './engine.ts'

/** Without readonly and optional marks and with intersections written out, so that two types can be compared. */
type Plain<T> = T extends string | number | boolean | null | undefined
  ? T
  : unknown extends T
    ? 'unknown'
    : { -readonly [Key in keyof T]-?: Plain<T[Key]> }
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : 'the type differs') : 'the schema differs'
type Operations = typeof operations

/** Fails to compile where the schema of an answer and its type differ. */
const sameTypes: {
  readonly [Name in OperationName]: Same<Plain<z.output<Operations[Name]['output']>>, Plain<OutputOf<Name>>>
} = Object.fromEntries(Object.keys(operations).map(name => [name, true])) as { [Name in OperationName]: true }

const arms = ['optimizer', 'architect']
const task = 'Speed up the nightly sales report'
const feedback = [{ value: 'good' as const }]

/** Inputs under which each operation has much to say, in an order in which they can be called. */
const calls: { readonly [Name in OperationName]: readonly z.input<Operations[Name]['input']>[] } = {
  decide: [
    { task, taskType: 'database', arms, decisionId: 'd1', context: { loads: { optimizer: 0.5 }, priority: 9 } },
    { task, arms: [{ id: 'optimizer', facets: { model: 'large', team: ['a'] } }], stage: 'canary' },
  ],
  observe: [
    {
      decisionId: 'd1',
      success: true,
      durationMs: 1200,
      costUsd: 0.01,
      quality: 0.9,
      resources: { cpuTimeMs: 5, inputTokens: 9, outputTokens: 3, peakMemoryMb: 7 },
    },
    { decisionId: 'not-yet', success: false },
  ],
  record: [
    { task, taskType: 'database', arm: 'optimizer', success: true, durationMs: 900, costUsd: 0.02, feedback },
    { task: 'Rewrite the login page', taskType: 'web', arm: 'architect', success: false, solutionSummary: 'x' },
  ],
  step: [{ executionId: 'd1', kind: 'tool', name: 'explain query' }],
  feedback: [{ executionId: 'd1', value: 'good' }],
  recommend: [{ task, taskType: 'database', limit: 1 }],
  predict: [{ task, taskType: 'database' }],
  similar: [{ task, limit: 5 }],
  explain: [{ decisionId: 'd1' }],
  metrics: [
    {},
    { groupBy: ['arm', 'team', 'day'], daysBack: 7, until: '2030-01-01T00:00:00Z' },
    { view: 'agent-metrics', since: 1_000, trend: true },
  ],
  solutions: [{ minCount: 1 }],
  rates: [{ windowSeconds: 3600 }],
  pareto: [{}],
  calibration: [{}],
  'policy evaluate': [{ policy: 'uniform' }],
  regret: [{ days: 7 }],
  usage: [{}, { by: 'hourOfDay', limit: 1 }],
  complexity: [{ task }],
  importance: [{ task }, {}],
  'models list': [{}],
  'models save': [{ name: 'kept' }],
  'models use': [{ name: 'kept' }, { name: 'live' }],
  'models drop': [{ name: 'kept' }],
  'baseline freeze': [{ name: 'first', daysBack: 7 }],
  'baseline compare': [{ name: 'first' }],
  'baseline list': [{}],
  'baseline drop': [{ name: 'first' }],
  status: [{}],
  replay: [{}, { verify: true }],
  train: [{}],
  'learn status': [{}],
  'learn analytics': [{}, { formula: 'aqe-engine' }],
  'learn history': [{ limit: 1 }, { formula: 'aqe-calculator' }],
  'learn q-table': [{ includeUntried: true }],
  'learn recommend': [{ taskType: 'database', current: 'architect' }],
  'learn execution': [{ task, taskType: 'database', strategy: 'optimizer', success: true, rating: 'good' }],
  'compat list': [{}],
  'compat score': [{ id: 'best_combo' }, { id: 'decayed_strategy_score', values: { score: 0.9, idleDays: 60 } }],
}

describe('the answer of each operation', () => {
  it('has the type that its schema says', () => {
    expect(Object.values(sameTypes)).not.toContain(false)
  })

  it('fits its schema exactly, before and after the way through JSON', async () => {
    const { tacit } = await openEngine({
      budget: { costUsd: { perDay: 5 } },
      exploration: { noneFromPriority: 5 },
      loadWeight: 0.1,
      learning: { snapshotEvery: 2 },
    })
    for (const [name, inputs] of Object.entries(calls) as [OperationName, unknown[]][]) {
      for (const input of inputs) await expectFit(name, await run(name, tacit, input))
    }
  })

  it('fits where little is on record, and where a policy can be judged', async () => {
    const { tacit } = await openEngine({ seed: 'outputs', learning: { policy: 'uniform' } })
    for (const name of ['metrics', 'status', 'learn status', 'learn analytics', 'pareto', 'calibration'] as const)
      await expectFit(name, await run(name, tacit, {}))
    await chooseMany(tacit, 300)
    const answer = await run('policy evaluate', tacit, { policy: 'best-single' })
    expect(answer).toMatchObject({ refused: false })
    await expectFit('regret', await run('regret', tacit, { days: 1, against: 'optimizer' }))
    await expectFit('complexity', await run('complexity', tacit, { task, taskType: 'database' }))
    await expectFit('policy evaluate', answer)
  })
})

describe('what is said of each operation', () => {
  it.each(Object.values(operations) as Operation[])('$name: who may call it goes with what it does', operation => {
    const { access, readOnly, idempotent, destructive, title } = operation
    expect(readOnly).toBe(access === 'read')
    if (readOnly) expect({ idempotent, destructive }).toEqual({ idempotent: true, destructive: false })
    expect(title).toMatch(/^[A-Z][\w -]{3,40}$/)
  })
})

function run(name: OperationName, tacit: Tacit, input: unknown): Promise<unknown> {
  const operation: Operation = operations[name]
  return runOperation(operation, tacit, input)
}

async function expectFit(name: OperationName, answer: unknown): Promise<void> {
  const schema: z.ZodType = operations[name].output
  // Parsing drops what the schema does not name, so equality says that nothing is unnamed.
  expect({ name, answer: schema.parse(answer) }).toEqual({ name, answer })
  const sent = JSON.parse(JSON.stringify(answer))
  expect({ name, answer: schema.parse(sent) }).toEqual({ name, answer: sent })
}

async function chooseMany(tacit: Tacit, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const { decisionId, arm } = await tacit.decide({ task: `Report ${i % 7}`, taskType: 'database', arms })
    await tacit.observe(decisionId, { success: (arm === 'optimizer') !== (i % 3 === 0) })
  }
}
