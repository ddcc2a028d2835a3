import type { Fact, Stage } from '../records.ts'
import type { PlacedPruned } from './admin.ts'
import type { Projection } from './projection.ts'
import type { LoggedFact } from './store.ts'

/**
 * Between rows and values, in what the dialects have in common. Facts and texts were validated when they came in, so
 * rows are trusted.
 */
type Row = Readonly<Record<string, unknown>>

export const factColumns = 'cursor, id, kind, execution_id, at_us, recorded_at_us, origin, body'

export function toLoggedFact(row: Row): LoggedFact {
  const fact = {
    id: row.id,
    kind: row.kind,
    executionId: row.execution_id,
    atUs: row.at_us,
    recordedAtUs: row.recorded_at_us,
    origin: row.origin,
    body: JSON.parse(row.body as string),
  } as Fact
  return { fact, cursor: row.cursor as number }
}

export function toPlacedPruned({ id, kind, execution_id, cursor }: Row): PlacedPruned {
  return { id, kind, executionId: execution_id, cursor } as PlacedPruned
}

/** The columns of an execution beside its scope, the id first. */
export const executionColumns = [
  'id',
  'decided_at_us',
  'task_type',
  'repository',
  'arm',
  'chosen_arm',
  'propensity',
  'stage',
  'outcome_at_us',
  'success',
  'quality',
  'duration_ms',
  'cost_micro_usd',
  'error_type',
  'rating_sum_nano',
  'rating_count',
  'outcome_arm',
  'outcome_id',
  'outcome_recorded_at_us',
  'task_json',
] as const

/** The values of `executionColumns`, in their order. */
export function executionValues(row: Projection): (string | number | boolean | null)[] {
  return [
    row.id,
    row.decidedAtUs,
    row.taskType,
    row.repository,
    row.arm,
    row.chosenArm,
    row.propensity,
    row.stage,
    row.outcomeAtUs,
    row.success,
    row.quality,
    row.durationMs,
    row.costMicroUsd,
    row.errorType,
    row.ratingSumNano,
    row.ratingCount,
    row.outcomeArm,
    row.outcomePosition?.id ?? null,
    row.outcomePosition?.recordedAtUs ?? null,
    row.task === null ? null : JSON.stringify(row.task),
  ]
}

export function toProjection(row: Row): Projection {
  return {
    id: row.id as string,
    decidedAtUs: row.decided_at_us as number | null,
    task: row.task_json === null ? null : (JSON.parse(row.task_json as string) as string),
    taskType: row.task_type as string | null,
    repository: row.repository as string | null,
    arm: row.arm as string | null,
    chosenArm: row.chosen_arm as string | null,
    propensity: row.propensity as number | null,
    stage: row.stage as Stage | null,
    outcomeAtUs: row.outcome_at_us as number | null,
    success: row.success === null ? null : Boolean(row.success),
    quality: row.quality as number | null,
    durationMs: row.duration_ms as number | null,
    costMicroUsd: row.cost_micro_usd as number | null,
    errorType: row.error_type as string | null,
    ratingSumNano: row.rating_sum_nano as number,
    ratingCount: row.rating_count as number,
    outcomeArm: row.outcome_arm as string | null,
    outcomePosition:
      row.outcome_id === null
        ? null
        : { id: row.outcome_id as string, recordedAtUs: row.outcome_recorded_at_us as number },
  }
}
