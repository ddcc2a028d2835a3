import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { tacit, temporaryDirectory } from './run.ts'

const json = (text: string) => JSON.parse(text)

/** A database with three recorded executions. */
async function filledDirectory(): Promise<string> {
  const cwd = temporaryDirectory()
  const stdin = [0, 1, 2]
    .map(index => JSON.stringify({ task: `Case ${index}`, arm: 'a', success: index > 0 }))
    .join('\n')
  await tacit(['record', '-'], { cwd, stdin })
  return cwd
}

describe('tacit db', () => {
  it('check shows the schema, and fails where it is behind; migrate brings it up to date', async () => {
    const cwd = await filledDirectory()
    expect(await tacit(['db', 'check'], { cwd })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/tacit\.db \(SQLite\)\nSchema version (\d+) of \1\n/),
    })
    const { latestVersion } = json((await tacit(['db', 'check', '--json'], { cwd })).stdout)
    const back = await tacit(['db', 'rollback', '--to', '1'], { cwd })
    expect(back).toMatchObject({ code: 0, stderr: '' })
    expect(back.stdout).toContain(`schema version ${latestVersion} → 1`)
    expect(back.stdout).toContain('This Tacit brings the schema up again when it next uses the database')
    expect(back.stdout).toMatch(/kept in \S+before-rollback\S+: 6 facts in 1 scope/)
    expect(back.stdout).toMatch(
      /Undo: tacit db migrate --db \.\/tacit\.db && tacit db restore \S+before-rollback\S+ --db \.\/tacit\.db/,
    )
    expect(await tacit(['db', 'check'], { cwd })).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('behind: run "tacit db migrate"'),
    })
    expect((await tacit(['db', 'migrate'], { cwd })).stdout).toContain(`schema version 1 → ${latestVersion}`)
    expect((await tacit(['db', 'check', '--json'], { cwd })).code).toBe(0)
  })

  it('migrate makes a database where there is none', async () => {
    const cwd = temporaryDirectory()
    expect(await tacit(['db', 'migrate', '--db', 'new.db', '--json'], { cwd })).toMatchObject({ code: 0 })
    expect(json((await tacit(['status', '--db', 'new.db', '--json'], { cwd })).stdout).executions).toBe(0)
  })

  it('backup, reset and restore lead back to the same log', async () => {
    const cwd = await filledDirectory()
    const logHash = async () => json((await tacit(['db', 'validate', '--json'], { cwd })).stdout).scopes[0]?.logHash
    const before = await logHash()
    expect(await tacit(['db', 'backup', 'copy.db'], { cwd })).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^copy\.db: 6 facts in 1 scope, .*, checked\n$/),
    })
    expect((await tacit(['db', 'backup', 'copy.db'], { cwd })).code).toBe(1)

    const unconfirmed = await tacit(['db', 'reset'], { cwd })
    expect(unconfirmed).toMatchObject({ code: 2, stdout: '' })
    expect(unconfirmed.stderr).toMatch(/removes everything .* Repeat it with --confirm\. Nothing was changed/)
    expect((await tacit(['db', 'reset', '--confirm', '--scope', 'default'], { cwd })).code).toBe(2)
    expect(await logHash()).toBe(before)

    const reset = json((await tacit(['db', 'reset', '--confirm', '--json'], { cwd })).stdout)
    expect(await logHash()).toBeUndefined()
    expect(existsSync(join(cwd, reset.backup.file))).toBe(true)
    const restored = await tacit(['db', 'restore', 'copy.db'], { cwd })
    expect(restored).toMatchObject({ code: 0, stderr: '' })
    expect(restored.stdout).toContain('Restored from copy.db: 6 facts')
    expect(await logHash()).toBe(before)
  })

  it('validate counts executions as status does: without one whose decision is not there yet', async () => {
    const cwd = await filledDirectory()
    await tacit(['observe', 'not-decided', '--success'], { cwd })
    const { executions, parkedOutcomes } = json((await tacit(['status', '--json'], { cwd })).stdout)
    expect({ executions, parkedOutcomes }).toEqual({ executions: 3, parkedOutcomes: 1 })
    const { scopes } = json((await tacit(['db', 'validate', '--json'], { cwd })).stdout)
    expect(scopes).toMatchObject([{ facts: 7, executions: 3 }])
  })

  it('copy moves a scope into another database and shows that both logs are the same', async () => {
    const cwd = await filledDirectory()
    const report = json(
      (await tacit(['db', 'copy', '--from', 'tacit.db', '--to', 'other.db', '--json'], { cwd })).stdout,
    )
    expect(report.scopes).toMatchObject([{ scope: 'default', facts: 6, vectors: 3 }])
    const found = json((await tacit(['db', 'validate', '--db', 'other.db', '--json'], { cwd })).stdout)
    expect(found.scopes[0].logHash).toBe(report.scopes[0].logHash)
    const missing = await tacit(['db', 'copy', '--from', 'none.db', '--to', 'x.db'], { cwd })
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error NOT_FOUND: .*none\.db/) })
    expect(readdirSync(cwd)).not.toContain('x.db')
  })

  it('maintain and connections say what they found', async () => {
    const cwd = await filledDirectory()
    expect((await tacit(['db', 'maintain', '--full'], { cwd })).stdout).toMatch(/space given back +\d+ of \d+ pages/)
    expect((await tacit(['db', 'connections'], { cwd })).stdout).toMatch(
      /journalMode +wal[\s\S]*No other process uses it/,
    )
  })

  it.each([
    ['check'],
    ['validate'],
    ['maintain'],
    ['connections'],
    ['backup', 'x.db'],
    ['rollback', '--to', '1'],
    ['reset', '--confirm'],
  ])('%s of a database that is not there says so and makes none', async (...words) => {
    const cwd = temporaryDirectory()
    const { code, stdout, stderr } = await tacit(['db', ...words], { cwd })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^error NOT_FOUND: There is no database at \.\/tacit\.db/)
    expect(readdirSync(cwd)).toEqual([])
  })

  it('refuses versions that are none, and names what can be done', async () => {
    const cwd = await filledDirectory()
    expect(await tacit(['db', 'rollback', '--to', 'x'], { cwd })).toMatchObject({ code: 2, stdout: '' })
    const up = await tacit(['db', 'rollback', '--to', '99'], { cwd })
    expect(up).toMatchObject({ code: 2, stderr: expect.stringMatching(/cannot be brought to 99 this way; from 1 to/) })
  })
})
