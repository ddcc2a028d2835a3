import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { errorCodes, type Tacit, TacitError } from '../../src/index.ts'
import { type Fact, taskTypeSchema } from '../../src/records.ts'
import { collect } from '../helpers/collect.ts'
import { openEngine } from './engine.ts'

type Call = (tacit: Tacit, value: unknown) => Promise<unknown>
/** Calls a method as JavaScript would, without types. */
const call =
  (method: keyof Tacit, ...before: unknown[]): Call =>
  (tacit, value) =>
    (tacit[method] as unknown as (...given: unknown[]) => Promise<unknown>).call(tacit, ...before, value)

const task = { task: 'Sort the mail', arms: ['a', 'b'] }
const deep = (levels: number): unknown => JSON.parse(`${'{"x":'.repeat(levels)}1${'}'.repeat(levels)}`)
const hidden: unknown = JSON.parse('{"fine":{"__proto__":{"polluted":true}}}')

/** Field values that no call may take in. */
const badNumbers = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, -1e-9, '5', true, {}, []]
const badTexts = ['', 'x'.repeat(1_048_577), 5, null, ['a'], {}]
const badNames = ['', 'x'.repeat(257), 'a\u0000b', 'a\nb', '\uD800', 7, {}, ['a'], Symbol('s')]
const badTimes = ['yesterday', '2026-02-30', '2026-01-01T00:00:00', -1, Number.NaN, new Date(Number.NaN), 1e18, {}]
const badObjects = [
  'text',
  5,
  [],
  new Map(),
  () => 1,
  hidden,
  { key: Number.NaN },
  { key: undefined },
  { key: () => 1 },
]
const withField = (base: object, field: string, values: readonly unknown[]) =>
  values.map(value => [`${field}: ${describeValue(value)}`, { ...base, [field]: value }] as const)

