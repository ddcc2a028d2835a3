import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TacitError } from '../../../src/errors.ts'
import type { ExecutionFilter, FactDraft, Store, VectorRow } from '../../../src/store/store.ts'
import { collect } from '../../helpers/collect.ts'
import { decisionFact, feedbackFact, outcomeFact, stepFact } from '../../helpers/facts.ts'
import type { WithStore } from '../store.suite.ts'

const inputs = 10_000
const together = 1_000

const nasty = [
  "'; DROP TABLE fact; --",
  '" OR 1=1 --',
  '$1',
  '%s %n',
  '\\',
  '\\x00',
  '{}',
  'NULL',
  'nan',
  '__proto__',
  'constructor',
  '\0',
  'a\0b',
  '\ud800',
  '\udc00x',
  '\ufffd',
  '\ufeff',
  '\u202e',
  'İ',
  'é',
  'e\u0301',
  '🚀',
  '',
  ' ',
  '\n',
  'x'.repeat(300),
]
const anyText = fc.oneof(
  fc.constantFrom(...nasty),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.array(fc.integer({ min: 0, max: 0xff_ff }), { maxLength: 6 }).map(units => String.fromCharCode(...units)),
)
const oddNumbers = [Number.NaN, Infinity, -Infinity, -0, -1, 0.5, 2 ** 53, 2 ** 63, -(2 ** 63), 1e308, 5e-324]
const anyNumber = fc.oneof(fc.constantFrom(...oddNumbers), fc.double(), fc.integer())
const anyName = fc.oneof(
  { weight: 3, arbitrary: fc.string({ minLength: 1, maxLength: 8 }) },
  { weight: 1, arbitrary: anyText },
)
const anyTime = fc.oneof({ weight: 3, arbitrary: fc.nat() }, { weight: 1, arbitrary: anyNumber })

/** Facts with the right keys and any values in them. The number keeps ids apart where they are to be apart. */
const hostileDraft = fc.oneof(
  fc
    .record({
      id: anyName,
      task: anyText,
      taskType: fc.option(anyName),
      arm: anyName,
      propensity: anyNumber,
      atUs: anyTime,
    })
    .map(({ id, task, taskType, arm, propensity, atUs }) =>
      decisionFact(id, {
        atUs,
        body: { task, taskType, arm, propensity: propensity > 1 ? 0.5 : propensity, context: { repository: arm } },
      }),
    ),
  fc
    .record({
      id: anyName,
      execution: anyName,
      durationMs: anyNumber,
      cost: anyNumber,
      error: anyName,
      quality: anyNumber,
    })
    .map(({ id, execution, durationMs, cost, error, quality }) =>
      outcomeFact(execution, {
        id,
        body: { durationMs, costMicroUsd: cost, quality, error: { type: error, message: error }, arm: { id: error } },
      }),
    ),
  fc
    .record({ id: anyName, execution: anyName, value: anyNumber, origin: anyName })
    .map(({ id, execution, value, origin }) =>
      feedbackFact(execution, { id, origin, body: { value01: value, value } }),
    ),
  fc
    .record({ id: anyName, execution: anyName, name: anyText, recordedAtUs: anyTime })
    .map(({ id, execution, name, recordedAtUs }) => stepFact(execution, { id, recordedAtUs, body: { name } })),
) as fc.Arbitrary<FactDraft>

const anyVector = fc.array(anyNumber, { maxLength: 4 }).map(values => Float32Array.from(values))
const anyFilter: fc.Arbitrary<ExecutionFilter> = fc.record(
  {
    taskType: anyText,
    arm: anyText,
    repository: anyText,
    sinceUs: anyNumber,
    untilUs: anyNumber,
    withOutcome: fc.boolean(),
    limit: fc.integer({ min: -1, max: 5 }),
  },
  { requiredKeys: [] },
)

type Attempt = (store: Store) => Promise<void>
const hostileAppend = fc
  .record({
    group: fc.array(hostileDraft, { minLength: 1, maxLength: 2 }),
    vector: fc.option(fc.record({ embedder: anyName, vector: anyVector })),
    scope: fc.oneof({ weight: 9, arbitrary: fc.constant('s') }, { weight: 1, arbitrary: anyText }),
  })
  .map(
    ({ group, vector, scope }): Attempt =>
      store =>
        appendWhole(store, scope, group, vector),
  )
