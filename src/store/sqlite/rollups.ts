import {
  keyDigests,
  type RollupCell,
  type RollupFold,
  type RollupPlace,
  type RollupRange,
  type RollupStore,
} from '../rollups.ts'
import type { Connection } from './connection.ts'

/** Cells taken per read, so that a long answer neither fills the memory nor holds a view of the data open. */
const pageLength = 512
const selectCursor = 'SELECT cursor FROM rollup WHERE scope = ? AND name = ?'
const moveCursor =
  'INSERT INTO rollup (scope, name, cursor) VALUES (?, ?, ?) ' +
  'ON CONFLICT (scope, name) DO UPDATE SET cursor = excluded.cursor'
const ofPlace = 'WHERE scope = ? AND name = ? AND period = ? AND start_us = ? AND key_digest = ?'
const selectValue = `SELECT value FROM rollup_cell ${ofPlace}`
const deleteCell = `DELETE FROM rollup_cell ${ofPlace}`
const upsertCell =
  'INSERT INTO rollup_cell (scope, name, period, start_us, key_digest, key, value) VALUES (?, ?, ?, ?, ?, ?, ?) ' +
  'ON CONFLICT (scope, name, period, start_us, key_digest) DO UPDATE SET value = excluded.value'
const selectPage =
  'SELECT start_us, key_digest, key, value FROM rollup_cell WHERE scope = ? AND name = ? AND period = ? ' +
  'AND (start_us, key_digest) > (?, ?) AND start_us < ? ORDER BY start_us, key_digest LIMIT ?'

/** The rollups of one SQLite file. */
export class SqliteRollups implements RollupStore {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async cursor(scope: string, name: string): Promise<number> {
    return this.#connection.attempt(() => this.#cursor(scope, name))
  }

  async get(scope: string, name: string, places: readonly RollupPlace[]): Promise<(string | null)[]> {
    const connection = this.#connection
    const digestOf = keyDigests()
    return connection.read(() =>
      places.map(({ period, startUs, key }) => {
        const value = connection.value(selectValue, scope, name, period, startUs, digestOf(key))
        return (value ?? null) as string | null
      }),
    )
  }

  async *scan(
    scope: string,
    name: string,
    { period, fromUs, toUs }: RollupRange,
  ): AsyncGenerator<RollupCell & { readonly value: string }> {
    const connection = this.#connection
    const endUs = Math.min(toUs, Number.MAX_SAFE_INTEGER)
    // No digest is as short as '', so the first page begins with the first cell at `fromUs`.
    for (let startUs = fromUs, digest = ''; ; ) {
      const rows = await connection.attempt(() =>
        connection.all(selectPage, scope, name, period, startUs, digest, endUs, pageLength),
      )
      for (const row of rows) {
        yield { period, startUs: row.start_us as number, key: row.key as string, value: row.value as string }
      }
      if (rows.length < pageLength) return
      startUs = rows.at(-1)!.start_us as number
      digest = rows.at(-1)!.key_digest as string
    }
  }

  async save(scope: string, name: string, { fromCursor, toCursor, cells }: RollupFold): Promise<boolean> {
    const connection = this.#connection
    const digestOf = keyDigests()
    return connection.write(() => {
      if (this.#cursor(scope, name) !== fromCursor) return false
      for (const { period, startUs, key, value } of cells) {
        const place = [scope, name, period, startUs, digestOf(key)] as const
        if (value === null) connection.run(deleteCell, ...place)
        else connection.run(upsertCell, ...place, key, value)
      }
      connection.run(moveCursor, scope, name, toCursor)
      return true
    })
  }

  async drop(scope: string, name: string): Promise<void> {
    const connection = this.#connection
    await connection.write(() => {
      connection.run('DELETE FROM rollup_cell WHERE scope = ? AND name = ?', scope, name)
      connection.run('DELETE FROM rollup WHERE scope = ? AND name = ?', scope, name)
    })
  }

  #cursor(scope: string, name: string): number {
    return Number(this.#connection.value(selectCursor, scope, name) ?? 0)
  }
}
