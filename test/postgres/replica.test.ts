import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { databaseAt, query } from '../../scripts/postgres/query.ts'
import { type PostgresServer, startPostgres } from '../../scripts/postgres/server.ts'
import { openTacit, type Tacit, type TacitEvents } from '../../src/index.ts'
import { tacit as commandLine } from '../cli/run.ts'

let primary: PostgresServer
let standby: PostgresServer
let tacit: Tacit
const errors: TacitEvents['error'][] = []
const databaseOf = (server: PostgresServer) => databaseAt(server.url, 'shop')
const record = (id: string, success = true) =>
  tacit.record({ task: `Count the stock ${id}`, arm: 'careful', executionId: id, success })
const replica = async () => (await tacit.status()).replica!
const executionsSeen = async () => (await tacit.metrics()).groups.reduce((sum, group) => sum + group.executions, 0)

/** Keeps the standby from taking in what has arrived, or lets it go on. */
const setPaused = (isPaused: boolean) =>
  query(standby.url, isPaused ? 'select pg_wal_replay_pause()' : 'select pg_wal_replay_resume()')

beforeAll(async () => {
  primary = await startPostgres()
  await query(primary.url, 'create database shop')
  await query(databaseOf(primary), 'create extension vector')
  const setUp = await openTacit({ db: databaseOf(primary) })
  await setUp.close()
  standby = await startPostgres({ standbyOf: primary })
  tacit = await openTacit({
    db: databaseOf(primary),
    postgres: { replicaUrl: databaseOf(standby), replicaMaxLagMs: 600_000 },
  })
  tacit.events.on('error', error => errors.push(error))
})
afterAll(async () => {
  await tacit?.close()
  await standby?.remove()
  await primary?.remove()
})

describe('with a standby', () => {
  test('analytics and similarity are answered by it, and status says that it is up to date', async () => {
    for (let index = 0; index < 5; index++) await record(`first-${index}`, index > 0)
    await expect.poll(replica, { timeout: 20_000 }).toMatchObject({ lagFacts: 0, lagMs: 0, reason: null })
    await expect.poll(executionsSeen, { timeout: 20_000 }).toBe(5)
    expect(await tacit.similar('Count the stock first-0', { limit: 1 })).toMatchObject([
      { execution: { id: 'first-0' } },
    ])
    expect(await replica()).toMatchObject({ fallbacks: 0 })
    expect((await replica()).location).toBe(`postgres://127.0.0.1:${standby.port}/shop`)
  })

  test('what has not arrived there is missing in the answers, and status says how much it is', async () => {
    await setPaused(true)
    await record('late')
    expect(await executionsSeen()).toBe(5)
    await expect.poll(replica, { timeout: 20_000 }).toMatchObject({ lagFacts: 2, reason: null })
    expect((await replica()).lagMs).toBeGreaterThan(0)
    await setPaused(false)
    await expect.poll(executionsSeen, { timeout: 20_000 }).toBe(6)
  })

  test('choices and learning come from the primary, however far behind it is', async () => {
    await setPaused(true)
    const { decisionId } = await tacit.decide({ task: 'Count the till', arms: ['careful', 'quick'] })
    await tacit.observe(decisionId, { success: true })
    expect(await tacit.replay({ verify: true })).toMatchObject({ verified: true, executions: 7 })
    await setPaused(false)
  })

  test('one that lags more than allowed is passed over, until it has caught up', async () => {
    const strict = await openTacit({
      db: databaseOf(primary),
      postgres: { replicaUrl: databaseOf(standby), replicaMaxLagMs: 0 },
    })
    const state = async () => (await strict.status()).replica!
    await setPaused(true)
    await strict.record({ task: 'Count the stock', arm: 'careful', success: true })
    await expect.poll(state, { timeout: 20_000 }).toMatchObject({ reason: expect.stringContaining('ms behind') })
    const { groups } = await strict.metrics()
    expect(groups.reduce((sum, group) => sum + group.executions, 0)).toBe(8)
    expect((await state()).fallbacks).toBe(1)
    await setPaused(false)
    await expect.poll(state, { timeout: 20_000 }).toMatchObject({ reason: null, lagFacts: 0 })
    await strict.close()
  })

  test('one that is gone is replaced by the primary, which is told once and shown by status; later it is used again', async () => {
    await standby.stop()
    expect(await executionsSeen()).toBe(8)
    expect(await executionsSeen()).toBe(8)
    expect(errors).toMatchObject([{ where: 'replica', error: { code: 'STORE_UNAVAILABLE' } }])
    const state = await replica()
    expect(state.reason).toContain('cannot be reached')
    expect(state).toMatchObject({ lagFacts: null, lagMs: null, fallbacks: 2 })
    await standby.start()
    await expect.poll(replica, { timeout: 20_000 }).toMatchObject({ reason: null, lagFacts: 0 })
    expect(await executionsSeen()).toBe(8)
    expect((await replica()).fallbacks).toBe(2)
  })

  test('the command line takes it by --replica, shows it in the status, and says when the primary had to answer', async () => {
    const about = ['--db', databaseOf(primary), '--replica']
    const status = await commandLine([...about, databaseOf(standby), 'status'])
    expect(status.stdout).toContain(`postgres://127.0.0.1:${standby.port}/shop, up to date`)
    const gone = await commandLine([...about, 'postgres://postgres@127.0.0.1:1/shop', 'metrics'])
    expect(gone.stdout).toContain('careful')
    expect(gone.stderr).toContain('The primary answered in its place.')
  })
})

test('a server that does not follow this database is not asked', async () => {
  const other = databaseAt(primary.url, 'other')
  await query(primary.url, 'create database other')
  await query(other, 'create extension vector')
  await (await openTacit({ db: other })).close()
  const mistaken = await openTacit({ db: databaseOf(primary), postgres: { replicaUrl: other } })
  expect((await mistaken.metrics()).groups).not.toEqual([])
  expect((await mistaken.status()).replica!.reason).toContain('is not a replica of this database')
  await mistaken.close()
})

test('a standby for a file is refused', async () => {
  await expect(openTacit({ db: ':memory:', postgres: { replicaUrl: standby.url } })).rejects.toMatchObject({
    code: 'INVALID_CONFIG',
  })
})
