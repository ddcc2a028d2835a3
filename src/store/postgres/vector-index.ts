import type { Database } from './database.ts'

/** Vectors of one embedder from which searching by an index pays: up to here, comparing with each takes some 50 ms. */
const worthwhile = 10_000
/** pgvector indexes half-precision vectors up to this length. */
const longestIndexed = 4000

const selectMissing = {
  text: `
    SELECT tacit.near_index(embedder, dimension) AS name, tacit.near_index_ddl(embedder, dimension) AS ddl,
      to_regclass(format('tacit.%I', tacit.near_index(embedder, dimension))) IS NOT NULL AS broken
    FROM (SELECT embedder, dimension, count(*) AS n FROM task_vector WHERE dimension <= $2 GROUP BY 1, 2) counted
    WHERE n >= $1 AND NOT EXISTS (
      SELECT FROM pg_index WHERE indisvalid
        AND indexrelid = to_regclass(format('tacit.%I', tacit.near_index(embedder, dimension))))
    ORDER BY n DESC`,
}
const tryLock = "SELECT pg_try_advisory_lock(hashtext('tacit.vector_index')) AS mine"
const dropBroken = { text: "SELECT format('DROP INDEX CONCURRENTLY tacit.%I', $1::text) AS ddl" }

/**
 * Builds the search indexes (HNSW) that pay by now, one per embedder; others go on reading and writing meanwhile. What a
 * broken-off build left is replaced. Returns how many were built; null if another process is at it.
 */
export async function buildVectorIndexes(database: Database, leastVectors = worthwhile): Promise<number | null> {
  const client = await database.dedicated()
  try {
    const { rows: locks } = await client.query<{ mine: boolean }>(tryLock)
    if (!locks[0]!.mine) return null
    const missing = await database.query(selectMissing, leastVectors, longestIndexed)
    for (const { name, ddl, broken } of missing) {
      if (broken === true) {
        const [drop] = await database.query(dropBroken, name)
        await client.query(String(drop!.ddl))
      }
      // The server wrote this statement, with every name and value quoted by format().
      await client.query(String(ddl))
    }
    return missing.length
  } finally {
    await client.end()
  }
}
