import type { Projection } from '../projection.ts'
import { executionValues as sharedValues } from '../rows.ts'
import type { Value } from './connection.ts'

/** Begins a query over `scopes`, found by jumping along an index from one scope to the next; ends with a null. */
export const withScopes = `
  WITH RECURSIVE scopes (scope) AS (
    SELECT min(scope) FROM fact
    UNION ALL
    SELECT (SELECT min(fact.scope) FROM fact WHERE fact.scope > scopes.scope) FROM scopes WHERE scopes.scope IS NOT NULL
  )`

/** The values of the columns of an execution, in their order; SQLite has no booleans. */
export const executionValues = (projection: Projection): Value[] =>
  sharedValues(projection).map(value => (typeof value === 'boolean' ? Number(value) : value))

/** The bytes of a vector as they are kept. */
export const toBytes = (vector: Float32Array): Uint8Array =>
  new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)

export const toVector = (bytes: Uint8Array): Float32Array =>
  new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
