import { type Usage, UsageTally } from '../../analyse/usage.ts'
import { TacitError } from '../../errors.ts'
import type { Parts } from '../parts.ts'
import { type ValuedExecution, valuedExecutions } from './log-values.ts'

const dayMs = 86_400_000
const defaultLimit = 100
/** Groups told apart at once: more are refused instead of filling the memory. */
const maxGroups = 10_000

/** What usage can be summed up by; `hourOfDay` is 00 to 23, UTC, of the decision. */
export const usageGroups = ['arm', 'taskType', 'hourOfDay'] as const
export type UsageGroup = (typeof usageGroups)[number]

export interface UsageOptions {
  /** Default: arm. */
  readonly by?: UsageGroup
  /** Only decisions of the last so many days. */
  readonly daysBack?: number
  readonly taskType?: string
  readonly arm?: string
  /** Most groups listed (default 100). */
  readonly limit?: number
}

export interface GroupUsage extends Usage {
  /** The arm that was used, the task type or the hour; null for tasks without a type. */
  readonly group: string | null
}

export interface UsageReport {
  readonly by: UsageGroup
  readonly utilityVersion: number
  /** The most executions first; hours in their order. */
  readonly groups: readonly GroupUsage[]
  readonly groupsLeftOut: number
}

/** What executions used, and the utility that they achieved for it. Reads the log; writes nothing. */
export async function usage(
  { store, config, now }: Pick<Parts, 'store' | 'config' | 'now'>,
  options: UsageOptions,
): Promise<UsageReport> {
  const { by = 'arm', daysBack, taskType, arm, limit = defaultLimit } = options
  const filter = {
    ...(daysBack !== undefined && { sinceUs: Math.max(0, Math.round((now() - daysBack * dayMs) * 1000)) }),
    ...(taskType !== undefined && { taskType }),
    ...(arm !== undefined && { arm }),
  }
  const tallies = new Map<string | null, UsageTally>()
  for await (const execution of valuedExecutions(store, config, filter)) {
    const group = groupOf[by](execution)
    const tally = tallies.get(group) ?? new UsageTally()
    tallies.set(group, tally)
    if (tallies.size > maxGroups) throw tooMany(by)
    const { utility, durationMs, costUsd } = execution.values
    tally.add({ utility, resources: { ...execution.resources, durationMs, costUsd } })
  }
  const all = [...tallies].map(([group, tally]): GroupUsage => ({ group, ...tally.result() }))
  all.sort((a, b) => (by === 'hourOfDay' ? 0 : b.executions - a.executions) || compareNames(a.group, b.group))
  return {
    by,
    utilityVersion: config.utility.version,
    groups: all.slice(0, limit),
    groupsLeftOut: Math.max(0, all.length - limit),
  }
}

const groupOf: { readonly [By in UsageGroup]: (execution: ValuedExecution) => string | null } = {
  arm: ({ arm }) => arm,
  taskType: ({ taskType }) => taskType,
  hourOfDay: ({ decidedAtUs }) => new Date(decidedAtUs / 1000).toISOString().slice(11, 13),
}

const compareNames = (a: string | null, b: string | null) => ((a ?? '') < (b ?? '') ? -1 : 1)

const tooMany = (by: UsageGroup) =>
  new TacitError(
    'INVALID_INPUT',
    `usage: there are more than ${maxGroups} groups by ${by}. Ask for fewer days, one arm or one task type.`,
    { details: { maxGroups } },
  )
