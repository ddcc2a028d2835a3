import { describe, expect, test, vi } from 'vitest'
import type { StoreAdmin } from '../../src/store/admin.ts'
import { openAdmin, openStore, type StoreOptions } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { collect } from '../helpers/collect.ts'
import { decisionFact, feedbackFact, outcomeFact, stepFact } from '../helpers/facts.ts'

/** A place for a database that is not there yet. */
export interface Place {
  readonly options: StoreOptions
  remove(): Promise<void>
}

const vector = (...values: number[]) => Float32Array.from(values)

/** Two scopes with executions of every shape. */
export async function fill(store: Store): Promise<void> {
  for (const scope of ['one', 'two']) {
    await store.append(
      scope,
      [
        [decisionFact('a'), stepFact('a'), outcomeFact('a'), feedbackFact('a')],
        [decisionFact('b', { body: { task: `of ${scope} – 漢字 \ud83d\ude80` } })],
        [outcomeFact('parked')],
      ],
      [
        { executionId: 'a', embedder: 'e', vector: vector(0.6, 0.8) },
        { executionId: 'a', embedder: 'f', vector: vector(1, 0, 0) },
        { executionId: 'b', embedder: 'e', vector: vector(0, 0) },
      ],
    )
  }
  const position = { recordedAtUs: 5, id: 'a/outcome' }
  await store.saveSnapshot('one', 'policy', { cursor: 3, position, bytes: Uint8Array.of(1, 0, 255) })
  await store.count('two', 'learning', 3)
  await store.count('only counted', 'learning')
}

