import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { openStore } from '../../src/store/open.ts'
import { Connection } from '../../src/store/sqlite/connection.ts'
import { applicationId, latestVersion, migrate, schemaVersion } from '../../src/store/sqlite/migrations.ts'
import { withoutSqliteWarning } from '../../src/store/sqlite/runtime.ts'
import { decisionFact, outcomeFact } from '../helpers/facts.ts'
import { digestsOf, openStoreAt, runChild, temporaryDirectory } from './temporary.ts'

const options = { durability: 'normal', busyTimeoutMs: 1_000 } as const

/** A closed Tacit database with 300 executions. */
async function makeDatabase(path: string): Promise<void> {
  const store = await openStoreAt(path)
  await store.append(
    's',
    Array.from({ length: 300 }, (_, index) => [decisionFact(`e${index}`), outcomeFact(`e${index}`)]),
  )
  await store.close()
}

function overwrite(path: string, at: number, bytes: Uint8Array): void {
  const file = openSync(path, 'r+')
  writeSync(file, bytes, 0, bytes.length, at)
  closeSync(file)
}

function sqlite(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

describe('a file that is not a sound Tacit database is refused and left byte-identical:', () => {
  const makers: Record<string, (path: string) => void | Promise<void>> = {
    'a text file': path => writeFileSync(path, 'Dear diary,\n'.repeat(1000)),
    'a short text file': path => writeFileSync(path, 'hello'),
    'a file of zeros': path => writeFileSync(path, new Uint8Array(8192)),
    "another program's database": path => sqlite(path, 'CREATE TABLE note (text); INSERT INTO note VALUES (1)'),
    "another program's database in WAL mode": path =>
      sqlite(path, 'PRAGMA journal_mode = WAL; PRAGMA application_id = 7; CREATE TABLE note (text)'),
    'a database without any table': path => sqlite(path, 'PRAGMA journal_mode = WAL; PRAGMA user_version = 0'),
    'tables of ours under another application id': async path => {
      await makeDatabase(path)
      sqlite(path, 'PRAGMA application_id = 8')
    },
    "another program's file with a log that is not folded in yet": path => {
      const database = new DatabaseSync(`${path}.source`)
      database.exec('PRAGMA journal_mode = WAL; CREATE TABLE note (text); INSERT INTO note VALUES (1)')
      for (const suffix of ['', '-wal']) copyFileSync(`${path}.source${suffix}`, `${path}${suffix}`)
      database.close()
    },
    'a database cut off in the middle': async path => {
      await makeDatabase(path)
      writeFileSync(path, readFileSync(path).subarray(0, statSync(path).size - 5_000))
    },
    'a database with a damaged schema': async path => {
      await makeDatabase(path)
      overwrite(path, 100, new Uint8Array(3_000).fill(0xee))
    },
    'a database whose pages are damaged': async path => {
      await makeDatabase(path)
      overwrite(path, 4096, new Uint8Array(statSync(path).size - 4096).fill(0xee))
    },
    'a database whose migrations were tampered with': async path => {
      await makeDatabase(path)
      sqlite(path, "UPDATE migration SET checksum = 'other'")
    },
    'a database without the table of migrations': async path => {
      await makeDatabase(path)
      sqlite(path, 'DROP TABLE migration')
    },
  }
  for (const [name, make] of Object.entries(makers)) {
    test(name, async () => {
      const directory = temporaryDirectory()
      const path = join(directory, 'tacit.db')
      await make(path)
      const before = digestsOf(directory)
      expect(before.size).toBeGreaterThan(0)
      for (const readOnly of [false, true]) {
        await expect(openStore({ db: path, ...options, readOnly })).rejects.toMatchObject({
          code: 'STORE_CORRUPT',
          message: expect.stringContaining(path),
        })
        expect(digestsOf(directory, [...before.keys()])).toEqual(before)
      }
    })
  }

  test('damage that only shows later is reported as such, and closing leaves the file as it is', async () => {
    const directory = temporaryDirectory()
    const path = join(directory, 'tacit.db')
    await makeDatabase(path)
    const size = statSync(path).size
    overwrite(path, size - 40 * 4096, new Uint8Array(40 * 4096).fill(0xee))
    const before = digestsOf(directory)
    const store = await openStoreAt(path)
    await expect(store.executions('s', {})).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
    await store.close()
    expect(digestsOf(directory, [...before.keys()])).toEqual(before)
  })
})

describe('a database of a newer Tacit is refused and left as it is', () => {
  test('when its header says so', async () => {
    const directory = temporaryDirectory()
    const path = join(directory, 'tacit.db')
    await makeDatabase(path)
    sqlite(path, `PRAGMA user_version = ${latestVersion + 1}`)
    const before = digestsOf(directory)
    await expect(openStore({ db: path, ...options })).rejects.toMatchObject({
      code: 'STORE_NEWER',
      details: { version: latestVersion + 1, latestVersion },
    })
    expect(digestsOf(directory, [...before.keys()])).toEqual(before)
  })

  test('when only the log beside it says so', async () => {
    const path = join(temporaryDirectory(), 'tacit.db')
    await makeDatabase(path)
    const other = new DatabaseSync(path)
    other.exec(`PRAGMA user_version = ${latestVersion + 1}`)
    for (const readOnly of [false, true]) {
      await expect(openStore({ db: path, ...options, readOnly })).rejects.toMatchObject({ code: 'STORE_NEWER' })
    }
    other.close()
  })
})

describe('a place that cannot be used', () => {
  test('is named with what to do: no directory, no file to read, an empty file to read, a directory, an odd path', async () => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'empty.db'), '')
    mkdirSync(join(directory, 'folder.db'))
    const cases = [
      [{ db: join(directory, 'missing/tacit.db') }, /no directory .*missing\. Create it first/],
      [{ db: join(directory, 'none.db'), readOnly: true }, /does not exist\. Check the path/],
      [{ db: join(directory, 'empty.db'), readOnly: true }, /is empty\. Open it once without readOnly/],
      [{ db: join(directory, 'folder.db') }, /is not a file/],
      [{ db: join(directory, 'a\0b.db') }, /Check/],
      [{ db: join(directory, 'x'.repeat(300)) }, /Check/],
    ] as const
    for (const [place, message] of cases) {
      await expect(openStore({ ...options, ...place })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message })
    }
    expect(readdirSync(directory).toSorted()).toEqual(['empty.db', 'folder.db'])
    expect(readdirSync(join(directory, 'folder.db'))).toEqual([])
  })

  test('without rights is refused: reading, writing and creating', async () => {
    const directory = temporaryDirectory()
    chmodSync(directory, 0o755)
    const path = join(directory, 'tacit.db')
    await makeDatabase(path)
    const attempt = async (at: string, readOnly = false) => {
      const task = { path: at, durability: 'normal', readOnly, appends: 0, prefix: 'x', asNobody: true } as const
      return (await runChild(task)).lines[0]!
    }
    chmodSync(path, 0o444)
    chmodSync(directory, 0o555)
    expect(await attempt(path)).toMatch(/^error STORE_READ_ONLY .*open it read-only/)
    expect(await attempt(join(directory, 'new.db'))).toMatch(/^error STORE_UNAVAILABLE .*may not write in/)
    chmodSync(path, 0o000)
    expect(await attempt(path, true)).toMatch(/^error STORE_UNAVAILABLE .*may not be read/)
    chmodSync(directory, 0o755)
    chmodSync(path, 0o644)
    expect(readdirSync(directory)).not.toContain('new.db')
  })

  test('of another kind is refused with the configuration to change', async () => {
    const cases = [
      ['mysql://localhost/tacit', /"mysql" databases are not known/],
      ['file://elsewhere/tacit.db', /not the URL of a local file/],
      ['', /is empty/],
    ] as const
    for (const [db, message] of cases) {
      await expect(openStore({ db, ...options })).rejects.toMatchObject({ code: 'INVALID_CONFIG', message })
    }
  })
})

