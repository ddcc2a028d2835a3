import type { Fact, Outcome } from '../../records.ts'
import { type Projection, project } from '../../store/projection.ts'
import type { LoggedFact } from '../../store/store.ts'
import { type Measures, toMicroseconds, toNano } from './cell.ts'
import { type CellKey, cellFacets } from './dimensions.ts'

/** What one execution adds, and to which cells. */
export interface Contribution {
  /** When it was decided. */
  readonly atUs: number
  readonly key: CellKey
  readonly measures: Measures
}

/** What an execution with these facts, in any order, adds; null before its decision. */
export function contributionOf(logged: readonly LoggedFact[]): Contribution | null {
  const facts = logged.map(({ fact }) => fact)
  const row = facts.reduce<Projection | null>(project, null)
  if (row === null || row.decidedAtUs === null) return null
  return {
    atUs: row.decidedAtUs,
    key: {
      arm: row.arm,
      taskType: row.taskType,
      repository: row.repository,
      facets: cellFacets(facetsOf(facts, row)),
    },
    measures: {
      hasOutcome: row.outcomeAtUs !== null,
      success: row.success,
      durationUs: row.durationMs === null ? null : toMicroseconds(row.durationMs),
      costMicroUsd: row.costMicroUsd,
      qualityNano: row.quality === null ? null : toNano(row.quality),
      ratingsNano: facts.flatMap(fact => (fact.kind === 'feedback' ? [toNano(fact.body.value01)] : [])),
    },
  }
}

/** The facets of the arm that was used, as the outcome that counts or else the decision states them. */
function facetsOf(facts: readonly Fact[], { arm, outcomePosition }: Projection) {
  const outcome = facts.find(fact => fact.kind === 'outcome' && fact.id === outcomePosition?.id) as Outcome | undefined
  if (outcome?.body.arm?.facets !== undefined) return outcome.body.arm.facets
  const decision = facts.find(fact => fact.kind === 'decision')
  return decision?.body.arms.find(({ id }) => id === arm)?.facets
}
