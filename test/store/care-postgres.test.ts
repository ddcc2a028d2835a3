import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { query } from '../../scripts/postgres/query.ts'
import { openTacit } from '../../src/engine/open.ts'
import { backupDatabase, resetDatabase, restoreDatabase, rollbackDatabase } from '../../src/store/backup.ts'
import {
  checkDatabase,
  connectionsOf,
  copyDatabase,
  maintainDatabase,
  migrateDatabase,
  validateDatabase,
} from '../../src/store/care.ts'
import { openStore, type StoreOptions } from '../../src/store/open.ts'
import { fill } from '../contract/store-admin.suite.ts'
import { decisionFact, outcomeFact, recorded } from '../helpers/facts.ts'
import { freshDatabase } from '../helpers/postgres.ts'
import { temporaryDirectory } from './temporary.ts'

const common = { durability: 'normal', busyTimeoutMs: 2_000 } as const
const hashes = async (place: StoreOptions) =>
  (await validateDatabase(place)).scopes.map(({ scope, logHash }) => [scope, logHash])

/** A database on the server of this test run, filled or empty. */
async function onServer(isFilled: boolean): Promise<StoreOptions> {
  const { url, drop } = await freshDatabase()
  onTestFinished(drop)
  const options = { db: url, ...common }
  if (isFilled) await fillDatabase(options)
  return options
}

async function fillDatabase(options: StoreOptions): Promise<void> {
  const store = await openStore(options)
  await fill(store)
  await store.append('two', [[recorded(decisionFact('early', { origin: 'elsewhere' }), 17)]])
  await store.close()
}

/** A directory, which is the working directory during the test: backups before a change go there. */
function inDirectory(): { at(name: string): StoreOptions; directory: string } {
  const directory = temporaryDirectory()
  const spy = vi.spyOn(process, 'cwd').mockReturnValue(directory)
  onTestFinished(() => spy.mockRestore())
  return { directory, at: name => ({ db: join(directory, name), ...common }) }
}

describe('a copy between SQLite and PostgreSQL', () => {
  test('there and back gives the same log, vectors, counters, snapshots and identity', async () => {
    const { at } = inDirectory()
    await fillDatabase(at('first.db'))
    const server = await onServer(false)
    const there = await copyDatabase(at('first.db'), server)
    const back = await copyDatabase(server, at('second.db'))
    expect(server.db).toContain('@')
    expect(there.to + back.from).not.toContain('@')
    const expected = await hashes(at('first.db'))
    expect(expected.length).toBe(3)
    expect(await hashes(server)).toEqual(expected)
    expect(await hashes(at('second.db'))).toEqual(expected)

    const sides = [await openStore(at('first.db')), await openStore(server), await openStore(at('second.db'))]
    onTestFinished(async () => {
      for (const side of sides) await side.close()
    })
    const query = { embedder: 'e', vector: Float32Array.of(0.6, 0.8), threshold: -1, limit: 10 }
    const seen = sides.map(async store => ({
      origin: store.origin,
      order: (await store.tail('two', 0, 100)).map(({ fact }) => fact),
      counters: await store.counters('two'),
      executions: await store.executions('one', {}),
      nearest: await store.nearest('one', query),
      snapshot: (await store.loadSnapshot('one', 'policy'))?.bytes,
    }))
    const [first, onServerSide, second] = await Promise.all(seen)
    expect(first!.nearest.length).toBe(2)
    expect(onServerSide).toEqual(first)
    expect(second).toEqual(first)
  })

  test('of many facts goes on after it was broken off', async () => {
    const { at } = inDirectory()
    const store = await openStore(at('first.db'))
    const ids = Array.from({ length: 2_500 }, (_, index) => `e${index}`)
    const vectors = ids.map(executionId => ({ executionId, embedder: 'e', vector: Float32Array.of(1, 2, 3) }))
    await store.append(
      's',
      ids.map(id => [decisionFact(id), outcomeFact(id)]),
      vectors,
    )
    await store.close()
    const server = await onServer(false)
    const breakOff = (done: number) => {
      if (done > 3_000) throw new Error('broken off')
    }
    await expect(copyDatabase(at('first.db'), server, { onProgress: breakOff })).rejects.toThrow('broken off')
    const { scopes } = await copyDatabase(at('first.db'), server)
    expect(scopes).toMatchObject([{ scope: 's', facts: 5_000, vectors: 2_500 }])
    expect(await hashes(server)).toEqual(await hashes(at('first.db')))
  })
})

