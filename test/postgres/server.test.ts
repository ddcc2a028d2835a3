import { expect, test } from 'vitest'
import { query } from '../../scripts/postgres/query.ts'
import { startPostgres } from '../../scripts/postgres/server.ts'
import { freshDatabase } from '../helpers/postgres.ts'

test('each test has an empty database of its own, with vectors, and leaves none behind', async () => {
  const [one, other] = await Promise.all([freshDatabase(), freshDatabase()])
  await query(one!.url, 'create table note (text text)')
  await query(one!.url, "insert into note values ('here')")
  expect(await query(one!.url, "select text, '[3,4]'::vector <-> '[0,0]' as distance from note")).toEqual([
    { text: 'here', distance: 5 },
  ])
  expect(await query(other!.url, "select to_regclass('note') as found")).toEqual([{ found: null }])
  await one!.drop()
  await expect(query(one!.url, 'select 1')).rejects.toThrow('does not exist')
  await other!.drop()
})

test('a server of its own survives being killed: what was committed is there when it starts again', async () => {
  const server = await startPostgres()
  try {
    await query(server.url, 'create table note (text text)')
    await query(server.url, "insert into note values ('kept')")
    await server.kill()
    await expect(query(server.url, 'select 1')).rejects.toThrow('ECONNREFUSED')
    await server.start()
    expect(await query(server.url, 'select text from note')).toEqual([{ text: 'kept' }])
  } finally {
    await server.remove()
  }
})

test('a standby follows the server that it was made from', async () => {
  const primary = await startPostgres()
  const standby = await startPostgres({ standbyOf: primary })
  try {
    await query(primary.url, 'create table note (text text)')
    const [{ end }] = (await query(primary.url, 'select pg_current_wal_lsn()::text as end')) as [{ end: string }]
    const replayed = async () => {
      const [row] = await query(standby.url, 'select pg_last_wal_replay_lsn() >= $1::pg_lsn as arrived', [end])
      return row!.arrived
    }
    await expect.poll(replayed, { timeout: 30_000 }).toBe(true)
    expect(await query(standby.url, 'select count(*)::int from note')).toEqual([{ count: 0 }])
    await expect(query(standby.url, "insert into note values ('x')")).rejects.toThrow('read-only')
  } finally {
    await standby.remove()
    await primary.remove()
  }
})
