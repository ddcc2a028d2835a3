import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { comparePositions, type Fact, type Position } from '../../../src/records.ts'
import type { FactDraft, LoggedFact, Store } from '../../../src/store/store.ts'
import { decisionFact, feedbackFact, outcomeFact, recorded, stepFact } from '../../helpers/facts.ts'
import type { WithStore } from '../store.suite.ts'

const ids = (facts: readonly LoggedFact[]) => facts.map(({ fact }) => fact.id)
const append = async (store: Store, ...drafts: FactDraft[]) => (await store.append('s', [drafts]))[0]!

/** The whole log in canonical order, read in pages of `limit`. */
async function readLog(store: Store, scope: string, limit: number): Promise<LoggedFact[]> {
  const facts: LoggedFact[] = []
  for (let after: Position | null = null; ; ) {
    const page = await store.log(scope, after, limit)
    expect(page.length).toBeLessThanOrEqual(limit)
    if (page.length === 0) return facts
    facts.push(...page)
    after = page.at(-1)!.fact
  }
}

export function logContract(withStore: WithStore): void {
  let runs = 0

  describe('appending', () => {
    test('a fact comes back as it was given, with its time of recording and its place', () =>
      withStore(async store => {
        const drafts = [decisionFact('a'), stepFact('a'), outcomeFact('a'), feedbackFact('a')]
        const { status, facts } = await append(store, ...drafts)
        expect(status).toBe('stored')
        expect(facts.map(({ fact: { recordedAtUs: _, ...draft } }) => draft)).toEqual(drafts)
        expect(await store.tail('s', 0, 10)).toEqual(facts)
      }))

    test('the same id with the same kind and execution is a duplicate, and the first fact stays', () =>
      withStore(async store => {
        const first = await append(store, decisionFact('a'))
        const again = await append(store, decisionFact('a', { body: { task: 'another text' } }))
        expect(again).toEqual({ status: 'duplicate', facts: first.facts })
        expect(await store.tail('s', 0, 10)).toEqual(first.facts)
      }))

    test('an id that another kind of fact has is a conflict', () =>
      withStore(async store => {
        await append(store, decisionFact('a'))
        const result = await append(store, stepFact('a', { id: 'a' }))
        expect(result).toEqual({ status: 'conflict', facts: [], conflictId: 'a' })
        expect(ids(await store.tail('s', 0, 10))).toEqual(['a'])
      }))

    test('an id that a fact of another execution has is a conflict', () =>
      withStore(async store => {
        await append(store, outcomeFact('a', { id: 'o' }))
        const result = await append(store, outcomeFact('b', { id: 'o' }))
        expect(result).toEqual({ status: 'conflict', facts: [], conflictId: 'o' })
        expect(ids(await store.tail('s', 0, 10))).toEqual(['o'])
        expect((await store.executions('s', {})).map(({ id }) => id)).toEqual(['a'])
      }))

    test('a group with a conflict is dropped whole, and the groups beside it are kept', () =>
      withStore(async store => {
        await append(store, decisionFact('taken'))
        const results = await store.append('s', [
          [decisionFact('a')],
          [decisionFact('b'), stepFact('b'), outcomeFact('b', { id: 'taken' })],
          [decisionFact('c')],
        ])
        expect(results.map(({ status }) => status)).toEqual(['stored', 'conflict', 'stored'])
        expect(ids(await store.tail('s', 0, 10))).toEqual(['taken', 'a', 'c'])
        expect((await store.executions('s', {})).map(({ id }) => id)).toEqual(['c', 'a', 'taken'])
      }))

    test('a group that is partly known adds what is new', () =>
      withStore(async store => {
        await append(store, decisionFact('a'))
        const result = await append(store, decisionFact('a'), outcomeFact('a'))
        expect(result.status).toBe('stored')
        expect(ids(result.facts)).toEqual(['a', 'a/outcome'])
        expect(ids(await store.tail('s', 0, 10))).toEqual(['a', 'a/outcome'])
      }))

    test('the same fact twice in one call is kept once', () =>
      withStore(async store => {
        const results = await store.append('s', [[decisionFact('a'), decisionFact('a')], [decisionFact('a')]])
        expect(results.map(({ status }) => status)).toEqual(['stored', 'duplicate'])
        expect(ids(await store.tail('s', 0, 10))).toEqual(['a'])
        expect((await store.stats('s')).facts.decision).toBe(1)
      }))

    test('an id twice in one group with two meanings is a conflict', () =>
      withStore(async store => {
        const result = await append(store, decisionFact('a'), stepFact('a', { id: 'x' }), outcomeFact('a', { id: 'x' }))
        expect(result).toEqual({ status: 'conflict', facts: [], conflictId: 'x' })
        expect(await store.tail('s', 0, 10)).toEqual([])
      }))

    test('a value that cannot be kept undoes the whole call', () =>
      withStore(async store => {
        const bad = [
          decisionFact('b', { body: { propensity: 1.5 } }),
          decisionFact('b', { executionId: 'c' }),
          decisionFact('b', { atUs: 0.5 }),
          recorded(decisionFact('b'), Number.NaN),
          recorded(decisionFact('b'), -1),
          recorded(decisionFact('b'), Number.MAX_SAFE_INTEGER),
        ]
        for (const draft of bad) {
          await expect(store.append('s', [[decisionFact('a')], [draft]])).rejects.toMatchObject({
            code: 'INVALID_INPUT',
          })
        }
        expect(await store.tail('s', 0, 10)).toEqual([])
        expect(await store.executions('s', {})).toEqual([])
        expect((await append(store, decisionFact('a'))).status).toBe('stored')
      }))

    test('a scope that a database could confuse with another is refused', () =>
      withStore(async store => {
        for (const scope of ['', '\ud800', 'a\0b', 'x'.repeat(257)]) {
          await expect(store.append(scope, [[decisionFact('a')]])).rejects.toMatchObject({ code: 'INVALID_INPUT' })
          await expect(store.count(scope, 'errors')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
        }
        expect(await store.scopes()).toEqual([])
      }))

    test('appending nothing changes nothing', () =>
      withStore(async store => {
        expect(await store.append('s', [])).toEqual([])
        expect(await store.scopes()).toEqual([])
      }))

    test('calls that are not awaited one by one are all kept', () =>
      withStore(async store => {
        const names = Array.from({ length: 50 }, (_, index) => `d${index}`)
        await Promise.all(names.map(name => append(store, decisionFact(name), outcomeFact(name))))
        expect(ids(await store.tail('s', 0, 200)).toSorted()).toEqual(
          names.flatMap(name => [name, `${name}/outcome`]).toSorted(),
        )
        expect(await store.stats('s')).toMatchObject({ executions: 50, withOutcome: 50 })
      }))
  })

  describe('the time of recording', () => {
    test('grows with every fact, even when the clock stands still or goes back', async () => {
      let nowMs = 1_000
      await withStore(
        async store => {
          await append(store, decisionFact('a'), outcomeFact('a'))
          nowMs = 500
          await append(store, decisionFact('b'))
          nowMs = 2_000
          await append(store, decisionFact('c'))
          const times = (await store.tail('s', 0, 10)).map(({ fact }) => fact.recordedAtUs)
          expect(times).toEqual([1_000_000, 1_000_001, 1_000_002, 2_000_000])
        },
        { now: () => nowMs },
      )
    })

    test('is kept when the draft brings one, and later facts come after it', () =>
      withStore(
        async store => {
          await append(store, recorded(decisionFact('past'), 7))
          await append(store, recorded(decisionFact('ahead'), 5_000_000))
          await append(store, decisionFact('local'))
          await append(store, recorded(decisionFact('further ahead'), 6_000_000), decisionFact('beside it'))
          const times = (await store.tail('s', 0, 10)).map(({ fact }) => fact.recordedAtUs)
          expect(times).toEqual([7, 5_000_000, 5_000_001, 6_000_000, 6_000_001])
        },
        { now: () => 1_000 },
      ))

    test('comes after what another handle recorded', () =>
      withStore(
        async (store, { reopen }) => {
          const now = () => 1_000
          const other = await reopen({ now })
          await append(store, decisionFact('a'))
          await append(other, recorded(decisionFact('b'), 9_000_000))
          await append(store, decisionFact('c'))
          await append(await reopen({ now }), decisionFact('d'))
          const times = (await store.tail('s', 0, 10)).map(({ fact }) => fact.recordedAtUs)
          expect(times).toEqual([1_000_000, 9_000_000, 9_000_001, 9_000_002])
        },
        { now: () => 1_000 },
      ))
  })

  describe('reading the log', () => {
    test('tail gives the order of arrival, page by page', () =>
      withStore(async store => {
        for (const [id, time] of [
          ['a', 30],
          ['b', 10],
          ['c', 20],
        ] as const) {
          await append(store, recorded(decisionFact(id), time))
        }
        const first = await store.tail('s', 0, 2)
        const rest = await store.tail('s', first.at(-1)!.cursor, 2)
        expect([ids(first), ids(rest)]).toEqual([['a', 'b'], ['c']])
        expect(await store.tail('s', rest.at(-1)!.cursor, 2)).toEqual([])
        expect(first[0]!.cursor).toBeLessThan(first[1]!.cursor)
        expect(first[1]!.cursor).toBeLessThan(rest[0]!.cursor)
      }))

    test('log gives the canonical order: time of recording, then id', () =>
      withStore(async store => {
        for (const [id, time] of [
          ['a', 30],
          ['d', 10],
          ['b', 20],
          ['c', 10],
        ] as const) {
          await append(store, recorded(decisionFact(id), time))
        }
        expect(ids(await store.log('s', null, 10))).toEqual(['c', 'd', 'b', 'a'])
        expect(ids(await store.log('s', { recordedAtUs: 10, id: 'c' }, 2))).toEqual(['d', 'b'])
        expect(ids(await store.log('s', { recordedAtUs: 10, id: 'cc' }, 1))).toEqual(['d'])
        expect(ids(await store.log('s', { recordedAtUs: 30, id: 'a' }, 2))).toEqual([])
      }))

    test('log and facts compare ids by UTF-16 units, in pages of any length', () =>
      withStore(async store => {
        // U+FF5E comes before U+1F600 as UTF-8 and after it as UTF-16.
        const alphabet = fc.constantFrom('a', 'b', '\uff5e', '\u{1f600}', '\ue000', 'é')
        const id = fc.array(alphabet, { minLength: 1, maxLength: 3 }).map(units => units.join(''))
        await fc.assert(
          fc.asyncProperty(
            fc.uniqueArray(fc.tuple(id, fc.integer({ min: 1, max: 4 })), { selector: ([id]) => id, minLength: 1 }),
            fc.integer({ min: 1, max: 7 }),
            async (entries, limit) => {
              runs += 1
              const scope = `run ${runs}`
              const facts = entries.map(([id, time]) => recorded(outcomeFact('e', { id }), time))
              await store.append(
                scope,
                facts.map(fact => [fact]),
              )
              const expected = facts.toSorted(comparePositions).map(fact => fact.id)
              const read = await readLog(store, scope, limit)
              expect(ids(read)).toEqual(expected)
              expect(ids((await store.facts(scope, ['e'])).get('e')!)).toEqual(expected)
            },
          ),
          { seed: 1, numRuns: 40 },
        )
        expect((await store.scopes()).length).toBe(40)
      }))

    test('facts gives every fact of the executions asked for, and leaves out those without any', () =>
      withStore(async store => {
        await store.append('s', [
          [recorded(outcomeFact('a'), 20), recorded(decisionFact('a'), 10)],
          [decisionFact('b'), stepFact('b')],
          [decisionFact('c')],
        ])
        const facts = await store.facts('s', ['a', 'b', 'none'])
        expect([...facts.keys()].toSorted()).toEqual(['a', 'b'])
        expect(ids(facts.get('a')!)).toEqual(['a', 'a/outcome'])
        expect(ids(facts.get('b')!)).toEqual(['b', 'b/step'])
        expect((await store.facts('s', [])).size).toBe(0)
      }))

    test('facts gives what had arrived up to a cursor, and nothing later', () =>
      withStore(async store => {
        await append(store, decisionFact('a'))
        await append(store, outcomeFact('b'), decisionFact('b'))
        await append(store, recorded(outcomeFact('a'), 10))
        const [, , end] = await store.tail('s', 0, 10)
        const facts = await store.facts('s', ['a', 'b'], end!.cursor)
        expect([ids(facts.get('a')!), ids(facts.get('b')!)]).toEqual([['a'], ['b/outcome', 'b']])
        expect((await store.facts('s', ['a', 'b'], 0)).size).toBe(0)
      }))

    test('text in any script, with NUL and broken Unicode, comes back unit by unit', () =>
      withStore(async store => {
        const unit = fc.oneof(
          fc.string({ unit: 'binary', maxLength: 4 }),
          fc.constantFrom('\0', '\ud800', '\udfff', '"', '\\', "'"),
        )
        const text = fc
          .array(unit, { minLength: 1 })
          .map(units => units.join(''))
          .filter(text => text !== '')
        await fc.assert(
          fc.asyncProperty(text, fc.json(), async (task, json) => {
            runs += 1
            const id = `hostile ${runs}`
            const metadata = { text: task, json: JSON.parse(json), ['__proto__']: task }
            await append(store, decisionFact(id, { body: { task, metadata } }))
            const held = (await store.facts('s', [id])).get(id)![0]!.fact as Extract<Fact, { kind: 'decision' }>
            expect(held.body.task).toBe(task)
            expect(JSON.stringify(held.body.metadata)).toBe(JSON.stringify(metadata))
            expect((await store.executions('s', { limit: 1 }))[0]!.task).toBe(task)
          }),
          { seed: 1, numRuns: 200 },
        )
      }))

    test('a description of a megabyte comes back whole', () =>
      withStore(async store => {
        const task = 'Überprüfe\0😀\ud800'.repeat(100_000).slice(0, 1_048_576)
        const { facts } = await append(store, decisionFact('a', { body: { task } }), outcomeFact('a'))
        expect(facts[0]!.fact.body).toMatchObject({ task })
        expect((await store.tail('s', 0, 1))[0]!.fact.body).toMatchObject({ task })
        expect((await store.executions('s', {}))[0]!.task).toBe(task)
      }))
  })
}