const execution = { task: 'Sort the mail', arm: 'a' }
const refused: Readonly<Record<string, { call: Call; inputs: readonly (readonly [string, unknown])[] }>> = {
  decide: {
    call: call('decide'),
    inputs: [
      ...withField(task, 'task', badTexts),
      ...withField(task, 'taskType', badNames),
      ...withField(task, 'arms', [['a', ''], 'ab', [{ id: 'a', color: 1 }], [{ facets: {} }], [null], [hidden], 5]),
      ...withField(task, 'decisionId', ['x'.repeat(201), ...badNames]),
      ...withField(task, 'incumbent', badNames),
      ...withField(task, 'stage', ['off', 'production', 1]),
      ...withField(task, 'joinDeadlineMs', [...badNumbers, 0]),
      ...withField(task, 'routingConfidence', [...badNumbers, 1.01]),
      ...withField(task, 'at', badTimes),
      ...withField(task, 'metadata', [...badObjects, { big: 'x'.repeat(70_000) }, deep(100_000)]),
      ...withField(task, 'context', [
        { fileCount: 1.5 },
        { load: 2 },
        { features: { a: null } },
        { features: hidden },
        { features: JSON.parse('{"__proto__":"x"}') },
        { complexity: { value: 11, scale: '1-10' } },
        { unknown: 1 },
      ]),
      ['an unknown field', { ...task, color: 'red' }],
      ['a field named __proto__', JSON.parse('{"task":"x","arms":["a"],"__proto__":{"stage":"observe"}}')],
      ['no task', { arms: ['a'] }],
    ],
  },
  observe: {
    call: call('observe', 'd'),
    inputs: [
      ...withField({}, 'success', [1, 'true', 'no']),
      ...withField({}, 'quality', [...badNumbers, 1.5, { value: 7, scale: '1-5' }, { value: 1, scale: '1-7' }]),
      ...withField({}, 'durationMs', badNumbers),
      ...withField({}, 'costUsd', [...badNumbers, 1e10]),
      ...withField({}, 'error', [{ type: 'oops' }, { type: 'other:' }, {}, 'crash']),
      ...withField({}, 'resources', [{ inputTokens: 1.5 }, { cpuPercent: -1 }, { heat: 5 }]),
      ...withField({}, 'evaluations', [{ a: 2 }, { '': 0.5 }, JSON.parse('{"__proto__":0.5}')]),
      ...withField({}, 'arm', badNames),
      ...withField({}, 'outcomeId', badNames),
      ...withField({}, 'metadata', badObjects),
      ...withField({}, 'at', badTimes),
      ['an unknown field', { sucess: true }],
    ],
  },
  record: {
    call: call('record'),
    inputs: [
      ...withField(execution, 'task', badTexts),
      ...withField(execution, 'arm', badNames),
      ...withField(execution, 'durationMs', badNumbers),
      ...withField(execution, 'executionId', badNames),
      ...withField(execution, 'steps', [[{ durationMs: -1 }], [null], 'steps']),
      ...withField(execution, 'feedback', [[{ value: 'great' }], [{}], 5]),
      ['an arm that is not among the arms', { ...execution, arms: ['b'] }],
      ['no arm', { task: 'x' }],
    ],
  },
  step: {
    call: call('step', 'd'),
    inputs: [
      ...withField({}, 'durationMs', badNumbers),
      ...withField({}, 'retry', [...badNumbers, 0.5]),
      ...withField({}, 'costUsd', [...badNumbers, 1e300]),
      ...withField({}, 'status', ['done', 1]),
      ...withField({}, 'stepId', badNames),
      ...withField({}, 'startedAt', badTimes),
    ],
  },
  feedback: {
    call: call('feedback', 'd'),
    inputs: [
      ...withField({}, 'value', [2, -1, 'great', null, undefined, Number.NaN, { value: 6, scale: '1-5' }]),
      ...withField({ value: true }, 'source', ['nobody', 1]),
      ...withField({ value: true }, 'comment', ['x'.repeat(65_537), 5]),
      ...withField({ value: true }, 'suggestions', ['more', [5]]),
      ...withField({ value: true }, 'feedbackId', badNames),
    ],
  },
  'observe, whose decision': { call: (tacit, id) => call('observe', id)(tacit, {}), inputs: named(badNames) },
  'step, whose execution': { call: (tacit, id) => call('step', id)(tacit, {}), inputs: named(badNames) },
  'feedback, whose execution': {
    call: (tacit, id) => call('feedback', id)(tacit, { value: true }),
    inputs: named(badNames),
  },
  recordBatch: { call: call('recordBatch'), inputs: named([null, 5, 'ab', {}, new Set()]) },
  recommend: {
    call: call('recommend'),
    inputs: [
      ...withField(task, 'limit', [...badNumbers, 0, 1.5]),
      ...withField(task, 'task', badTexts),
      ...withField(task, 'arms', ['ab', [''], [null]]),
    ],
  },
  predict: {
    call: call('predict'),
    inputs: [...withField(task, 'task', badTexts), ...withField(task, 'at', badTimes)],
  },
  similar: {
    call: call('similar', 'Sort the mail'),
    inputs: [
      ...withField({}, 'limit', [...badNumbers, 0, 1.5]),
      ...withField({}, 'threshold', [Number.NaN, 2, '0.5']),
      ...withField({}, 'daysBack', [...badNumbers, 0]),
      ...withField({}, 'taskType', badNames),
      ...withField({}, 'arm', badNames),
      ...withField({}, 'repository', badNames),
      ['an unknown field', { nearest: 1 }],
    ],
  },
  'similar, whose task': { call: call('similar'), inputs: named(badTexts) },
  metrics: {
    call: call('metrics'),
    inputs: [
      ...withField({}, 'groupBy', ['arm', ['color'], ['__proto__'], 5]),
      ...withField({}, 'daysBack', [...badNumbers, 0]),
      ...withField({}, 'minCount', badNumbers),
      ['nothing', null],
    ],
  },
  replay: { call: call('replay'), inputs: [...withField({}, 'verify', ['yes', 1]), ...named([null, 5])] },
  importFacts: { call: call('importFacts'), inputs: named([null, undefined, 5, {}, 'facts', [null], [{}], [[]]]) },
  wrap: {
    call: call('wrap', () => 1),
    inputs: [
      ...named([null, undefined, 5]),
      ...withField(task, 'timeoutMs', [Number.NaN, 0, -1, '5', null]),
      ...withField(task, 'signal', [1, {}, null]),
    ],
  },
  'wrap, whose task': { call: (tacit, run) => call('wrap', run)(tacit, task), inputs: named([null, 5, {}]) },
}
for (const name of ['decide', 'observe', 'record', 'step', 'feedback', 'recommend', 'predict'] as const) {
  const { call, inputs } = refused[name]!
  Object.assign(refused, { [name]: { call, inputs: [...inputs, ...named([null, undefined, 5, 'text', [], () => 1])] } })
}

