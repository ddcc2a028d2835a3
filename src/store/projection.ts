import { comparePositions, type Fact, type Position } from '../records.ts'
import type { ExecutionRow } from './store.ts'

/**
 * The projection of one execution as every dialect keeps it: the row that readers see, and what is needed to fold the
 * next fact in. Money and ratings are integers here, so that their sums do not depend on the order of arrival.
 */
export interface Projection extends Omit<ExecutionRow, 'costUsd' | 'ratingSum'> {
  readonly costMicroUsd: number | null
  /** Sum of the feedback values (0..1) in billionths. */
  readonly ratingSumNano: number
  /** The arm that the outcome named, if it named one. */
  readonly outcomeArm: string | null
  /** Canonical place of the outcome that counts; null without an outcome. */
  readonly outcomePosition: Position | null
}

/**
 * `projection` after one more fact of its execution (null: before the first one). The result does not depend on the
 * order in which the facts come: of several outcomes the last in canonical order counts, and an outcome that comes
 * before its decision waits in the row, whose `decidedAtUs` is then null.
 */
export function project(projection: Projection | null, fact: Fact): Projection {
  const before = projection ?? emptyProjection(fact.executionId)
  if (fact.kind === 'decision') {
    const { task, taskType, context, arm, propensity, stage } = fact.body
    return {
      ...before,
      decidedAtUs: fact.atUs,
      task,
      taskType,
      repository: context.repository ?? null,
      arm: before.outcomeArm ?? arm,
      chosenArm: arm,
      propensity,
      stage,
    }
  }
  if (fact.kind === 'outcome') {
    const position = { recordedAtUs: fact.recordedAtUs, id: fact.id }
    if (before.outcomePosition !== null && comparePositions(position, before.outcomePosition) <= 0) return before
    const { success, quality, durationMs, costMicroUsd, error, arm } = fact.body
    const outcomeArm = arm?.id ?? null
    return {
      ...before,
      arm: outcomeArm ?? before.chosenArm,
      outcomeArm,
      outcomeAtUs: fact.atUs,
      success,
      quality,
      durationMs,
      costMicroUsd,
      errorType: error?.type ?? null,
      outcomePosition: position,
    }
  }
  if (fact.kind === 'feedback') {
    return {
      ...before,
      ratingSumNano: before.ratingSumNano + Math.round(fact.body.value01 * 1e9),
      ratingCount: before.ratingCount + 1,
    }
  }
  return before
}

/** The row as readers see it. */
export function toExecutionRow(projection: Projection): ExecutionRow {
  const { costMicroUsd, ratingSumNano, outcomeArm: _arm, outcomePosition: _position, ...row } = projection
  return { ...row, costUsd: costMicroUsd === null ? null : costMicroUsd / 1e6, ratingSum: ratingSumNano / 1e9 }
}

function emptyProjection(id: string): Projection {
  return {
    id,
    decidedAtUs: null,
    task: null,
    taskType: null,
    repository: null,
    arm: null,
    chosenArm: null,
    propensity: null,
    stage: null,
    outcomeAtUs: null,
    success: null,
    quality: null,
    durationMs: null,
    costMicroUsd: null,
    errorType: null,
    ratingSumNano: 0,
    ratingCount: 0,
    outcomeArm: null,
    outcomePosition: null,
  }
}
