import type { BudgetStatus, Limits } from '../../../engine/types.ts'
import { formatCount, formatDuration, formatMoney, formatUnit, unknown } from '../format.ts'

type Amount = BudgetStatus['resource']
const formats: Readonly<Record<Amount, (value: number | null) => string>> = {
  costUsd: formatMoney,
  tokens: value => (value === null ? unknown : `${formatCount(Math.round(value))} tokens`),
  durationMs: formatDuration,
  cpuTimeMs: formatDuration,
  peakMemoryMb: value => (value === null ? unknown : `${formatCount(Math.round(value))} MB`),
}
const greedyReasons = {
  priority: 'the task is urgent',
  deadline: 'the deadline is near',
  exploredShare: 'the share of exploration is used up',
} as const

/** What shaped a choice beside the policy, as names and values. */
export function limitPairs(limits: Limits | undefined): [string, string][] {
  const { excluded = {}, noneFits, kept, greedy, sharesUnmet, budget = [] } = limits ?? {}
  const out = Object.entries(excluded).map(([arm, reasons]) => `${arm} (${reasons.join(', ')})`)
  return [
    ...(out.length === 0 ? [] : [[noneFits ? 'none fits' : 'left out', out.join(', ')] as [string, string]]),
    ...(kept ? [['kept', 'the same task got this arm shortly before'] as [string, string]] : []),
    ...(greedy === undefined ? [] : [['no exploring', greedyReasons[greedy]] as [string, string]]),
    ...(sharesUnmet ? [['shares', 'cannot all be met, and were scaled'] as [string, string]] : []),
    ...budget.map(({ resource, period, limit, reserved, state }): [string, string] => [
      'budget',
      `${formats[resource](reserved)} of ${formats[resource](limit)} per ${period}: ${stateOf(state)}`,
    ]),
  ]
}

/** How the budgets are kept, as names and values. */
export function budgetPairs(budget: readonly BudgetStatus[]): [string, string][] {
  return budget.map(({ resource, period, limit, meanPerTask, spentToday, tasks, state, forgoneUtility }) => {
    const amount = formats[resource]
    const spent = period === 'task' ? `${amount(meanPerTask)} on average over ${tasks}` : `${amount(spentToday)} today`
    const price =
      forgoneUtility === null
        ? ''
        : `, utility given up ${formatUnit(Math.round(100 * forgoneUtility) / 100 + 0)} per task`
    return ['budget', `${spent}, of ${amount(limit)} per ${period}: ${stateOf(state)}${price}`]
  })
}

const stateOf = (state: BudgetStatus['state']) =>
  state === 'unmeetable' ? 'cannot be met, even the cheapest arms cost more' : state
