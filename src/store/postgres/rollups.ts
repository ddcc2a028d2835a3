import {
  keyDigests,
  type RollupCell,
  type RollupFold,
  type RollupPlace,
  type RollupRange,
  type RollupStore,
} from '../rollups.ts'
import type { Database, Session } from './database.ts'

/** Cells taken per read, so that a long answer does not fill the memory. */
const pageLength = 512
const selectCursor = { text: 'SELECT cursor FROM rollup WHERE scope = $1 AND name = $2' }
// A lookup for each place: joined as a whole, a table without statistics yet is read once for every place.
const selectValues = {
  text: `
    SELECT found.value
    FROM unnest($3::text[], $4::bigint[], $5::text[]) WITH ORDINALITY AS place (period, start_us, key_digest, at)
    LEFT JOIN LATERAL (
      SELECT c.value FROM rollup_cell c
      WHERE c.scope = $1 AND c.name = $2 AND c.period = place.period AND c.start_us = place.start_us
        AND c.key_digest = place.key_digest
      LIMIT 1
    ) AS found ON true
    ORDER BY place.at`,
}
const selectPage = {
  text: `
    SELECT start_us, key_digest, key, value FROM rollup_cell WHERE scope = $1 AND name = $2 AND period = $3
      AND (start_us, key_digest) > ($4, $5) AND start_us < $6 ORDER BY start_us, key_digest LIMIT $7`,
}
const begin = { text: 'BEGIN' }
const commit = { text: 'COMMIT' }
const beginRollup = { text: 'INSERT INTO rollup (scope, name, cursor) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING' }
const lockCursor = { text: 'SELECT cursor FROM rollup WHERE scope = $1 AND name = $2 FOR UPDATE' }
const moveCursor = { text: 'UPDATE rollup SET cursor = $3 WHERE scope = $1 AND name = $2' }
// Whoever saves holds the row of the cursor, so no cell moves between being found and being removed.
const deleteCells = {
  text: `
    DELETE FROM rollup_cell WHERE ctid = ANY(ARRAY(
      SELECT found.ctid FROM unnest($3::text[], $4::bigint[], $5::text[]) AS place (period, start_us, key_digest)
      CROSS JOIN LATERAL (
        SELECT c.ctid FROM rollup_cell c
        WHERE c.scope = $1 AND c.name = $2 AND c.period = place.period AND c.start_us = place.start_us
          AND c.key_digest = place.key_digest
        LIMIT 1
      ) AS found
    ))`,
}
const upsertCells = {
  text: `
    INSERT INTO rollup_cell (scope, name, period, start_us, key_digest, key, value)
    SELECT $1, $2, * FROM unnest($3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[])
    ON CONFLICT (scope, name, period, start_us, key_digest) DO UPDATE SET value = excluded.value`,
}
const deleteAllCells = { text: 'DELETE FROM rollup_cell WHERE scope = $1 AND name = $2' }
const deleteRollup = { text: 'DELETE FROM rollup WHERE scope = $1 AND name = $2' }

/** The rollups of one PostgreSQL database. */
export class PostgresRollups implements RollupStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async cursor(scope: string, name: string): Promise<number> {
    const [row] = await this.#database.query(selectCursor, scope, name)
    return Number(row?.cursor ?? 0)
  }

  async get(scope: string, name: string, places: readonly RollupPlace[]): Promise<(string | null)[]> {
    if (places.length === 0) return []
    const rows = await this.#database.query(selectValues, scope, name, ...columnsOf(places))
    return rows.map(row => row.value as string | null)
  }

  async *scan(
    scope: string,
    name: string,
    { period, fromUs, toUs }: RollupRange,
  ): AsyncGenerator<RollupCell & { readonly value: string }> {
    const endUs = Math.min(toUs, Number.MAX_SAFE_INTEGER)
    // No digest is as short as '', so the first page begins with the first cell at `fromUs`.
    for (let startUs = fromUs, digest = ''; ; ) {
      const rows = await this.#database.query(selectPage, scope, name, period, startUs, digest, endUs, pageLength)
      for (const row of rows) {
        yield { period, startUs: row.start_us as number, key: row.key as string, value: row.value as string }
      }
      if (rows.length < pageLength) return
      startUs = rows.at(-1)!.start_us as number
      digest = rows.at(-1)!.key_digest as string
    }
  }

  /** If it is not known whether the commit came through, the second attempt finds the cursor moved and changes nothing. */
  async save(scope: string, name: string, fold: RollupFold): Promise<boolean> {
    return this.#database.retry(() => this.#database.session(session => save(session, scope, name, fold)))
  }

  async drop(scope: string, name: string): Promise<void> {
    await this.#database.retry(() =>
      this.#database.session(async session => {
        await session.run(begin)
        await session.run(lockCursor, scope, name)
        await session.run(deleteAllCells, scope, name)
        await session.run(deleteRollup, scope, name)
        await session.run(commit)
      }),
    )
  }
}

async function save(session: Session, scope: string, name: string, fold: RollupFold): Promise<boolean> {
  await session.run(begin)
  await session.run(beginRollup, scope, name)
  const [row] = await session.run(lockCursor, scope, name)
  const isFirst = row?.cursor === fold.fromCursor
  if (isFirst) {
    const kept = fold.cells.filter(({ value }) => value !== null)
    const removed = fold.cells.filter(({ value }) => value === null)
    if (removed.length > 0) await session.run(deleteCells, scope, name, ...columnsOf(removed))
    if (kept.length > 0) {
      const texts = [kept.map(({ key }) => key), kept.map(({ value }) => value)]
      await session.run(upsertCells, scope, name, ...columnsOf(kept), ...texts)
    }
    await session.run(moveCursor, scope, name, fold.toCursor)
  }
  await session.run(commit)
  return isFirst
}

function columnsOf(places: readonly RollupPlace[]) {
  const digestOf = keyDigests()
  return [
    places.map(({ period }) => period),
    places.map(({ startUs }) => startUs),
    places.map(({ key }) => digestOf(key)),
  ]
}
