import { describe, expect, test } from 'vitest'
import { integer, normal, type Rng, seedRng } from '../../../src/math/rng.ts'
import type { ExecutionFilter, ExecutionRow, Store } from '../../../src/store/store.ts'
import { collect } from '../../helpers/collect.ts'
import { decisionFact, outcomeFact, startUs } from '../../helpers/facts.ts'
import type { WithStore } from '../store.suite.ts'

const dimension = 16
const embedder = 'test/16'

function randomVector(rng: Rng): Float32Array {
  const raw = Array.from({ length: dimension }, () => normal(rng))
  const length = Math.hypot(...raw)
  return Float32Array.from(raw, value => value / length)
}

const pick = <T>(rng: Rng, items: readonly T[]): T => items[integer(rng, items.length)]!

/** Appends `count` executions of random kinds; returns their vectors by id. */
async function fill(store: Store, count: number): Promise<Map<string, Float32Array>> {
  const rng = seedRng('executions')
  const vectors = new Map<string, Float32Array>()
  const groups = Array.from({ length: count }, (_, index) => {
    const id = `execution ${index}`
    vectors.set(id, randomVector(rng))
    const body = {
      taskType: pick(rng, ['database', 'security', null]),
      arm: pick(rng, ['optimizer', 'architect']),
      context: { ...pick(rng, [{}, { repository: 'shop' }]) },
    }
    const decision = decisionFact(id, { atUs: startUs + integer(rng, 50), body })
    const used = pick(rng, [null, { id: 'security' }])
    return pick(rng, [true, false]) ? [decision, outcomeFact(id, { body: { arm: used } })] : [decision]
  })
  await store.append(
    's',
    groups,
    [...vectors].map(([executionId, vector]) => ({ executionId, embedder, vector })),
  )
  return vectors
}

/** A second, plain reading of what a filter means. */
const passes = (filter: ExecutionFilter) => (row: ExecutionRow) =>
  (filter.taskType === undefined || row.taskType === filter.taskType) &&
  (filter.arm === undefined || row.arm === filter.arm) &&
  (filter.repository === undefined || row.repository === filter.repository) &&
  (filter.sinceUs === undefined || (row.decidedAtUs !== null && row.decidedAtUs >= filter.sinceUs)) &&
  (filter.untilUs === undefined || (row.decidedAtUs !== null && row.decidedAtUs <= filter.untilUs)) &&
  (filter.withOutcome === undefined || (row.outcomeAtUs !== null) === filter.withOutcome)

const filters: ExecutionFilter[] = [
  {},
  { taskType: 'database' },
  { taskType: 'nothing of the kind' },
  { arm: 'security' },
  { repository: 'shop' },
  { withOutcome: true },
  { withOutcome: false },
  { sinceUs: startUs + 25 },
  { untilUs: startUs + 25 },
  { taskType: 'security', arm: 'architect', repository: 'shop', sinceUs: startUs + 5, untilUs: startUs + 45 },
  { taskType: 'database', withOutcome: true, sinceUs: startUs + 49 },
]

const byId = (a: ExecutionRow, b: ExecutionRow) => (a.id < b.id ? -1 : 1)

function cosine(a: Float32Array, b: Float32Array): number {
  const product = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, index) => sum + value * y[index]!, 0)
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b))
}

