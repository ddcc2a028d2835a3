import { type CompiledQuery, DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import type { ExecutionFilter, NearestQuery } from './store.ts'

/** The tables that the typed queries touch, as columns at rest. */
export interface Tables {
  readonly execution: {
    readonly seq: number
    readonly scope: string
    readonly id: string
    readonly decided_at_us: number | null
    readonly task_type: string | null
    readonly repository: string | null
    readonly arm: string | null
    readonly outcome_at_us: number | null
  }
  readonly vector: {
    readonly scope: string
    readonly embedder: string
    readonly execution_id: string
    readonly dimension: number
    readonly vector: Uint8Array
  }
}

/** Builds queries for SQLite without a driver of its own: they are compiled here and run by the connection. */
export const sqliteQueries = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: database => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
})
export type Queries = Kysely<Tables>

/** Executions that pass `filter`, newest decision first, those that wait for their decision last. */
export function executionsQuery(queries: Queries, scope: string, filter: ExecutionFilter): CompiledQuery {
  const query = filtered(queries, scope, filter).orderBy('decided_at_us', 'desc').orderBy('seq', 'desc')
  return (filter.limit === undefined ? query : query.limit(filter.limit)).selectAll('execution').compile()
}

/** The next `limit` executions after row `afterSeq` that pass `filter`, in the order of their rows. */
export function scanQuery(
  queries: Queries,
  scope: string,
  filter: ExecutionFilter,
  afterSeq: number,
  limit: number,
): CompiledQuery {
  const query = filtered(queries, scope, filter).where('seq', '>', afterSeq).orderBy('seq').limit(limit)
  return query.selectAll('execution').compile()
}

/** The next `limit` vectors after execution `afterId` whose execution passes the filter. */
export function vectorsQuery(
  queries: Queries,
  scope: string,
  { embedder, vector, filter = {} }: NearestQuery,
  afterId: string,
  limit: number,
): CompiledQuery {
  const vectors = queries
    .selectFrom('vector')
    .select(['vector.execution_id', 'vector.vector'])
    .where('vector.scope', '=', scope)
    .where('vector.embedder', '=', embedder)
    .where('vector.execution_id', '>', afterId)
    .where('vector.dimension', '=', vector.length)
    .orderBy('vector.execution_id')
    .limit(limit)
  if (Object.values(filter).every(value => value === undefined)) return vectors.compile()
  const matching = filtered(queries, scope, filter).select('execution.id')
  return vectors.where('vector.execution_id', 'in', matching).compile()
}

function filtered(queries: Queries, scope: string, filter: ExecutionFilter) {
  let query = queries.selectFrom('execution').where('execution.scope', '=', scope)
  if (filter.taskType !== undefined) query = query.where('task_type', '=', filter.taskType)
  if (filter.arm !== undefined) query = query.where('arm', '=', filter.arm)
  if (filter.repository !== undefined) query = query.where('repository', '=', filter.repository)
  if (filter.sinceUs !== undefined) query = query.where('decided_at_us', '>=', filter.sinceUs)
  if (filter.untilUs !== undefined) query = query.where('decided_at_us', '<=', filter.untilUs)
  if (filter.withOutcome !== undefined) query = query.where('outcome_at_us', filter.withOutcome ? 'is not' : 'is', null)
  return query
}
