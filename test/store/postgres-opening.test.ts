import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseAddress } from '../../src/store/postgres/address.ts'
import { latestVersion } from '../../src/store/postgres/migrations.ts'
import { openPostgresStore, type PostgresOptions } from '../../src/store/postgres/open.ts'
import { decisionFact } from '../helpers/facts.ts'
import { freshDatabase } from '../helpers/postgres.ts'

const common = { durability: 'normal', busyTimeoutMs: 5_000 } as const

async function fresh() {
  const { url, drop } = await freshDatabase()
  const admin = new pg.Client(url)
  await admin.connect()
  onTestFinished(async () => {
    await admin.end()
    await drop()
  })
  const open = async (options: Partial<PostgresOptions> = {}) => {
    const store = await openPostgresStore({ url, ...common, ...options })
    onTestFinished(() => store.close())
    return store
  }
  return { url, admin, open }
}

/** A role that ends with the test, and the URL under which it connects. */
async function roleOn({ url, admin }: { url: string; admin: pg.Client }, name: string): Promise<string> {
  const unique = `${name}_${new URL(url).pathname.slice(-8)}`
  await admin.query(`CREATE ROLE ${unique} LOGIN`)
  onTestFinished(async () => {
    await admin.query(`DROP OWNED BY ${unique}; DROP ROLE ${unique}`)
  })
  const own = new URL(url)
  own.username = unique
  return own.href
}

/** The statements for a role as docs/postgres.md shows them. */
function documentedGrants(role: string): string {
  const page = readFileSync(new URL('../../docs/postgres.md', import.meta.url), 'utf8')
  return [...page.matchAll(/```sql\n(.*?)```/gs)].map(([, sql]) => sql!).find(sql => sql.includes(role))!
}

describe('the URL', () => {
  test.each([
    ['postgres://me@here/tacit', 'postgres://here/tacit'],
    ['postgresql://me:secret@here:6543/tacit?sslmode=require', 'postgres://here:6543/tacit'],
    ['postgres://me:p%40ss%2Fword@[::1]:5432/tacit', 'postgres://[::1]:5432/tacit'],
    ['postgres:///tacit?host=/run/postgresql&user=me', 'postgres:///run/postgresql/tacit'],
    ['postgres:///tacit', 'postgres:///tacit'],
  ])('%s is shown as %s', (url, location) => {
    expect(parseAddress(url).location).toBe(location)
  })

  test.each([
    'postgres://me:pa/ss@here/tacit',
    'postgres://me:12/ss@here/tacit',
    'postgres://me:pa?ss@here/tacit',
    'postgres://me:pa#ss@here/tacit',
    'postgres://me:1#ss@here/tacit',
    'postgres://me:pa%ss@here/tacit',
    'postgres://me:pass@here:port/tacit',
    'postgres://me:pass@here/tacit?sslmode=prefer',
    'postgres://me:pass@here/tacit?sslmode=pass',
    'postgres://me:pass@here/tacit?options=-c%20work_mem=1',
  ])('%s is refused, and the message holds nothing of the password', url => {
    const refused = (() => {
      try {
        parseAddress(url)
      } catch (error) {
        return error
      }
      return null
    })()
    expect(refused).toMatchObject({ code: 'INVALID_CONFIG' })
    expect(inspect(refused, { depth: 9 }).split('\n    at ')[0]).not.toMatch(/pa.?ss\b|12|ss@/)
  })

  test('without verification or with it asks for encryption as PostgreSQL does, and "disable" for none', async () => {
    const { url } = await fresh()
    for (const mode of ['require', 'verify-full']) {
      // The server of the tests has no certificate, so it must refuse.
      await expect(openPostgresStore({ url: `${url}?sslmode=${mode}`, ...common })).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringMatching(/SSL/),
      })
    }
    const store = await openPostgresStore({ url: `${url}?sslmode=disable`, ...common })
    await store.close()
  })
})

describe('a password', () => {
  test('with odd characters is in no error, no details and no location', async () => {
    const { url } = await fresh()
    const secret = `s3cr-e't"$&+, ;=%{}€`
    const cases: [string, string][] = []
    for (const [what, change] of [
      ['no such role', { username: 'nobody_here' }],
      ['no such database', { pathname: '/nothing_here' }],
      ['no server', { port: '1' }],
      ['no such host', { hostname: 'nowhere.invalid' }],
    ] as const) {
      const target = Object.assign(new URL(url), { username: 'postgres', ...change })
      target.password = encodeURIComponent(secret)
      cases.push([what, target.href])
    }
    for (const [what, href] of cases) {
      const error = await openPostgresStore({ url: href, ...common, connectTimeoutMs: 2_000 }).then(
        () => null,
        (reason: unknown) => reason,
      )
      expect(error, what).toMatchObject({ code: 'STORE_UNAVAILABLE' })
      const shown = inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error)
      expect(shown).not.toContain('s3cr')
    }
  })
})