export function searchContract(withStore: WithStore): void {
  describe('executions', () => {
    test('pass the filter, all of them and no others, listed and streamed', () =>
      withStore(async store => {
        await fill(store, 300)
        const all = await store.executions('s', {})
        expect(all.length).toBe(300)
        for (const filter of filters) {
          const expected = all.filter(passes(filter)).toSorted(byId)
          expect((await store.executions('s', filter)).toSorted(byId)).toEqual(expected)
          expect((await collect(store.scan('s', filter))).toSorted(byId)).toEqual(expected)
        }
      }))

    test('come newest decision first, those without a decision last, and at most as many as asked for', () =>
      withStore(async store => {
        await store.append('s', [
          [outcomeFact('early')],
          [decisionFact('old', { atUs: 10 })],
          [decisionFact('new', { atUs: 30 })],
          [decisionFact('middle', { atUs: 20 })],
        ])
        const list = async (filter: ExecutionFilter) => (await store.executions('s', filter)).map(({ id }) => id)
        expect(await list({})).toEqual(['new', 'middle', 'old', 'early'])
        expect(await list({ limit: 2 })).toEqual(['new', 'middle'])
        expect(await list({ limit: 0 })).toEqual([])
        expect((await collect(store.scan('s', { limit: 3 }))).length).toBe(3)
        expect(await collect(store.scan('s', { limit: 0 }))).toEqual([])
      }))

    test('are streamed beyond one page, also while others are added and changed', () =>
      withStore(async store => {
        const count = 1500
        const name = (index: number) => `e${index}`
        await store.append(
          's',
          Array.from({ length: count }, (_, index) => [decisionFact(name(index))]),
        )
        const seen: string[] = []
        for await (const { id } of store.scan('s', {})) {
          seen.push(id)
          if (seen.length % 100 === 0) await store.append('s', [[outcomeFact(id)], [outcomeFact(name(count - 1))]])
        }
        expect(seen.length).toBe(count)
        expect(new Set(seen).size).toBe(count)
      }))

    test('stop being read when the reader stops, and writing goes on', () =>
      withStore(async store => {
        await fill(store, 50)
        for await (const row of store.scan('s', {})) {
          expect(row.id).toMatch(/^execution/)
          break
        }
        expect((await store.append('s', [[decisionFact('next')]]))[0]!.status).toBe('stored')
      }))

    test('of two scopes never meet', () =>
      withStore(async store => {
        const vector = Float32Array.of(1, 0)
        for (const scope of ['a', 'b']) {
          await store.append(
            scope,
            [[decisionFact('same id', { body: { task: `of ${scope}` } })], [decisionFact(`only in ${scope}`)]],
            [{ executionId: 'same id', embedder, vector }],
          )
        }
        await store.append('a', [[outcomeFact('same id')]])
        expect((await store.executions('b', { withOutcome: true })).length).toBe(0)
        expect((await store.executions('b', {})).map(({ task }) => task)).toContain('of b')
        expect((await collect(store.scan('b', {}))).map(({ id }) => id)).not.toContain('only in a')
        expect((await store.facts('b', ['only in a'])).size).toBe(0)
        expect((await store.tail('b', 0, 10)).map(({ fact }) => fact.id)).toEqual(['same id', 'only in b'])
        expect((await store.log('b', null, 10)).map(({ fact }) => fact.id)).toEqual(['same id', 'only in b'])
        const near = await store.nearest('b', { embedder, vector, threshold: 0, limit: 10 })
        expect(near.map(({ execution }) => execution.task)).toEqual(['of b'])
        expect(await store.stats('b')).toMatchObject({ executions: 2, withOutcome: 0 })
        expect(await store.stats('none')).toMatchObject({ executions: 0, firstAtUs: null, lastAtUs: null })
        expect(await store.scopes()).toEqual(['a', 'b'])
      }))
  })

  describe('nearest', () => {
    test('gives what comparing with every vector gives, most similar first, for any filter and limit', () =>
      withStore(async store => {
        const vectors = await fill(store, 1200)
        const all = await store.executions('s', {})
        const query = randomVector(seedRng('query'))
        for (const filter of filters) {
          for (const [threshold, limit] of [
            [-1, 2000],
            [0.2, 10],
            [0.2, 1],
            [0.9, 10],
            [-1, 0],
          ] as const) {
            const expected = all
              .filter(passes(filter))
              .map(execution => ({ similarity: cosine(query, vectors.get(execution.id)!), execution }))
              .filter(({ similarity }) => similarity >= threshold)
              .toSorted((a, b) => b.similarity - a.similarity)
              .slice(0, limit)
            const found = await store.nearest('s', { embedder, vector: query, threshold, limit, filter })
            expect(found.map(({ execution }) => execution)).toEqual(expected.map(({ execution }) => execution))
            for (const [index, { similarity }] of found.entries()) {
              expect(similarity).toBeCloseTo(expected[index]!.similarity, 12)
            }
          }
        }
      }))

    test('never compares vectors of different embedders', () =>
      withStore(async store => {
        const vector = Float32Array.of(1, 0)
        await store.append(
          's',
          [[decisionFact('a')], [decisionFact('b')]],
          [
            { executionId: 'a', embedder: 'one', vector },
            { executionId: 'b', embedder: 'two', vector },
          ],
        )
        const found = await store.nearest('s', { embedder: 'two', vector, threshold: -1, limit: 10 })
        expect(found.map(({ execution }) => execution.id)).toEqual(['b'])
        await store.append('s', [], [{ executionId: 'a', embedder: 'two', vector: Float32Array.of(0, 1) }])
        const later = await store.nearest('s', { embedder: 'two', vector, threshold: -1, limit: 10 })
        expect(later.map(({ execution, similarity }) => [execution.id, similarity])).toEqual([
          ['b', 1],
          ['a', 0],
        ])
      }))

    test('finds the same vector with similarity 1 and the zero vector with 0', () =>
      withStore(async store => {
        const vector = randomVector(seedRng('one'))
        await store.append(
          's',
          [[decisionFact('same')], [decisionFact('zero')]],
          [
            { executionId: 'same', embedder, vector },
            { executionId: 'zero', embedder, vector: new Float32Array(dimension) },
          ],
        )
        const found = await store.nearest('s', { embedder, vector, threshold: 0, limit: 10 })
        expect(found.map(({ execution, similarity }) => [execution.id, similarity])).toEqual([
          ['same', 1],
          ['zero', 0],
        ])
        const fromZero = await store.nearest('s', {
          embedder,
          vector: new Float32Array(dimension),
          threshold: 0,
          limit: 10,
        })
        expect(fromZero.map(({ similarity }) => similarity)).toEqual([0, 0])
      }))

    test('keeps the first vector, and none of a decision that was not kept', () =>
      withStore(async store => {
        const first = Float32Array.of(1, 0)
        const second = Float32Array.of(0, 1)
        await store.append(
          's',
          [[decisionFact('a')], [outcomeTaking('taken')]],
          [{ executionId: 'a', embedder, vector: first }],
        )
        await store.append(
          's',
          [[decisionFact('a')], [decisionFact('taken')]],
          [
            { executionId: 'a', embedder, vector: second },
            { executionId: 'a', embedder: 'other', vector: second },
            { executionId: 'taken', embedder, vector: second },
          ],
        )
        await store.append('s', [], [{ executionId: 'a', embedder, vector: second }])
        const near = (name: string) => store.nearest('s', { embedder: name, vector: first, threshold: -1, limit: 10 })
        expect((await near(embedder)).map(({ execution, similarity }) => [execution.id, similarity])).toEqual([
          ['a', 1],
        ])
        expect(await near('other')).toEqual([])
      }))

    test('a vector that cannot be kept undoes the whole call', () =>
      withStore(async store => {
        const bad = [
          { executionId: 'unknown', embedder, vector: Float32Array.of(1) },
          { executionId: 'a', embedder, vector: new Float32Array(0) },
          { executionId: 'a', embedder, vector: Float32Array.of(0, Number.NaN) },
          { executionId: 'a', embedder, vector: Float32Array.of(0, Number.POSITIVE_INFINITY) },
        ]
        for (const vector of bad) {
          await expect(store.append('s', [[decisionFact('a')]], [vector])).rejects.toMatchObject({
            code: 'INVALID_INPUT',
          })
        }
        expect(await store.scopes()).toEqual([])
      }))
  })
}

/** An outcome of some other execution whose id is `id`, so that no decision can have it. */
const outcomeTaking = (id: string) => outcomeFact('someone else', { id })
