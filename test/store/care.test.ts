import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { backupDatabase, resetDatabase, restoreDatabase, rollbackDatabase } from '../../src/store/backup.ts'
import {
  checkDatabase,
  copyDatabase,
  maintainDatabase,
  migrateDatabase,
  validateDatabase,
} from '../../src/store/care.ts'
import { openStore, type StoreOptions } from '../../src/store/open.ts'
import { latestVersion } from '../../src/store/sqlite/migrations.ts'
import { fill } from '../contract/store-admin.suite.ts'
import { decisionFact, outcomeFact, recorded } from '../helpers/facts.ts'
import { digestsOf, openStoreAt, runChild, temporaryDirectory } from './temporary.ts'

let directory: string
let options: StoreOptions
const at = (name: string): StoreOptions => ({ ...options, db: join(directory, name) })
const hashes = async (place: StoreOptions) =>
  (await validateDatabase(place)).scopes.map(({ scope, logHash }) => [scope, logHash])

beforeEach(async () => {
  directory = temporaryDirectory()
  options = { db: join(directory, 'tacit.db'), durability: 'normal', busyTimeoutMs: 2_000 }
  const store = await openStore(options)
  await fill(store)
  await store.close()
})

/** Changes a closed file behind Tacit's back. */
function tamper(sql: string, path = options.db): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

describe('a backup', () => {
  test('taken while others write is whole as of one moment, and sound', async () => {
    const store = await openStoreAt(options.db)
    const texts = Array.from({ length: 3_000 }, (_, index) => [decisionFact(`e${index}`), outcomeFact(`e${index}`)])
    await store.append('one', texts)
    let isDone = false
    let written = 0
    const writing = (async () => {
      while (!isDone) {
        written += 1
        await store.append('one', [[decisionFact(`late${written}`)]])
      }
    })()
    const report = await backupDatabase(options, join(directory, 'copy.db'))
    isDone = true
    await writing
    expect(written).toBeGreaterThan(0)
    expect(report.scopes.map(({ scope }) => scope)).toEqual(['one', 'only counted', 'two'])
    const found = await validateDatabase(at('copy.db'))
    expect(found).toMatchObject({ isSound: true, problems: [] })
    expect(found.scopes[0]!.facts).toBe(report.scopes[0]!.facts)
    expect(report.scopes[0]!.facts).toBeGreaterThanOrEqual(6_006)
    expect(readdirSync(directory).filter(name => name.endsWith('.tmp'))).toEqual([])
  })

  test('never replaces a file, and leaves the database as it is', async () => {
    writeFileSync(join(directory, 'copy.db'), 'precious')
    const before = digestsOf(directory)
    await expect(backupDatabase(options, join(directory, 'copy.db'))).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    expect(digestsOf(directory)).toEqual(before)
  })

  test('of a directory that is not there, or of a file that is no database, says so', async () => {
    await expect(backupDatabase(options, join(directory, 'none/copy.db'))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    })
    writeFileSync(join(directory, 'note.txt'), 'Dear diary')
    await expect(backupDatabase(at('note.txt'), join(directory, 'copy.db'))).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
    })
    expect(existsSync(join(directory, 'copy.db'))).toBe(false)
  })

  test('restored gives the same log, keeps what was there, and that can be restored in turn', async () => {
    const before = await hashes(options)
    await backupDatabase(options, join(directory, 'copy.db'))
    const store = await openStore(options)
    await store.append('three', [[decisionFact('x')]])
    await store.close()
    const after = await hashes(options)
    expect(after).not.toEqual(before)

    const report = await restoreDatabase(options, join(directory, 'copy.db'))
    expect(await hashes(options)).toEqual(before)
    expect(report.backup!.file).toMatch(/tacit\.db\.before-restore-\d{8}T\d{9}Z$/)
    await restoreDatabase(options, report.backup!.file)
    expect(await hashes(options)).toEqual(after)
  })

  test('is restored to a path where nothing is', async () => {
    await backupDatabase(options, join(directory, 'copy.db'))
    const report = await restoreDatabase(at('new.db'), join(directory, 'copy.db'))
    expect(report.backup).toBeNull()
    expect(await hashes(at('new.db'))).toEqual(await hashes(options))
  })

  test('of an older schema is brought up to date when it is restored, and stays as it is itself', async () => {
    await rollbackDatabase(options, latestVersion - 1)
    await backupDatabase(options, join(directory, 'old.db'))
    const digest = digestsOf(directory, ['old.db'])
    await restoreDatabase(at('new.db'), join(directory, 'old.db'))
    expect((await checkDatabase(at('new.db'))).version).toBe(latestVersion)
    expect(digestsOf(directory, ['old.db'])).toEqual(digest)
  })

  test('that is damaged, newer, foreign or missing is refused, and nothing is changed', async () => {
    await backupDatabase(options, join(directory, 'good.db'))
    const good = readFileSync(join(directory, 'good.db'))
    writeFileSync(join(directory, 'cut.db'), good.subarray(0, good.length - 4096))
    const damaged = Buffer.from(good)
    damaged.fill(0xee, 4096 * 6)
    writeFileSync(join(directory, 'damaged.db'), damaged)
    copyFileSync(join(directory, 'good.db'), join(directory, 'newer.db'))
    tamper(`PRAGMA user_version = ${latestVersion + 1}`, join(directory, 'newer.db'))
    writeFileSync(join(directory, 'foreign.db'), 'Dear diary')
    const before = digestsOf(directory, ['tacit.db'])
    const codes = {
      cut: 'STORE_CORRUPT',
      damaged: 'STORE_CORRUPT',
      newer: 'STORE_NEWER',
      foreign: 'STORE_CORRUPT',
      none: 'NOT_FOUND',
    }
    for (const [name, code] of Object.entries(codes)) {
      await expect(restoreDatabase(options, join(directory, `${name}.db`)), name).rejects.toMatchObject({ code })
      expect(digestsOf(directory, ['tacit.db'])).toEqual(before)
    }
    expect(readdirSync(directory).filter(name => name.includes('before'))).toEqual([])
  })

  test('is not restored over a file that is no Tacit database', async () => {
    await backupDatabase(options, join(directory, 'copy.db'))
    writeFileSync(join(directory, 'note.txt'), 'Dear diary')
    await expect(restoreDatabase(at('note.txt'), join(directory, 'copy.db'))).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      message: expect.stringContaining('move it away'),
    })
    expect(readFileSync(join(directory, 'note.txt'), 'utf8')).toBe('Dear diary')
  })
})