describe('input that is wrong is refused with a stable code, and nothing is written:', () => {
  test.each(Object.entries(refused))('%s', async (_name, { call, inputs }) => {
    const opened = await openEngine()
    const { tacit } = opened
    await tacit.decide({ ...task, decisionId: 'd' })
    const before = await tacit.replay({ verify: true })
    for (const [what, input] of inputs) {
      const thrown: unknown = await call(tacit, input).then(
        result => `accepted, with ${JSON.stringify(result)}`,
        (error: unknown) => error,
      )
      expect(thrown, what).toBeInstanceOf(TacitError)
      expect(thrown, what).toMatchObject({ code: 'INVALID_INPUT' })
    }
    expect(await tacit.replay({ verify: true })).toMatchObject({
      logHash: before.logHash,
      stateHash: before.stateHash,
      verified: true,
    })
    expect((await tacit.status()).errors).toEqual({})
  })
})

describe('text of any kind comes back exactly:', () => {
  const texts = {
    scripts: 'Ускорить отчёт · 加快报告 · レポート · تقرير · รายงาน · 🚀👩‍👩‍👧 · é vs é',
    'control characters': 'a\u0000b\u0001\t\r\n\u001b[31m\u202e',
    'broken surrogates': '\uD800 and \uDFFF, reversed \uDC00\uD800',
    'SQL and JSON': `'); DROP TABLE fact; -- " \\" {"a":[}`,
    'one megabyte': 'Größe 大小 '.repeat(116_508),
    spaces: '   ',
  }
  test.each(Object.entries(texts))('%s', async (_name, text) => {
    const { tacit } = await openEngine()
    const metadata = { text: text.slice(0, 10_000), [`key ${text.slice(0, 50)}`]: [null, { constructor: 'x' }] }
    await tacit.decide({ ...task, task: text, decisionId: 'd', metadata })
    const short = text.slice(0, 60_000)
    await tacit.observe('d', { success: true, solutionSummary: short, error: { type: 'crash', message: short } })
    await tacit.feedback('d', { value: true, comment: short })
    const facts = await collect(tacit.exportFacts())
    expect(facts.map(({ body }) => body)).toMatchObject([
      { task: text, metadata },
      { solutionSummary: short, error: { message: short } },
      { comment: short },
    ])
    expect((facts[0] as Fact & { kind: 'decision' }).body.metadata).toEqual(metadata)
    const [similar] = await tacit.similar(text, { threshold: -1 })
    expect(similar!.execution.task).toBe(text)
    const copy = await openEngine()
    expect(await copy.tacit.importFacts(JSON.parse(JSON.stringify(facts)))).toMatchObject({ stored: 3 })
    const hashes = await Promise.all(
      [tacit, copy.tacit].map(async each => (await each.replay({ verify: true })).logHash),
    )
    expect(hashes[0]).toBe(hashes[1])
  })

  test('any text, as task, task type, arm, id or note: kept exactly or refused whole', async () => {
    const { tacit } = await openEngine()
    const anyText = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map(units => String.fromCharCode(...units)),
      fc.constantFrom('__proto__', 'constructor', 'toString', '$array', 'null', '0', '-', "'", '%', '_'),
    )
    let stored = 0
    await fc.assert(
      fc.asyncProperty(
        anyText,
        anyText,
        anyText,
        fc.dictionary(anyText, anyText, { maxKeys: 3 }),
        async (a, b, c, metadata) => {
          const before = (await tacit.status()).facts.decision
          const input = { task: a, taskType: b, arms: [c, 'other'], metadata }
          try {
            const { decisionId, arm } = await tacit.decide(input)
            await tacit.observe(decisionId, { success: true, arm, evaluations: { [b]: 0.5 } })
            const [decision, outcome] = (await collect(tacit.exportFacts())).slice(-2)
            expect(decision!.body).toMatchObject({ task: a, taskType: taskTypeSchema.parse(b), metadata })
            expect((decision!.body as { arms: unknown }).arms).toEqual([
              { id: c },
              ...(c === 'other' ? [] : [{ id: 'other' }]),
            ])
            expect(Object.entries((outcome!.body as { evaluations: object }).evaluations)).toEqual([[b, 0.5]])
            stored++
          } catch (error) {
            if (!(error instanceof TacitError)) throw error
            expect(error.code).toBe('INVALID_INPUT')
            expect(b === '__proto__' ? before : (await tacit.status()).facts.decision).toBe(before)
          }
        },
      ),
      { seed: 7, numRuns: 150 },
    )
    expect(stored).toBeGreaterThan(30)
    expect(await tacit.replay({ verify: true })).toMatchObject({ verified: true })
  })
})