describe('opening', () => {
  test('takes a path or a file URL, and makes an empty file a database', async () => {
    const path = join(temporaryDirectory(), 'a b#c?.db')
    writeFileSync(path, '')
    const store = await openStore({ db: pathToFileURL(path).href, ...options })
    await store.append('s', [[decisionFact('a')]])
    expect(store.location).toBe(path)
    await store.close()
    const again = await openStoreAt(path)
    expect((await again.executions('s', {})).length).toBe(1)
    expect(readFileSync(path).readUInt32BE(68)).toBe(applicationId)
  })

  test('in memory keeps nothing and leaves no file', async () => {
    const stores = [await openStoreAt(':memory:'), await openStoreAt(':memory:')]
    await stores[0]!.append('s', [[decisionFact('a')]])
    expect((await stores[0]!.executions('s', {})).length).toBe(1)
    expect((await stores[1]!.executions('s', {})).length).toBe(0)
    expect(await stores[0]!.changedByOthers('s')).toBe(false)
  })

  test('read-only reads everything and refuses every write', async () => {
    const path = join(temporaryDirectory(), 'tacit.db')
    await makeDatabase(path)
    const store = await openStoreAt(path, { readOnly: true })
    expect(await store.stats('s')).toMatchObject({ executions: 300, withOutcome: 300 })
    expect((await store.log('s', null, 1000)).length).toBe(600)
    const writes = [
      () => store.append('s', [[decisionFact('x')]]),
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
    const writer = await openStoreAt(path)
    await writer.append('s', [[decisionFact('x')]])
    expect(await store.changedByOthers('s')).toBe(true)
    expect((await store.facts('s', ['x'])).size).toBe(1)
  })

  test('prints no warning about SQLite', async () => {
    const path = join(temporaryDirectory(), 'tacit.db')
    const { lines, stderr } = await runChild({ path, durability: 'normal', appends: 1, prefix: 'x' })
    expect(lines.at(-1)).toBe('stored x-0 1')
    expect(stderr).toBe('')
  })

  test('holds back exactly that warning', () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockReturnValue()
    onTestFinished(() => emitWarning.mockRestore())
    withoutSqliteWarning(() => {
      process.emitWarning('SQLite is an experimental feature and might change at any time', 'ExperimentalWarning')
      process.emitWarning('Something else', 'ExperimentalWarning')
    })
    process.emitWarning('SQLite is an experimental feature: said by somebody else')
    expect(emitWarning.mock.calls).toEqual([
      ['Something else', 'ExperimentalWarning'],
      ['SQLite is an experimental feature: said by somebody else'],
    ])
  })
})