describe('what was pruned', () => {
  const dayMs = 86_400_000
  const startMs = Date.UTC(2026, 0, 1)

  /** Forty executions, one a day; the steps of the first thirty are pruned, then the first ten whole. */
  async function prunedHistory(options: StoreOptions): Promise<void> {
    let nowMs = startMs
    const tacit = await openTacit({ db: options.db, seed: 'pruned', now: () => nowMs })
    for (let day = 0; day < 40; day += 1) {
      nowMs = startMs + day * dayMs
      const { decisionId } = await tacit.decide({ task: `Case ${day % 4}`, arms: ['a', 'b'], decisionId: `d${day}` })
      await tacit.step(decisionId, { name: 'look' })
      await tacit.observe(decisionId, { success: day % 3 > 0, durationMs: 100 + day })
    }
    await tacit.prune({ what: 'steps', before: startMs + 29.5 * dayMs })
    const { facts } = await tacit.prune({ before: startMs + 9.5 * dayMs })
    expect(facts).toBe(20)
    await tacit.close()
  }

  /** All that is known afterwards, with what a pruned fact does when it is told again. */
  async function knownIn(options: StoreOptions) {
    const tacit = await openTacit({ db: options.db, seed: 'pruned', now: () => startMs + 41 * dayMs })
    const { groups } = await tacit.metrics({ groupBy: ['arm'] })
    const { durationMs: _, ...replay } = await tacit.replay({ verify: true })
    const again = await tacit.observe('d3', { success: true, outcomeId: 'd3/outcome' })
    const recommended = await tacit.recommend({ task: 'Case 1', arms: ['a', 'b'] })
    await tacit.close()
    return { groups, replay, again: again.awaitsDecision, arms: recommended.arms }
  }

  test('is known in a copy as it was: learned state, sums, and ids that are taken', async () => {
    const { at, directory } = inDirectory()
    await prunedHistory(at('first.db'))
    const server = await onServer(false)
    await copyDatabase(at('first.db'), server)
    await copyDatabase(server, at('second.db'))
    await backupDatabase(server, join(directory, 'backup.db'))
    await restoreDatabase(at('third.db'), join(directory, 'backup.db'))
    expect(await validateDatabase(server)).toMatchObject({ isSound: true })
    const expected = await knownIn(at('first.db'))
    expect(expected.replay.verified).toBe(true)
    expect(expected.groups.reduce((sum, { executions }) => sum + executions, 0)).toBe(40)
    for (const place of [server, at('second.db'), at('third.db')]) expect(await knownIn(place)).toEqual(expected)
  })

  test('is copied whole or refused: a scope that holds some of it already is left alone', async () => {
    const { at } = inDirectory()
    await prunedHistory(at('first.db'))
    const server = await onServer(false)
    await copyDatabase(at('first.db'), server)
    await expect(copyDatabase(at('first.db'), server)).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      message: expect.stringContaining('was pruned'),
    })
    expect(await validateDatabase(server)).toMatchObject({ isSound: true })
  })
})

