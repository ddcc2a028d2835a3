import type { GroupUsage, UsageReport } from '../../../engine/track/types.ts'
import { formatCount, formatDuration, formatMoney, plural, unknown } from '../format.ts'
import { dim } from '../output.ts'
import { type Column, renderTable } from '../table.ts'

type Name = keyof GroupUsage['resources']

const number = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 })
const megabytes = (value: number) => `${number.format(value)} MB`

/** Title and unit of what is shown of each resource: its mean, and where it varies most its 95 % quantile. */
const columns: readonly (readonly [title: string, Name, 'mean' | 'p95', (value: number) => string])[] = [
  ['duration', 'durationMs', 'mean', formatDuration],
  ['p95', 'durationMs', 'p95', formatDuration],
  ['cost', 'costUsd', 'mean', formatMoney],
  ['tokens', 'tokens', 'mean', value => number.format(value)],
  ['CPU time', 'cpuTimeMs', 'mean', formatDuration],
  ['CPU', 'cpuPercent', 'mean', value => `${number.format(value)} %`],
  ['memory', 'memoryMb', 'mean', megabytes],
  ['peak memory', 'peakMemoryMb', 'mean', megabytes],
  ['p95', 'peakMemoryMb', 'p95', megabytes],
]

export function renderUsage({ by, groups, groupsLeftOut, utilityVersion }: UsageReport): string {
  if (groups.length === 0) return 'No decision with an outcome is on record for this question yet.'
  const used = columns
    .filter(([, name]) => groups.some(({ resources }) => resources[name] !== null))
    .map(([title, name, figure, format]): Column<GroupUsage> => {
      const cell = ({ resources }: GroupUsage) => {
        const use = resources[name]
        return use === null ? unknown : format(use[figure])
      }
      return { title, align: 'right', cell }
    })
  const titles = { arm: 'arm', taskType: 'type', hourOfDay: 'hour' } as const
  const table = renderTable<GroupUsage>(
    [
      { title: titles[by], cell: ({ group }) => group ?? unknown },
      { title: 'executions', align: 'right', cell: ({ executions }) => formatCount(executions) },
      ...used,
      { title: 'utility per $', align: 'right', cell: ({ utilityPerUsd }) => efficiencyOf(utilityPerUsd) },
      { title: 'utility per hour', align: 'right', cell: ({ utilityPerHour }) => efficiencyOf(utilityPerHour) },
    ],
    groups,
    dim,
  )
  const rest = groupsLeftOut === 0 ? '' : ` ${plural(groupsLeftOut, 'line')} left out; raise --limit to see more.`
  return `${table}\n\n${dim(`Means, over the executions that state them. Utility as declared (version ${utilityVersion}). In brackets: 95 % interval.${rest}`)}`
}

function efficiencyOf(of: GroupUsage['utilityPerUsd']): string {
  if (of === null) return unknown
  const { value, interval } = of
  return interval === null
    ? number.format(value)
    : `${number.format(value)} (${number.format(interval[0])} to ${number.format(interval[1])})`
}