/** What the care of every kind of database promises. */
export function storeAdminContract(name: string, makePlace: () => Promise<Place>): void {
  async function withPlace(use: (options: StoreOptions) => Promise<void>): Promise<void> {
    const place = await makePlace()
    try {
      await use(place.options)
    } finally {
      await place.remove()
    }
  }
  async function withAdmin<T>(options: StoreOptions, access: 'read' | 'write', use: (admin: StoreAdmin) => Promise<T>) {
    const admin = await openAdmin(options, access)
    try {
      return await use(admin)
    } finally {
      await admin.close()
    }
  }
  async function withFilled(use: (admin: StoreAdmin, options: StoreOptions) => Promise<void>): Promise<void> {
    await withPlace(async options => {
      const store = await openStore(options)
      await fill(store)
      await store.close()
      await withAdmin(options, 'write', admin => use(admin, options))
    })
  }

  describe(`${name} keeps the contract of care:`, () => {
    test('a schema goes up step by step, down again, and up to the same, each step known by its name', () =>
      withPlace(options =>
        withAdmin(options, 'write', async admin => {
          const { latestVersion, version } = await admin.schema()
          expect(version).toBe(0)
          for (let to = 1; to <= latestVersion; to += 1) {
            await admin.migrateTo(to)
            const { migrations, ...rest } = await admin.schema()
            expect(rest).toEqual({ version: to, latestVersion })
            expect(migrations.map(({ isApplied }) => isApplied)).toEqual(migrations.map((_, index) => index < to))
            expect(migrations.every(one => one.name.length > 5)).toBe(true)
          }
          await admin.migrateTo(0)
          expect((await admin.schema()).version).toBe(0)
          await admin.migrateTo(latestVersion)
          const store = await openStore(options)
          await fill(store)
          await store.close()
          expect((await admin.tally('one')).facts).toBe(6)
        }),
      ))

    test('a step down and up again keeps the facts, the rows and the vectors', () =>
      withFilled(async admin => {
        const before = await contentsOf(admin)
        await admin.migrateTo((await admin.schema()).latestVersion - 1)
        await admin.migrateTo((await admin.schema()).latestVersion)
        expect(await contentsOf(admin)).toEqual(before)
      }))

    test('scopes, counts, vectors and snapshots are listed as they are', () =>
      withFilled(async admin => {
        expect(await admin.scopes()).toEqual(['one', 'only counted', 'two'])
        expect(await admin.tally('one')).toEqual({ facts: 6, executions: 2, vectors: 3 })
        expect(await admin.tally('none')).toEqual({ facts: 0, executions: 0, vectors: 0 })
        expect(await collect(admin.vectors('one'))).toEqual([
          { executionId: 'a', embedder: 'e', vector: vector(0.6, 0.8) },
          { executionId: 'b', embedder: 'e', vector: vector(0, 0) },
          { executionId: 'a', embedder: 'f', vector: vector(1, 0, 0) },
        ])
        expect(await admin.snapshots('one')).toMatchObject([{ name: 'policy', cursor: 3 }])
        expect(await admin.snapshots('two')).toEqual([])
      }))

    test('executions come in pages, each with the facts that its row is computed from', () =>
      withFilled(async admin => {
        const first = await admin.executionsWithFacts('one', '', 2)
        expect(first.map(({ id }) => id)).toEqual(['a', 'b'])
        expect(first[0]!.facts.map(({ fact }) => fact.id).toSorted()).toEqual([
          'a',
          'a/feedback',
          'a/outcome',
          'a/step',
        ])
        expect(first[0]!.row).toMatchObject({ success: true, ratingCount: 1, costMicroUsd: 4000 })
        const rest = await admin.executionsWithFacts('one', 'b', 2)
        expect(rest.map(({ id, row }) => [id, row.decidedAtUs])).toEqual([['parked', null]])
      }))

    test('a sound database has no problems and no strays', () =>
      withFilled(async admin => {
        expect(await admin.integrityProblems(10)).toEqual([])
        expect(await admin.strays('one', 10)).toEqual({ factsWithoutRow: [], vectorsWithoutExecution: [] })
      }))

    test('an identity that is taken over is the one that the store then has', () =>
      withFilled(async (admin, options) => {
        await admin.adoptOrigin('00000000-0000-4000-8000-000000000001')
        const store = await openStore(options)
        expect(store.origin).toBe('00000000-0000-4000-8000-000000000001')
        await store.close()
      }))

    test('upkeep, short and full, says what it did and changes nothing that is read', () =>
      withFilled(async admin => {
        const before = await contentsOf(admin)
        for (const full of [false, true]) {
          const seen: number[] = []
          const steps = await admin.maintain({ full }, done => seen.push(done))
          expect(steps.length).toBeGreaterThan(0)
          expect(seen.length).toBe(steps.length)
        }
        expect(await contentsOf(admin)).toEqual(before)
      }))

    test('a database in use is not alone, and is once nobody else has it', () =>
      withFilled(async (admin, options) => {
        const store = await openStore(options)
        await store.stats('one')
        await expect(admin.assertAlone()).rejects.toMatchObject({ code: 'STORE_BUSY' })
        await store.close()
        // A server may take a moment to notice that a connection has ended.
        await vi.waitFor(() => admin.assertAlone(), { timeout: 5_000 })
      }))

    test('connections report what is known, without credentials', () =>
      withFilled(async admin => {
        const { summary, clients } = await admin.connections()
        expect(Object.keys(summary).length).toBeGreaterThan(1)
        expect(clients === null || Array.isArray(clients)).toBe(true)
        expect(admin.location).not.toContain('@')
      }))

    test('a closed one refuses every call', () =>
      withFilled(async admin => {
        await admin.close()
        for (const call of [() => admin.schema(), () => admin.scopes(), () => admin.integrityProblems(1)]) {
          await expect(call()).rejects.toMatchObject({ code: 'CLOSED' })
        }
      }))
  })
}

async function contentsOf(admin: StoreAdmin) {
  return {
    executions: (await admin.executionsWithFacts('one', '', 100)).map(({ facts, ...rest }) => ({
      ...rest,
      facts: facts.toSorted((a, b) => a.cursor - b.cursor),
    })),
    vectors: await collect(admin.vectors('one')),
    snapshots: await admin.snapshots('one'),
    scopes: await admin.scopes(),
  }
}
