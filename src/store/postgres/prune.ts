import type { Pruned, PruneRequest, Snapshot } from '../store.ts'
import type { Session } from './database.ts'

const begin = { text: 'BEGIN ISOLATION LEVEL READ COMMITTED' }
const commit = { text: 'COMMIT' }
const lockScope = { text: 'SELECT cursor FROM scope WHERE scope = $1 FOR UPDATE' }
const selectPrunable = {
  text: `
    SELECT wanted.id FROM unnest($2::text[]) AS wanted (id) WHERE NOT EXISTS (
      SELECT FROM fact WHERE fact.scope = $1 AND fact.execution_id = wanted.id AND fact.cursor > $3)`,
}
/** $3: whether only steps go. */
const deleteFacts = {
  text: `
    WITH removed AS (
      DELETE FROM fact WHERE scope = $1 AND execution_id = ANY($2) AND (kind = 'step' OR NOT $3)
      RETURNING scope, id, kind, execution_id, cursor
    ), remembered AS (
      INSERT INTO pruned (scope, id, kind, execution_id, cursor) SELECT * FROM removed
    )
    SELECT count(*) AS n FROM removed`,
}
const deleteExecutions = {
  text: `
    WITH removed AS (DELETE FROM execution WHERE scope = $1 AND id = ANY($2) RETURNING id)
    SELECT count(*) AS n FROM removed`,
}
const deleteVectors = {
  text: `
    WITH removed AS (DELETE FROM task_vector WHERE scope = $1 AND execution_id = ANY($2) RETURNING execution_id)
    SELECT count(*) AS n FROM removed`,
}
const countChanges = { text: 'UPDATE scope SET changes = changes + $2 WHERE scope = $1' }

/** Removes what `request` names, in one transaction. */
export async function prune(session: Session, scope: string, request: PruneRequest): Promise<Pruned> {
  const { cursor, what } = request
  await Promise.all([session.run(begin), session.run(lockScope, scope)])
  const rows = await session.run(selectPrunable, scope, request.executionIds, cursor)
  const ids = rows.map(row => row.id as string)
  const count = async (statement: { text: string }, ...values: unknown[]) =>
    Number((await session.run(statement, scope, ids, ...values))[0]!.n)
  const pruned = {
    facts: what === 'vectors' ? 0 : await count(deleteFacts, what === 'steps'),
    executions: what === 'executions' ? await count(deleteExecutions) : 0,
    vectors: what === 'steps' ? 0 : await count(deleteVectors),
  }
  await session.run(countChanges, scope, pruned.facts)
  await session.run(commit)
  return pruned
}

const selectCheckpoint = {
  text: 'SELECT cursor, recorded_at_us FROM snapshot WHERE scope = $1 AND name = $2 FOR UPDATE',
}
const insertCheckpoint = {
  text: `
    INSERT INTO snapshot (scope, name, cursor, recorded_at_us, fact_id, bytes) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT DO NOTHING RETURNING name`,
}
const updateCheckpoint = {
  text: `
    UPDATE snapshot SET cursor = $3, recorded_at_us = $4, fact_id = $5, bytes = $6 WHERE scope = $1 AND name = $2
    RETURNING name`,
}

/** Keeps a checkpoint in place of `replaced`; false if another one stands there. */
export async function saveCheckpoint(
  session: Session,
  scope: string,
  name: string,
  { cursor, position, bytes }: Snapshot,
  replaced: Snapshot | null,
): Promise<boolean> {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const values = [scope, name, cursor, position.recordedAtUs, position.id, data]
  await session.run(begin)
  const [held] = await session.run(selectCheckpoint, scope, name)
  const isExpected =
    replaced === null
      ? held === undefined
      : held?.cursor === replaced.cursor && held.recorded_at_us === replaced.position.recordedAtUs
  const kept = isExpected ? await session.run(replaced === null ? insertCheckpoint : updateCheckpoint, ...values) : []
  await session.run(commit)
  return kept.length === 1
}
