import type { UsedResource } from '../../analyse/usage.ts'
import type { Config } from '../../config.ts'
import type { Fact, FactOf, Outcome } from '../../records.ts'
import type { ExecutionFilter, Store } from '../../store/store.ts'
import { tokensOf, utilityOf } from '../utility.ts'

const pageSize = 500

/** What is compared over time; money in USD. */
export const trackedValues = ['utility', 'success', 'durationMs', 'costUsd'] as const
export type TrackedValue = (typeof trackedValues)[number]

export interface ValuedExecution {
  /** The arm that was used. */
  readonly arm: string
  readonly taskType: string | null
  readonly decidedAtUs: number
  readonly values: Readonly<Record<TrackedValue, number | null>>
  readonly resources: Readonly<Record<Exclude<UsedResource, 'durationMs' | 'costUsd'>, number | null>>
}

/** Executions that have a decision and an outcome, a page at a time. */
export async function* valuedExecutions(
  store: Store,
  config: Config,
  filter: ExecutionFilter,
): AsyncGenerator<ValuedExecution> {
  let ids: string[] = []
  for await (const row of store.scan(config.scope, { ...filter, withOutcome: true })) {
    if (row.decidedAtUs === null) continue
    ids.push(row.id)
    if (ids.length < pageSize) continue
    yield* await page(store, config, ids)
    ids = []
  }
  yield* await page(store, config, ids)
}

async function page(store: Store, config: Config, ids: readonly string[]): Promise<ValuedExecution[]> {
  const found = await store.facts(config.scope, ids)
  return ids.flatMap(id => valued(found.get(id)?.map(({ fact }) => fact) ?? [], config))
}

function valued(facts: readonly Fact[], config: Config): ValuedExecution[] {
  const decision = facts.find(fact => fact.kind === 'decision')
  const outcome = facts.findLast((fact): fact is Outcome => fact.kind === 'outcome')
  if (decision === undefined || outcome === undefined) return []
  const feedback = facts.filter((fact): fact is FactOf<'feedback'> => fact.kind === 'feedback')
  const { success, durationMs, costMicroUsd, resources } = outcome.body
  return [
    {
      arm: outcome.body.arm?.id ?? decision.body.arm,
      taskType: decision.body.taskType,
      decidedAtUs: decision.atUs,
      values: {
        utility: utilityOf(outcome.body, feedback, config.utility),
        success: success === null ? null : Number(success),
        durationMs,
        costUsd: costMicroUsd === null ? null : costMicroUsd / 1e6,
      },
      resources: {
        tokens: tokensOf(outcome.body),
        cpuTimeMs: resources?.cpuTimeMs ?? null,
        cpuPercent: resources?.cpuPercent ?? null,
        memoryMb: resources?.memoryMb ?? null,
        peakMemoryMb: resources?.peakMemoryMb ?? null,
      },
    },
  ]
}
