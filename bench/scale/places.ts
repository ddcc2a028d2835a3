import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { databaseAt, query } from '../../scripts/postgres/query.ts'
import { startPostgres } from '../../scripts/postgres/server.ts'
import type { Place } from './growth.ts'

/** Indexes count for the table that they belong to. */
const sqliteSizes = `
  SELECT coalesce(tbl_name, 'other') AS name, sum(pgsize) AS bytes
  FROM dbstat LEFT JOIN sqlite_schema USING (name) GROUP BY 1`
/** Partitions count for the table that they are part of, and what is stored out of line for its table. */
const postgresSizes = `
  SELECT coalesce(parent.relname, child.relname) AS name,
    sum(pg_total_relation_size(child.oid) - coalesce(hnsw.bytes, 0))::float8 AS bytes
  FROM pg_class child
  LEFT JOIN pg_inherits ON inhrelid = child.oid LEFT JOIN pg_class parent ON parent.oid = inhparent
  LEFT JOIN (
    SELECT indrelid, sum(pg_relation_size(indexrelid)) AS bytes
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_am ON pg_am.oid = relam AND amname = 'hnsw'
    GROUP BY 1
  ) hnsw ON hnsw.indrelid = child.oid
  WHERE child.relnamespace = 'tacit'::regnamespace AND child.relkind = 'r' GROUP BY 1
  UNION ALL
  SELECT 'search index (HNSW)', sum(pg_relation_size(pg_class.oid))::float8
  FROM pg_class JOIN pg_am ON pg_am.oid = relam AND amname = 'hnsw'`

const missingIndex = `
  SELECT tacit.near_index_ddl(embedder, dimension) AS ddl FROM tacit.task_vector
  WHERE to_regclass(format('tacit.%I', tacit.near_index(embedder, dimension))) IS NULL LIMIT 1`

const sizesOf = (rows: readonly Record<string, unknown>[]) =>
  new Map(rows.map(({ name, bytes }) => [String(name), Number(bytes)]))

export const sqlitePlace: Place = {
  store: 'SQLite',
  async open() {
    const folder = await mkdtemp(join(tmpdir(), 'tacit-scale-'))
    const url = join(folder, 'tacit.db')
    return {
      url,
      async measure() {
        const database = new DatabaseSync(url)
        database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
        const sizes = sizesOf(database.prepare(sqliteSizes).all())
        database.close()
        return sizes
      },
      close: () => rm(folder, { recursive: true }),
    }
  },
}

export const postgresPlace: Place = {
  store: 'PostgreSQL',
  async open() {
    const server = await startPostgres()
    await query(server.url, 'create database scale')
    const url = databaseAt(server.url, 'scale')
    await query(url, 'create extension vector')
    return {
      url,
      async measure() {
        // As maintenance does once it pays: the index by which similar tasks are found.
        const [index] = await query(url, missingIndex)
        if (index !== undefined) await query(url, String(index.ddl))
        // A snapshot is replaced again and again; only the last one counts.
        await query(url, 'vacuum full tacit.snapshot')
        await query(url, 'vacuum')
        return sizesOf(await query(url, postgresSizes))
      },
      close: () => server.remove(),
    }
  },
}