describe('without room on the disk', () => {
  /** Runs the command line where no file may grow beyond half a megabyte. */
  function tacitWithoutRoom(...words: string[]): Promise<string> {
    const main = fileURLToPath(new URL('../../src/serve/cli/main.ts', import.meta.url))
    const args = ['-c', 'ulimit -f 1000; exec "$@"', 'sh', process.execPath, main, ...words]
    return new Promise(resolve =>
      execFile('sh', args, { cwd: directory }, (_error, _stdout, stderr) => resolve(stderr)),
    )
  }

  test('a backup leaves no file behind, and a restore leaves everything as it was', async () => {
    const store = await openStore(at('big.db'))
    await store.append(
      'big',
      Array.from({ length: 1_500 }, (_, index) => [decisionFact(`e${index}`)]),
    )
    await store.close()
    expect(statSync(join(directory, 'big.db')).size).toBeGreaterThan(1_000_000)
    const before = await hashes(options)
    expect(await tacitWithoutRoom('db', 'backup', 'copy.db', '--db', 'big.db')).toMatch(
      /^error (STORE_UNAVAILABLE|DISK_FULL): /,
    )
    expect(readdirSync(directory).filter(name => /copy|tmp/.test(name))).toEqual([])
    expect(await tacitWithoutRoom('db', 'restore', 'big.db')).toMatch(/^error (STORE_UNAVAILABLE|DISK_FULL): /)
    expect(await validateDatabase(options)).toMatchObject({ isSound: true })
    expect(await hashes(options)).toEqual(before)
  })
})

