import {
  type CompiledQuery,
  DummyDriver,
  type Expression,
  expressionBuilder,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type SqlBool,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely'
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

/** The same for PostgreSQL. */
export const postgresQueries = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: database => new PostgresIntrospector(database),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})
export type Queries = Kysely<Tables>

/** Executions that pass `filter`, newest decision first, those that wait for their decision last. */
export function executionsQuery(queries: Queries, scope: string, filter: ExecutionFilter): CompiledQuery {
  const query = filtered(queries, scope, filter)
    .orderBy('decided_at_us', order => order.desc().nullsLast())
    .orderBy('seq', 'desc')
  return (filter.limit === undefined ? query : query.limit(filter.limit)).selectAll('execution').compile()
}

/** The next `limit` executions after `afterId` that pass `filter`, by id. */
export function scanQuery(
  queries: Queries,
  scope: string,
  filter: ExecutionFilter,
  afterId: string,
  limit: number,
): CompiledQuery {
  const query = filtered(queries, scope, filter)
    .where('execution.id', '>', afterId)
    .orderBy('execution.id')
    .limit(limit)
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
  const passes = ofMatching(scope, filter)
  return (passes === null ? vectors : vectors.where(passes)).compile()
}

/** Of the vectors whose SQLite row ids stand in a JSON array, those whose execution passes the filter. */
export function vectorsByRowQuery(
  queries: Queries,
  scope: string,
  { embedder, vector, filter = {} }: NearestQuery,
  rowIds: string,
): CompiledQuery {
  // A row id may mean another vector by now. The plus keeps the planner from walking all vectors of the scope.
  const vectors = queries
    .selectFrom('vector')
    .select(['vector.execution_id', 'vector.vector'])
    .where(sql<SqlBool>`vector.rowid IN (SELECT value FROM json_each(${rowIds}))`)
    .where(sql<SqlBool>`+vector.scope = ${scope} AND +vector.embedder = ${embedder}`)
    .where(sql<SqlBool>`+vector.dimension = ${vector.length}`)
  const passes = ofMatching(scope, filter)
  return (passes === null ? vectors : vectors.where(passes)).compile()
}

/** The condition that the execution of a vector passes a filter; null when all do. */
function ofMatching(scope: string, filter: ExecutionFilter): Expression<SqlBool> | null {
  const passes = matches(filter)
  if (passes === null) return null
  const { exists, selectFrom } = expressionBuilder<Tables, 'vector'>()
  return exists(
    selectFrom('execution')
      .select('execution.seq')
      .where('execution.scope', '=', scope)
      .whereRef('execution.id', '=', 'vector.execution_id')
      .where(passes),
  )
}

function filtered(queries: Queries, scope: string, filter: ExecutionFilter) {
  const query = queries.selectFrom('execution').where('execution.scope', '=', scope)
  const passes = matches(filter)
  return passes === null ? query : query.where(passes)
}

/** The condition of a filter; null when it lets everything pass. */
function matches(filter: ExecutionFilter): Expression<SqlBool> | null {
  const is = expressionBuilder<Tables, 'execution'>()
  const { taskType, arm, repository, sinceUs, untilUs, withOutcome } = filter
  const conditions = [
    taskType === undefined ? null : is('execution.task_type', '=', taskType),
    arm === undefined ? null : is('execution.arm', '=', arm),
    repository === undefined ? null : is('execution.repository', '=', repository),
    sinceUs === undefined ? null : is('execution.decided_at_us', '>=', sinceUs),
    untilUs === undefined ? null : is('execution.decided_at_us', '<=', untilUs),
    withOutcome === undefined ? null : is('execution.outcome_at_us', withOutcome ? 'is not' : 'is', null),
  ].filter(condition => condition !== null)
  return conditions.length === 0 ? null : is.and(conditions)
}
