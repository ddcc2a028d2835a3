import type { Outcome } from '../records.ts'
import type { Neighbour, Store } from '../store/store.ts'
import type { SimilarTask } from './types.ts'

/** Adds how the task was solved, where its outcome says so. */
export async function withSummaries(store: Store, scope: string, found: readonly Neighbour[]): Promise<SimilarTask[]> {
  const facts = await store.facts(
    scope,
    found.map(({ execution }) => execution.id),
  )
  return found.map(neighbour => {
    const outcome = facts.get(neighbour.execution.id)?.findLast(({ fact }) => fact.kind === 'outcome')?.fact
    return { ...neighbour, solutionSummary: (outcome as Outcome | undefined)?.body.solutionSummary ?? null }
  })
}