const hostileRead = fc.oneof(
  fc.record({ scope: anyText, cursor: anyNumber, limit: fc.integer({ min: -1, max: 3 }) }).map(
    ({ scope, cursor, limit }): Attempt =>
      async store =>
        void (await store.tail(scope, cursor, limit)),
  ),
  fc.record({ scope: anyText, recordedAtUs: anyNumber, id: anyText }).map(
    ({ scope, ...after }): Attempt =>
      async store =>
        void (await store.log(scope, after, 3)),
  ),
  fc.record({ scope: anyText, ids: fc.array(anyText, { maxLength: 3 }) }).map(
    ({ scope, ids }): Attempt =>
      async store =>
        void (await store.facts(scope, ids)),
  ),
  fc.record({ filter: anyFilter }).map(
    ({ filter }): Attempt =>
      async store => {
        await store.executions('s', { limit: 2, ...filter })
      },
  ),
  fc.record({ filter: anyFilter, embedder: anyText, vector: anyVector, threshold: anyNumber }).map(
    ({ filter, embedder, vector, threshold }): Attempt =>
      async store => {
        await store.nearest('s', { embedder, vector, threshold, limit: 3, filter })
      },
  ),
)

/** By id, all that was given under it: the first that was kept holds. */
const bodiesOf = new Map<string, unknown[]>()

/** Appends a group: either all of it can be read back exactly, or none of it is there. */
async function appendWhole(
  store: Store,
  scope: string,
  group: readonly FactDraft[],
  vector: Omit<VectorRow, 'executionId'> | null,
): Promise<void> {
  const vectors = vector === null ? [] : [{ ...vector, executionId: group[0]!.executionId }]
  for (const { id, body } of group) bodiesOf.set(id, [...(bodiesOf.get(id) ?? []), JSON.parse(JSON.stringify(body))])
  const [appended] = await store.append(scope, [group], vectors)
  if (appended!.status !== 'stored') return
  const held = await store.facts(scope, [...new Set(group.map(({ executionId }) => executionId))])
  for (const { fact, cursor } of appended!.facts) {
    expect(held.get(fact.executionId)?.find(one => one.fact.id === fact.id)).toEqual({ fact, cursor })
    expect(bodiesOf.get(fact.id)).toContainEqual(fact.body)
  }
}

export function hostileContract(withStore: WithStore): void {
  describe('ten thousand hostile inputs', () => {
    test('each end in a typed error or an exact round trip, and leave every row as its facts give it', () =>
      withStore(async (store, { reopen }) => {
        const attempts = fc.sample(
          fc.oneof({ weight: 2, arbitrary: hostileAppend }, { weight: 1, arbitrary: hostileRead }),
          {
            numRuns: inputs,
            seed: 20_261_121,
          },
        )
        const refused = new Map<string, number>()
        for (let start = 0; start < inputs; start += together) {
          const results = await Promise.allSettled(
            attempts.slice(start, start + together).map(attempt => attempt(store)),
          )
          for (const result of results) {
            if (result.status === 'fulfilled') continue
            if (!(result.reason instanceof TacitError)) throw result.reason
            refused.set(result.reason.code, (refused.get(result.reason.code) ?? 0) + 1)
          }
        }
        expect([...refused.keys()]).toEqual(['INVALID_INPUT'])
        expect(refused.get('INVALID_INPUT')).toBeGreaterThan(1_000)
        const again = await reopen()
        for (const scope of await again.scopes()) await expectWhole(again, scope)
      }))
  })
}

/** Every fact belongs to a row, and every row to a fact. */
async function expectWhole(store: Store, scope: string): Promise<void> {
  const facts = await store.tail(scope, 0, 100_000)
  expect(new Set(facts.map(({ fact }) => fact.id)).size).toBe(facts.length)
  const rows = await collect(store.scan(scope, {}))
  expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(facts.map(({ fact }) => fact.executionId)))
}