describe('migrations', () => {
  test('go down to an empty file and up again', async () => {
    const path = join(temporaryDirectory(), 'tacit.db')
    const connection = new Connection({ path, readOnly: false, busyTimeoutMs: 0 })
    const tables = () => connection.all("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name")
    await migrate(connection)
    const before = tables()
    expect(schemaVersion(connection)).toBe(latestVersion)
    expect(before.length).toBeGreaterThan(5)
    await migrate(connection, 0)
    expect([schemaVersion(connection), connection.value('PRAGMA application_id'), tables()]).toEqual([0, 0, []])
    await migrate(connection)
    expect(tables()).toEqual(before)
    connection.close()
    expect((await (await openStoreAt(path)).append('s', [[decisionFact('a')]]))[0]!.status).toBe('stored')
  })

  test('are taken once when several processes open a new file at the same time', async () => {
    for (let round = 0; round < 3; round += 1) {
      const path = join(temporaryDirectory(), 'tacit.db')
      const children = Array.from({ length: 4 }, (_, index) =>
        runChild({ path, durability: 'normal', appends: 2, prefix: `child${index}` }),
      )
      const results = await Promise.all(children)
      expect(new Set(results.map(({ lines }) => lines[0])).size).toBe(1)
      expect(results[0]!.lines[0]).toMatch(/^origin /)
      expect((await (await openStoreAt(path)).stats('s')).executions).toBe(8)
    }
  })
})