describe('a rollback, a restore and a reset', () => {
  test('keep a backup of what was there, from which everything comes back', async () => {
    const before = await hashes(options)
    const { backup, from, to } = await rollbackDatabase(options, 1)
    expect([from, to]).toEqual([latestVersion, 1])
    await migrateDatabase(options)
    expect(await hashes(options)).toEqual(before)
    const reset = await resetDatabase(options)
    expect(await hashes(options)).toEqual([])
    for (const file of [backup!.file, reset.backup!.file]) {
      await restoreDatabase(options, file)
      expect(await hashes(options)).toEqual(before)
    }
  })

  test('are refused while another process has the database, which then goes on undisturbed', async () => {
    await backupDatabase(options, join(directory, 'copy.db'))
    const refused: unknown[] = []
    await runChild({ path: options.db, durability: 'normal', appends: -1, prefix: 'x' }, async (line, kill) => {
      if (!line.startsWith('stored x-2 ')) return
      for (const change of [
        () => rollbackDatabase(options, 1),
        () => resetDatabase(options),
        () => restoreDatabase(options, join(directory, 'copy.db')),
      ]) {
        refused.push(await change().catch(error => ({ code: error.code, message: error.message })))
      }
      kill()
    })
    const message = expect.stringMatching(/in use by another process \(.*\d+\); nothing was changed/)
    expect(refused).toEqual([1, 2, 3].map(() => ({ code: 'STORE_BUSY', message })))
    expect(await validateDatabase(options)).toMatchObject({ isSound: true })
  })

  test('go only to versions that are there', async () => {
    for (const version of [0, latestVersion, latestVersion + 1, -1, 0.5]) {
      await expect(rollbackDatabase(options, version)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    }
    await expect(migrateDatabase(options, latestVersion - 1)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect((await checkDatabase(options)).version).toBe(latestVersion)
  })

  test('leave a new identity after a reset, and the old one after a restore', async () => {
    const originOf = async () => {
      const store = await openStore(options)
      await store.close()
      return store.origin
    }
    const before = await originOf()
    const { backup } = await resetDatabase(options)
    expect(await originOf()).not.toBe(before)
    await restoreDatabase(options, backup!.file)
    expect(await originOf()).toBe(before)
  })
})

describe('an older schema', () => {
  test('is brought up to date once by several processes that start at the same time', async () => {
    for (let round = 0; round < 2; round += 1) {
      await rollbackDatabase(options, 1)
      const children = [0, 1].map(index =>
        runChild({ path: options.db, durability: 'normal', appends: 2, prefix: `r${round}c${index}` }),
      )
      for (const { lines } of await Promise.all(children)) expect(lines.at(-1)).toMatch(/^stored /)
      const { migrations } = await checkDatabase(options)
      expect(migrations.every(({ isApplied }) => isApplied)).toBe(true)
    }
    expect(await validateDatabase(options)).toMatchObject({ isSound: true })
  })

  test('is shown by check, and left as it is', async () => {
    await rollbackDatabase(options, 1)
    const digest = digestsOf(directory, ['tacit.db'])
    expect(await checkDatabase(options)).toMatchObject({ version: 1, latestVersion })
    await expect(validateDatabase(options)).rejects.toMatchObject({ message: expect.stringContaining('db migrate') })
    expect(digestsOf(directory, ['tacit.db'])).toEqual(digest)
  })
})

describe('validation', () => {
  test('finds a changed row, a missing row, a stray vector, a broken vector and a fact that is none', async () => {
    const fact = "UPDATE fact SET body = json_set(body, '$.propensity', 7) WHERE id = 'b' AND scope = 'two'"
    tamper("UPDATE execution SET success = 0, arm = 'other' WHERE id = 'a' AND scope = 'one'")
    tamper("DELETE FROM execution WHERE id = 'b' AND scope = 'one'")
    tamper(
      "UPDATE vector SET vector = x'0000807f0000807f' WHERE execution_id = 'a' AND embedder = 'e' AND scope = 'two'",
    )
    tamper(fact)
    const { isSound, problemCount, problems } = await validateDatabase(options)
    expect({ isSound, problemCount }).toEqual({ isSound: false, problemCount: problems.length })
    expect(problems.map(({ kind, scope, id }) => `${kind} ${scope} ${id}`).toSorted()).toEqual([
      'fact two b',
      'projection one a',
      'projection one b',
      'projection two b',
      'vector one b',
      'vector two a',
    ])
    expect(problems.find(({ id, scope }) => id === 'a' && scope === 'one')!.message).toMatch(
      /arm, success$|success, arm$/,
    )
  })

  test('reports damaged pages, and does not stop there', async () => {
    const store = await openStore(options)
    await store.append(
      'big',
      Array.from({ length: 300 }, (_, index) => [decisionFact(`e${index}`)]),
    )
    await store.close()
    const bytes = readFileSync(options.db)
    bytes.fill(0xee, bytes.length - 4096 * 3)
    writeFileSync(options.db, bytes)
    const { isSound, problems } = await validateDatabase(options)
    expect(isSound).toBe(false)
    expect(problems.some(({ kind }) => kind === 'structure')).toBe(true)
  })

  test('says how far it is', async () => {
    const seen: (readonly [number, number])[] = []
    await validateDatabase(options, (done, total) => seen.push([done, total]))
    expect(seen.at(-1)).toEqual([22, 22])
  })
})

describe('a copy', () => {
  test('has the same log, vectors, counters, snapshots and identity, whatever was in which order', async () => {
    const store = await openStoreAt(options.db)
    await store.append('one', [[recorded(decisionFact('early', { origin: 'elsewhere' }), 17)]])
    const report = await copyDatabase(options, at('copy.db'))
    expect(report.scopes.map(({ scope, facts, vectors }) => [scope, facts, vectors])).toEqual([
      ['one', 7, 3],
      ['only counted', 0, 0],
      ['two', 6, 3],
    ])
    expect(await hashes(at('copy.db'))).toEqual(await hashes(options))
    const copy = await openStoreAt(join(directory, 'copy.db'))
    expect(copy.origin).toBe(store.origin)
    for (const scope of ['one', 'two']) {
      const ids = async (side: typeof store) => (await side.tail(scope, 0, 100)).map(({ fact }) => fact.id)
      expect(await ids(copy)).toEqual(await ids(store))
      expect(await copy.counters(scope)).toEqual(await store.counters(scope))
    }
    const kept = (await copy.loadSnapshot('one', 'policy'))!
    const until = (await copy.tail('one', 0, 100)).filter(({ cursor }) => cursor <= kept.cursor)
    expect(until.map(({ fact }) => fact.id)).toEqual(['a', 'a/step', 'a/outcome'])
    expect(kept.bytes).toEqual(Uint8Array.of(1, 0, 255))
  })

  test('can be repeated, goes on after it was broken off, and takes in what has come since', async () => {
    const store = await openStoreAt(options.db)
    await copyDatabase(options, at('copy.db'))
    await store.append('two', [[decisionFact('later')]])
    for (let round = 0; round < 2; round += 1) {
      const { scopes } = await copyDatabase(options, at('copy.db'))
      expect(scopes.at(-1)).toMatchObject({ scope: 'two', facts: 7, vectors: 3 })
    }
    expect(await hashes(at('copy.db'))).toEqual(await hashes(options))
    expect(await (await openStoreAt(join(directory, 'copy.db'))).counters('two')).toEqual({ learning: 3 })
  })

  test('of one scope leaves the others out and keeps its own identity', async () => {
    await copyDatabase(options, at('copy.db'), { scope: 'two' })
    const copy = await openStoreAt(join(directory, 'copy.db'))
    expect(await copy.scopes()).toEqual(['two'])
    expect(copy.origin).not.toBe((await openStoreAt(options.db)).origin)
    await expect(copyDatabase(options, at('other.db'), { scope: 'none' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('into a scope that holds other facts is refused, and they stay alone', async () => {
    const other = await openStoreAt(join(directory, 'other.db'))
    await other.append('one', [[decisionFact('mine')]])
    await expect(copyDatabase(options, at('other.db'))).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    expect((await other.tail('one', 0, 10)).map(({ fact }) => fact.id)).toEqual(['mine'])
    await expect(copyDatabase(options, options)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})

describe('upkeep', () => {
  test('ends the growth of the log beside the file that a reader caused, once the reader has left', async () => {
    const store = await openStoreAt(options.db)
    const reader = new DatabaseSync(options.db)
    reader.exec('BEGIN; SELECT * FROM fact LIMIT 1')
    const batch = (round: number) =>
      Array.from({ length: 500 }, (_, index) => [decisionFact(`r${round}-${index}`), outcomeFact(`r${round}-${index}`)])
    for (let round = 0; round < 25; round += 1) await store.append('one', batch(round))
    const logBytes = () => statSync(`${options.db}-wal`).size
    const grown = logBytes()
    expect(grown).toBeGreaterThan(12 * 1024 * 1024)
    const held = await maintainDatabase(options)
    expect(held.steps.at(-1)!.result).toMatch(/a reader or writer holds it/)
    reader.exec('COMMIT')
    reader.close()
    for (let round = 100; round < 103; round += 1) await store.append('one', batch(round))
    expect(logBytes()).toBeLessThanOrEqual(8 * 1024 * 1024)
    await maintainDatabase(options)
    expect(logBytes()).toBe(0)
    expect((await store.stats('one')).executions).toBe(14_002)
  })

  test('is not needed where reads overlap without an end: the log stays bounded by itself', async () => {
    const reading = `
      const { DatabaseSync } = require('node:sqlite')
      const { setTimeout: sleep } = require('node:timers/promises')
      const [a, b] = [1, 2].map(() => new DatabaseSync(process.argv[1]))
      const begin = one => { one.exec('BEGIN'); one.prepare('SELECT * FROM fact LIMIT 1').get() }
      const overlap = async () => {
        for (begin(a); ; ) { begin(b); await sleep(4); a.exec('COMMIT'); begin(a); await sleep(4); b.exec('COMMIT') }
      }
      overlap(); console.log('ready')`
    const store = await openStoreAt(options.db)
    const reader = spawn(process.execPath, ['--no-warnings', '-e', reading, options.db], { stdio: 'pipe' })
    onTestFinished(() => void reader.kill())
    await once(reader.stdout, 'data')
    const long = (id: string) => decisionFact(id, { body: { task: 'x'.repeat(2_000) } })
    let largestBytes = 0
    for (let round = 0; round < 60; round += 1) {
      const groups = Array.from({ length: 500 }, (_, index) => [long(`r${round}-${index}`)])
      await store.append('one', groups)
      largestBytes = Math.max(largestBytes, statSync(`${options.db}-wal`).size)
    }
    expect(largestBytes).toBeGreaterThan(8 * 1024 * 1024)
    expect(largestBytes).toBeLessThan(48 * 1024 * 1024)
    expect(reader.exitCode).toBeNull()
  })

  test('gives back the space that a rollback or pruning left', async () => {
    const store = await openStoreAt(options.db)
    const groups = Array.from({ length: 2_000 }, (_, index) => [decisionFact(`e${index}`)])
    await store.append('big', groups)
    await store.close()
    tamper("DELETE FROM fact WHERE scope = 'big'; DELETE FROM execution WHERE scope = 'big'; PRAGMA wal_checkpoint")
    const before = statSync(options.db).size
    const { steps } = await maintainDatabase(options)
    expect(steps[0]!.result).toMatch(/^\d+ of \d+ pages$/)
    expect(statSync(options.db).size).toBeLessThan(before / 2)
  })

  test('of a file in a directory that does not exist, or of a folder, is refused', async () => {
    mkdirSync(join(directory, 'folder.db'))
    for (const name of ['none.db', 'folder.db']) {
      await expect(validateDatabase(at(name))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    }
    await expect(checkDatabase({ ...options, db: ':memory:' })).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
  })
})
