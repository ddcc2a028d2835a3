import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fillAndMeasure } from '../../bench/scale/growth.ts'
import { sqlitePlace } from '../../bench/scale/places.ts'
import { query } from '../../scripts/postgres/query.ts'
import { openTacit } from '../../src/index.ts'
import { freshDatabase } from '../helpers/postgres.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/scale.md'), 'utf8')
const keysOfTables = `
  SELECT relname AS name,
    (SELECT array_agg(attname::text ORDER BY place) FROM pg_index, unnest(indkey) WITH ORDINALITY AS key (number, place)
      JOIN pg_attribute ON attrelid = pg_class.oid AND attnum = number
      WHERE indrelid = pg_class.oid AND indisprimary) AS key
  FROM pg_class WHERE relnamespace = 'tacit'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition`

test('the statements for Citus name every table, and distribute by the scope each whose key begins with it', async () => {
  const database = await freshDatabase()
  await (await openTacit({ db: database.url })).close()
  const tables = (await query(database.url, keysOfTables)) as { name: string; key: string[] }[]
  const named = (form: RegExp) => [...page.matchAll(form)].map(([, name]) => name).toSorted()
  const withKey = (beginsWithScope: boolean) =>
    tables
      .filter(({ key }) => (key[0] === 'scope') === beginsWithScope)
      .map(({ name }) => name)
      .toSorted()
  expect(named(/create_distributed_table\('tacit\.(\w+)', 'scope'/g)).toEqual(withKey(true))
  expect(named(/create_reference_table\('tacit\.(\w+)'/g)).toEqual(withKey(false))
  await database.drop()
})

test('the bench finds what executions take: more than their text and vector, in the tables that hold them', async () => {
  const { bytes, bytesByTable } = await fillAndMeasure(sqlitePlace, 100)
  const vectorBytes = 256 * 4
  expect(bytesByTable.vector).toBeGreaterThan(vectorBytes)
  expect(bytesByTable.fact).toBeGreaterThan(500)
  expect(bytes).toBeCloseTo(
    Object.values(bytesByTable).reduce((sum, size) => sum + size, 0),
    6,
  )
})
