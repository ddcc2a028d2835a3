import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { query } from '../../scripts/postgres/query.ts'
import { startPostgres } from '../../scripts/postgres/server.ts'
import { freshDatabase } from '../helpers/postgres.ts'
import { splitWords, tacit, temporaryDirectory } from './run.ts'

const task = 'Tidy the shop'
const json = (text: string) => JSON.parse(text)

async function onServer({ isSetUp = false } = {}): Promise<string> {
  const { url, drop } = await freshDatabase({ isSetUp })
  onTestFinished(drop)
  return url
}

const schemas = async (url: string) => query(url, "select nspname from pg_namespace where nspname = 'tacit'")

function withPassword(db: string, password: string): string {
  const url = new URL(db)
  url.password = password
  return url.href
}

/** The words of the printed line that begins with `start`, without the program's name. */
const pasted = (start: string, text: string) => splitWords(text.slice(text.indexOf(start)).split('\n')[0]!).slice(1)

/** A server that asks its user "shop" for a password. */
async function strictServer(): Promise<{ url: string; password: string }> {
  const directory = temporaryDirectory()
  const file = join(directory, 'hba.conf')
  writeFileSync(file, 'host all shop 127.0.0.1/32 scram-sha-256\nhost all postgres 127.0.0.1/32 trust\n')
  chmodSync(directory, 0o755)
  const server = await startPostgres({ settings: { hba_file: file } })
  onTestFinished(() => server.remove())
  const password = 'se cret'
  await query(server.url, `create role shop superuser login password '${password}'`)
  return { url: server.url.replace('//postgres@', '//shop@'), password }
}

describe('where nothing of Tacit is on a PostgreSQL server', () => {
  it.each([
    ['status'],
    ['metrics'],
    ['similar', task],
    ['recommend', task],
    ['replay'],
    ['export'],
    ['prune', '--before', '2020-01-01'],
    ['db', 'check'],
    ['db', 'validate'],
    ['db', 'connections'],
    ['db', 'backup', 'x.db'],
    ['db', 'reset', '--confirm'],
  ])('a question says how to set it up, and sets nothing up: %s', async (...args) => {
    const cwd = temporaryDirectory()
    const db = await onServer()
    const { code, stdout, stderr } = await tacit([...args, '--db', db], { cwd })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(`error NOT_FOUND: There is no database of Tacit at ${db}. Create it with "tacit init --db`)
    expect(await schemas(db)).toEqual([])
  })

  it('the doctor and a dry run set nothing up either', async () => {
    const cwd = temporaryDirectory()
    const db = await onServer()
    const { stdout } = await tacit(['doctor', '--json', '--db', db], { cwd })
    const found = json(stdout).findings.find(({ check }: { check: string }) => check === 'database')
    expect(found).toMatchObject({ state: 'warning', advice: expect.stringContaining(`tacit init --db ${db}`) })
    await tacit(['record', '-'], { cwd, stdin: JSON.stringify({ task, arm: 'a', success: true }) })
    await tacit(['export', 'all.ndjson'], { cwd })
    const tried = await tacit(['import', 'all.ndjson', '--dry-run', '--db', db], { cwd })
    expect(tried).toMatchObject({ code: 0 })
    expect(await schemas(db)).toEqual([])
  })

  it('what writes sets it up, and init tells whether it was there', async () => {
    const cwd = temporaryDirectory()
    const [first, second] = [await onServer(), await onServer()]
    expect((await tacit(['decide', task, '--arms', 'a', '--db', first], { cwd })).code).toBe(0)
    expect((await tacit(['init', '--db', first], { cwd })).stdout).toBe(
      `${first} is there already, with 1 execution.\n`,
    )
    expect((await tacit(['init', '--db', second], { cwd })).stdout).toBe(`Created ${second}.\n`)
  })
})

describe('a line to paste', () => {
  it('names the user and never the password, which PGPASSWORD gives', async () => {
    const cwd = temporaryDirectory()
    const { url: db, password } = await strictServer()
    const given = withPassword(db, password)
    const created = await tacit(['init', '--db', given], { cwd })
    const next = pasted('tacit decide', created.stderr)
    expect(next.slice(-2)).toEqual(['--db', db])
    const env = { PGPASSWORD: password }
    expect(await tacit(next, { cwd, env })).toMatchObject({ code: 0 })

    const unconfirmed = await tacit(['db', 'reset', '--db', given], { cwd })
    expect(unconfirmed.code).toBe(2)
    const reset = await tacit(['db', 'reset', '--confirm', '--db', given], { cwd })
    const undo = pasted('tacit db restore', reset.stdout)
    expect(undo.slice(-2)).toEqual(['--db', db])
    expect(await tacit(undo, { cwd, env })).toMatchObject({ code: 0 })
    expect(json((await tacit(['status', '--json', '--db', given], { cwd })).stdout)).toMatchObject({ executions: 1 })

    for (const { stdout, stderr } of [created, unconfirmed, reset]) expect(stdout + stderr).not.toContain('cret')
    for (const text of [created.stderr, reset.stdout]) expect(text).toContain('PGPASSWORD gives it')
  })

  it('names no database where the environment gives one with its password', async () => {
    const cwd = temporaryDirectory()
    const env = { TACIT_DB: withPassword(await onServer({ isSetUp: true }), 'secret') }
    await tacit(['decide', task, '--arms', 'a'], { cwd, env })
    const { stdout } = await tacit(['db', 'rollback', '--to', '1'], { cwd, env })
    expect(stdout).toContain('This Tacit brings the schema up again when it next uses the database')
    // The tables of a backup are the newest ones.
    expect(stdout).toContain('Undo: tacit db migrate && tacit db restore ')
    const undo = pasted('tacit db restore', stdout)
    expect(undo).not.toContain('--db')
    expect(await tacit(['db', 'migrate'], { cwd, env })).toMatchObject({ code: 0 })
    expect(stdout).not.toContain('PGPASSWORD')
    expect(await tacit(undo, { cwd, env })).toMatchObject({ code: 0 })
  })
})