test('numbers at the edge of their range are kept exactly, predicted finitely, and survive export and import', async () => {
  const { tacit } = await openEngine()
  const edges = [0, Number.MIN_VALUE, 1e-300, 1, 2 ** 53, 1e300, Number.MAX_VALUE]
  for (const [i, durationMs] of edges.entries()) {
    await tacit.decide({
      ...task,
      decisionId: `d${i}`,
      joinDeadlineMs: Number.MAX_VALUE,
      context: { priority: -durationMs },
    })
    await tacit.observe(`d${i}`, { quality: i / 6, durationMs, costUsd: Math.min(durationMs, 1e9) })
  }
  const facts = await collect(tacit.exportFacts())
  const durations = facts.flatMap(fact => (fact.kind === 'outcome' ? [fact.body.durationMs] : []))
  expect(durations).toEqual(edges)
  for (const { durationMs, costUsd, pSuccess } of await tacit.predict(task)) {
    for (const { value, interval } of [durationMs, costUsd, pSuccess]) {
      for (const number of [value, ...interval!]) expect(Number.isFinite(number)).toBe(true)
    }
  }
  await tacit.decide({ ...task, decisionId: 'last' })
  const copy = await openEngine()
  await copy.tacit.importFacts(JSON.parse(JSON.stringify(await collect(tacit.exportFacts()))))
  const [original, imported] = await Promise.all([tacit, copy.tacit].map(each => each.replay({ verify: true })))
  expect(imported).toMatchObject({ logHash: original!.logHash, stateHash: original!.stateHash, verified: true })
})

test('a batch takes the good ones and names each bad one, whatever is in it', async () => {
  const { tacit } = await openEngine()
  const batch: unknown[] = [execution, null, { ...execution, durationMs: -1 }, hidden, execution, { task: 'x' }, 7]
  const items = await tacit.recordBatch(batch as never)
  expect(items.map(item => item.status)).toEqual(['stored', 'error', 'error', 'error', 'stored', 'error', 'error'])
  expect(items.map(item => item.index)).toEqual([0, 1, 2, 3, 4, 5, 6])
  for (const item of items) if (item.status === 'error') expect(Object.keys(errorCodes)).toContain(item.error.code)
  expect(items[2]).toMatchObject({ error: { message: expect.stringMatching(/recordBatch\[2\].*durationMs/) } })
  expect((await tacit.status()).executions).toBe(2)
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
})

test('an object whose reading fails is refused like any other bad input', async () => {
  const { tacit } = await openEngine()
  const trap = new Proxy(task, {
    ownKeys() {
      throw new Error('trap')
    },
  })
  await expect(tacit.decide(trap)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  const endless: { self?: unknown } = {}
  endless.self = endless
  await expect(tacit.decide({ ...task, metadata: endless as never })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  expect((await tacit.status()).executions).toBe(0)
})

function named(values: readonly unknown[]): (readonly [string, unknown])[] {
  return values.map(value => [describeValue(value), value])
}

function describeValue(value: unknown): string {
  const text =
    typeof value === 'string' ? JSON.stringify(value) : String(Array.isArray(value) ? `[${value.length}]` : value)
  return text.length > 40 ? `${text.slice(0, 40)}… (${text.length})` : text
}