describe('a backup of PostgreSQL', () => {
  test('is a file that opens by itself, and restores to a server and to a file', async () => {
    const { at, directory } = inDirectory()
    const server = await onServer(true)
    const expected = await hashes(server)
    const report = await backupDatabase(server, join(directory, 'copy.db'))
    expect(report.scopes.map(({ scope, facts }) => [scope, facts])).toEqual([
      ['one', 6],
      ['only counted', 0],
      ['two', 7],
    ])
    expect(await hashes(at('copy.db'))).toEqual(expected)
    const other = await onServer(false)
    for (const target of [other, at('new.db')]) {
      const restored = await restoreDatabase(target, join(directory, 'copy.db'))
      expect(restored.backup).toBeNull()
      expect(await hashes(target)).toEqual(expected)
    }
  })

  test('is made before a reset, a rollback and a restore, and brings everything back', async () => {
    inDirectory()
    const server = await onServer(true)
    const expected = await hashes(server)
    const reset = await resetDatabase(server)
    expect(await hashes(server)).toEqual([])
    expect(existsSync(reset.backup!.file)).toBe(true)
    await restoreDatabase(server, reset.backup!.file)
    expect(await hashes(server)).toEqual(expected)

    const { latestVersion } = await checkDatabase(server)
    const rollback = await rollbackDatabase(server, latestVersion - 1)
    expect((await checkDatabase(server)).version).toBe(latestVersion - 1)
    await migrateDatabase(server)
    expect(await hashes(server)).toEqual(expected)
    const restore = await restoreDatabase(server, rollback.backup!.file)
    expect(restore.backup!.file).toContain('before-restore')
    expect(await hashes(server)).toEqual(expected)
  })

  test('is refused, like every change, while others use the database', async () => {
    const { directory } = inDirectory()
    const server = await onServer(true)
    await backupDatabase(server, join(directory, 'copy.db'))
    const store = await openStore(server)
    await store.stats('one')
    const changes = [
      () => resetDatabase(server),
      () => rollbackDatabase(server, 1),
      () => restoreDatabase(server, join(directory, 'copy.db')),
    ]
    for (const change of changes) {
      await expect(change()).rejects.toMatchObject({ code: 'STORE_BUSY', message: expect.stringContaining('in use') })
    }
    const { clients } = await connectionsOf(server)
    expect(clients!.length).toBeGreaterThan(0)
    expect(clients![0]!.name).toMatch(/^tacit \(/)
    await store.close()
    expect(await validateDatabase(server)).toMatchObject({ isSound: true })
  })
})

describe('the care of PostgreSQL', () => {
  test('of a database where nothing was set up yet says what to do, and sets nothing up', async () => {
    const server = await onServer(false)
    for (const look of [validateDatabase, maintainDatabase]) {
      await expect(look(server)).rejects.toMatchObject({
        message: expect.stringContaining('Run "tacit db migrate" first'),
      })
    }
    expect(await checkDatabase(server)).toMatchObject({ version: 0 })
  })

  test('finds a changed row, a missing row, a stray vector, a fact that is none and a place given out twice', async () => {
    const server = await onServer(true)
    for (const sql of [
      "update tacit.execution set success = false where id = 'a' and scope = 'one'",
      "delete from tacit.execution where id = 'b' and scope = 'one'",
      "update tacit.fact set body = jsonb_set(body::jsonb, '{propensity}', '7')::text where id = 'b' and scope = 'two'",
      "update tacit.scope set cursor = 99 where scope = 'two'",
    ]) {
      await query(server.db, sql)
    }
    const { isSound, problems } = await validateDatabase(server)
    expect(isSound).toBe(false)
    expect(problems.map(({ kind, scope, id }) => `${kind} ${scope} ${id}`).toSorted()).toEqual([
      'fact two b',
      'projection one a',
      'projection one b',
      'projection two b',
      'structure null null',
      'vector one b',
    ])
  })

  test('keeps up partitions, tables and indexes while others write', async () => {
    const server = await onServer(true)
    const store = await openStore(server)
    let isDone = false
    const writing = (async () => {
      for (let index = 0; !isDone; index += 1) await store.append('one', [[decisionFact(`w${index}`)]])
    })()
    const { steps } = await maintainDatabase({ ...server, full: true })
    isDone = true
    await writing
    expect(steps.map(({ name }) => name)).toContain('indexes rebuilt')
    await store.close()
    expect(await validateDatabase(server)).toMatchObject({ isSound: true })
  })

  test('drops the months of the log that pruning has emptied, and keeps those that hold a fact', async () => {
    const server = await onServer(true)
    const day = Date.UTC(2025, 2, 14) * 1000
    await query(server.db, `select tacit.make_fact_partitions(${String(day)}, 2)`)
    const store = await openStore(server)
    await store.append('old', [
      [recorded(decisionFact('march'), day)],
      [recorded(decisionFact('april'), day + 28 * 86_400e6)],
    ])
    const cursor = (await store.tail('old', 0, 10))[0]!.cursor
    await store.prune('old', { executionIds: ['march'], what: 'executions', cursor })
    const { steps } = await maintainDatabase(server)
    expect(steps).toContainEqual({ name: 'emptied partitions dropped', result: '1 month' })
    expect((await store.tail('old', 0, 10)).map(({ fact }) => fact.id)).toEqual(['april'])
    // A fact of a dropped month is taken all the same.
    await store.append('old', [[recorded(decisionFact('late'), day + 1)]])
    await store.close()
    expect(await validateDatabase(server)).toMatchObject({ isSound: true })
  })

  test('migrates an older schema once, whoever comes first', async () => {
    const server = await onServer(true)
    const expected = await hashes(server)
    const spy = inDirectory()
    expect(spy.directory).not.toBe('')
    await rollbackDatabase(server, 1)
    const stores = await Promise.all([1, 2, 3].map(() => openStore(server)))
    for (const store of stores) await store.close()
    const { migrations } = await checkDatabase(server)
    expect(migrations.every(({ isApplied }) => isApplied)).toBe(true)
    expect(await hashes(server)).toEqual(expected)
  })
})
