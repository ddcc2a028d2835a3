import type { FeedbackInput, RecordInput } from '../../records.ts'
import { type Fields, Unusable } from './fields.ts'
import { errorOf, filled, idOf, known, type Shape, type Taken, taskOf } from './shape.ts'

/** mahavishnu, ORB Learning Backend 0.1.0: table executions (DuckDB). */
export const executions: Shape = {
  id: 'executions',
  title: 'mahavishnu, ORB Learning Backend 0.1.0: executions',
  tables: [
    {
      name: 'executions',
      recognises: columns => ['model_tier', 'tier', 'pool_type', 'pool'].some(name => columns.has(name)),
      take,
    },
  ],
}

function take(row: Fields): Taken[] {
  const facets = known({
    tier: row.text('model_tier', 'tier'),
    pool: row.text('pool_type', 'pool'),
    topology: row.text('swarm_topology', 'topology'),
  })
  const arm = Object.values(facets).join('/')
  if (arm === '') throw new Unusable('neither model_tier nor pool_type')
  const id = row.text('task_id')
  const at = row.time('timestamp')
  const seconds = row.amount('duration_seconds')
  const ms = row.amount('duration_ms')
  const quality = row.number('quality_score')
  const feedback = feedbackOf(row)
  const record: RecordInput = {
    executionId: idOf('executions', id, arm, at?.getTime() ?? null, id === null ? (seconds ?? ms) : null),
    ...taskOf(row.text('task_description'), row.text('task_type')),
    arm: { id: arm.slice(0, 256), facets },
    ...known({
      success: row.boolean('success'),
      durationMs: seconds === null ? ms : seconds * 1000,
      quality: quality === null ? null : ({ value: quality, scale: '0-100' } as const),
      costUsd: row.amount('actual_cost', 'cost_usd'),
      routingConfidence: row.number('routing_confidence'),
      solutionSummary: row.text('solution_summary'),
      context: filled(contextOf(row)),
      resources: filled(resourcesOf(row)),
      metadata: filled(metadataOf(row)),
      at,
    }),
    ...errorOf(row.text('error_type'), row.text('error_message')),
    ...(feedback.length > 0 && { feedback }),
  }
  return [{ record }]
}

function contextOf(row: Fields) {
  const complexity = row.number('complexity_score')
  return known({
    repository: row.text('repo'),
    fileCount: row.amount('file_count'),
    estimatedTokens: row.amount('estimated_tokens'),
    estimatedCostUsd: row.amount('cost_estimate'),
    complexity: complexity === null ? null : ({ value: complexity, scale: '0-100' } as const),
  })
}

function resourcesOf(row: Fields) {
  const cpuSeconds = row.amount('cpu_time_seconds')
  return known({
    peakMemoryMb: row.amount('peak_memory_mb'),
    cpuTimeMs: cpuSeconds === null ? null : cpuSeconds * 1000,
  })
}

function metadataOf(row: Fields): NonNullable<RecordInput['metadata']> {
  const value = row.json('metadata')
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as NonNullable<RecordInput['metadata']>)
    : {}
}

/** What the user said; an opinion that was not given stays unknown. */
function feedbackOf(row: Fields): FeedbackInput[] {
  const accepted = row.boolean('user_accepted')
  const rating = row.number('user_rating')
  return [
    ...(accepted === null ? [] : [{ dimension: 'accepted', value: accepted }]),
    ...(rating === null ? [] : [{ value: { value: rating, scale: '1-5' } as const }]),
  ]
}