describe('setting up', () => {
  test('is done once by several that start at the same time', async () => {
    const { admin, open } = await fresh()
    const stores = await Promise.all(Array.from({ length: 16 }, () => open({ poolSize: 2 })))
    expect(new Set(stores.map(({ origin }) => origin)).size).toBe(1)
    const { rows } = await admin.query('SELECT version FROM tacit.migration ORDER BY version')
    expect(rows.map(({ version }) => version)).toEqual(Array.from({ length: latestVersion }, (_, index) => index + 1))
  })

  test('leaves everything outside its schema as it was', async () => {
    const { admin, open } = await fresh()
    await admin.query('CREATE TABLE fact (mine text); CREATE TABLE scope (mine text)')
    const store = await open()
    await store.append('s', [[decisionFact('a')]])
    expect((await admin.query('SELECT count(*)::int AS n FROM public.fact')).rows).toEqual([{ n: 0 }])
    const { rows } = await admin.query(
      "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'",
    )
    expect(rows.map(({ relname }) => relname).toSorted()).toEqual(['fact', 'scope'])
  })

  test('finds pgvector wherever it was installed', async () => {
    const { admin, open } = await fresh()
    await admin.query('DROP EXTENSION IF EXISTS vector; CREATE SCHEMA "Ext 1"; CREATE EXTENSION vector SCHEMA "Ext 1"')
    const store = await open()
    const vector = Float32Array.of(0.6, 0.8)
    await store.append('s', [[decisionFact('a')]], [{ executionId: 'a', embedder: 'e', vector }])
    const [found] = await store.nearest('s', { embedder: 'e', vector, threshold: 0.5, limit: 1 })
    expect(found).toMatchObject({ similarity: 1, execution: { id: 'a' } })
  })

  test('is refused in a schema of that name that somebody else made, which stays as it is', async () => {
    const { admin, open } = await fresh()
    await admin.query('CREATE SCHEMA tacit; CREATE TABLE tacit.theirs (a int)')
    await expect(open()).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
    const { rows } = await admin.query("SELECT relname FROM pg_class WHERE relnamespace = 'tacit'::regnamespace")
    expect(rows).toEqual([{ relname: 'theirs' }])
  })

  test('is refused in a database whose encoding could not hold every text', async () => {
    const { url, admin } = await fresh()
    const name = `latin_${new URL(url).pathname.slice(-8)}`
    await admin.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING LATIN1 LOCALE_PROVIDER libc LOCALE 'C'`)
    onTestFinished(async () => {
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
    })
    const latin = Object.assign(new URL(url), { pathname: `/${name}` }).href
    await expect(openPostgresStore({ url: latin, ...common })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/LATIN1.*UTF8/),
    })
  })

  test('is refused by a database of a newer Tacit, and by tables that were changed by hand', async () => {
    const { admin, open } = await fresh()
    await open()
    const newer = latestVersion + 1
    await admin.query("INSERT INTO tacit.migration (version, name, checksum) VALUES ($1, 'later', 'x')", [newer])
    await expect(open()).rejects.toMatchObject({ code: 'STORE_NEWER', details: { version: newer } })
    await admin.query("UPDATE tacit.migration SET checksum = 'x' WHERE version = 1")
    await admin.query('DELETE FROM tacit.migration WHERE version = $1', [newer])
    await expect(open()).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  })
})

describe('a role', () => {
  test('with no more than the rights that docs/postgres.md grants works on what another one has set up', async () => {
    const database = await fresh()
    const { admin, open } = database
    const url = await roleOn(database, 'app')
    const { username } = new URL(url)
    await expect(open({ url })).rejects.toMatchObject({
      code: 'STORE_READ_ONLY',
      message: expect.stringMatching(/set up/),
    })
    expect((await admin.query("SELECT to_regnamespace('tacit') AS found")).rows).toEqual([{ found: null }])

    const owner = await open()
    await admin.query(documentedGrants('tacit_app').replaceAll('tacit_app', username))
    const store = await open({ url })
    const vector = Float32Array.of(0.6, 0.8)
    await store.append('s', [[decisionFact('a')]], [{ executionId: 'a', embedder: 'e', vector }])
    await store.count('s', 'errors')
    await store.saveSnapshot('s', 'policy', {
      cursor: 1,
      position: { recordedAtUs: 1, id: 'a' },
      bytes: new Uint8Array(3),
    })
    expect((await store.nearest('s', { embedder: 'e', vector, threshold: 0.5, limit: 1 })).length).toBe(1)
    expect(await store.stats('s')).toMatchObject({ executions: 1 })
    expect((await owner.tail('s', 0, 10)).length).toBe(1)
  })

  test('that may only read reads everything, and each of its writes is refused', async () => {
    const database = await fresh()
    const owner = await database.open()
    await owner.append('s', [[decisionFact('a')]])
    const url = await roleOn(database, 'reader')
    const { username } = new URL(url)
    await database.admin.query(documentedGrants('tacit_reader').replaceAll('tacit_reader', username))
    for (const store of [await database.open({ url }), await database.open({ readOnly: true })]) {
      expect((await store.tail('s', 0, 10)).length).toBe(1)
      expect(await store.changedByOthers('s')).toBe(true)
      const writes = [
        () => store.append('s', [[decisionFact('b')]]),
        () => store.count('s', 'errors'),
        () => store.dropSnapshot('s', 'policy'),
        () =>
          store.saveSnapshot('s', 'policy', {
            cursor: 1,
            position: { recordedAtUs: 1, id: 'x' },
            bytes: new Uint8Array(),
          }),
      ]
      for (const write of writes) await expect(write()).rejects.toMatchObject({ code: 'STORE_READ_ONLY' })
    }
    expect((await owner.tail('s', 0, 10)).length).toBe(1)
  })
})
