import type { GroupMetrics, Metrics, OperationRates, SolutionTable } from '../../../engine/types.ts'
import {
  formatCount,
  formatDuration,
  formatMoney,
  formatShare,
  formatShareEstimate,
  formatTime,
  formatUnit,
  plural,
  shorten,
  unknown,
} from '../format.ts'
import { dim, paint } from '../output.ts'
import { type Column, renderTable } from '../table.ts'

type Trend = NonNullable<GroupMetrics['trend']>
type Direction = NonNullable<Trend['successRate']>['direction']

export function renderMetrics({ groupBy, groups, groupsLeftOut, ...asked }: Metrics): string {
  if (groups.length === 0) return 'Nothing is on record for this question yet.'
  const isTrend = groups.some(({ trend }) => trend !== undefined)
  const table = renderTable<GroupMetrics>(
    [
      ...groupBy.map(
        (key): Column<GroupMetrics> => ({
          title: key === 'taskType' ? 'type' : key,
          cell: ({ group }) => nameOf(group[key] ?? null),
        }),
      ),
      ...(isTrend ? trendColumns.filter(column => isKnown(column, groups)) : valueColumns),
    ],
    groups,
    dim,
  )
  return `${table}\n\n${dim(remarks(asked, isTrend, groupsLeftOut).join(' '))}`
}

/** Whether a column holds anything. */
const isKnown = (column: Column<GroupMetrics>, groups: readonly GroupMetrics[]) =>
  groups.some(group => column.cell(group) !== unknown)

const executions: Column<GroupMetrics> = {
  title: 'executions',
  align: 'right',
  cell: group => formatCount(group.executions),
}
const success: Column<GroupMetrics> = {
  title: 'success',
  align: 'right',
  cell: ({ successRate }) => successOf(successRate),
}

const valueColumns: readonly Column<GroupMetrics>[] = [
  executions,
  { title: 'no outcome', align: 'right', cell: ({ missing }) => formatCount(missing.outcome) },
  success,
  { title: 'failed', align: 'right', cell: ({ errorRate }) => formatShare(errorRate) },
  { title: 'p50', align: 'right', cell: ({ durationMs }) => formatDuration(durationMs?.p50 ?? null) },
  { title: 'p95', align: 'right', cell: ({ durationMs }) => formatDuration(durationMs?.p95 ?? null) },
  { title: 'mean cost', align: 'right', cell: ({ costUsd }) => formatMoney(costUsd?.mean ?? null) },
  { title: 'total cost', align: 'right', cell: ({ costUsd }) => formatMoney(costUsd?.total ?? null) },
  { title: 'quality', align: 'right', cell: ({ quality }) => formatUnit(quality?.mean ?? null) },
  { title: 'rating', align: 'right', cell: ({ rating }) => formatUnit(rating?.mean ?? null) },
]

const trendColumns: readonly Column<GroupMetrics>[] = [
  executions,
  { title: 'before', align: 'right', cell: ({ trend }) => formatCount(trend?.executionsBefore ?? null) },
  success,
  { title: 'success by', align: 'right', cell: ({ trend }) => pointsOf(trend?.successRate ?? null) },
  { title: 'duration ×', align: 'right', cell: ({ trend }) => ratioOf(trend?.durationMs ?? null) },
  { title: 'cost by', align: 'right', cell: ({ trend }) => costChangeOf(trend?.costUsd ?? null) },
  { title: 'quality by', align: 'right', cell: ({ trend }) => unitChangeOf(trend?.quality ?? null) },
  { title: 'rating by', align: 'right', cell: ({ trend }) => unitChangeOf(trend?.rating ?? null) },
]

type Asked = Omit<Metrics, 'groupBy' | 'groups' | 'groupsLeftOut'>

function remarks({ sinceUs, untilUs, comparedSinceUs }: Asked, isTrend: boolean, leftOut: number): string[] {
  return [
    isTrend
      ? 'In brackets: 95 % interval. "By": now less before, of rates in percentage points (pp); coloured where the interval leaves no doubt.'
      : 'In brackets: 95 % interval. p50, p95: duration of half and of 95 % of the executions, within 1 %.',
    ...(sinceUs === null ? [] : [`Since ${timeOf(sinceUs)}.`]),
    ...(untilUs === null ? [] : [`Until ${timeOf(untilUs)}.`]),
    ...(comparedSinceUs === null ? [] : [`Compared with the time from ${timeOf(comparedSinceUs)} on.`]),
    ...(leftOut === 0 ? [] : [`${plural(leftOut, 'group')} left out; raise --limit to see more.`]),
  ]
}

export function renderSolutions({ solutions, solutionsLeftOut }: SolutionTable): string {
  if (solutions.length === 0) {
    return 'No solution was named that often. Outcomes name it as solutionSummary; see also --min-count.'
  }
  const table = renderTable<SolutionTable['solutions'][number]>(
    [
      { title: 'solution', cell: ({ solution }) => shorten(solution, 60) },
      { title: 'repository', cell: ({ repository }) => repository ?? unknown },
      { title: 'uses', align: 'right', cell: ({ uses }) => formatCount(uses) },
      { title: 'success', align: 'right', cell: ({ successRate }) => successOf(successRate) },
      {
        title: 'types',
        cell: ({ taskTypes }) => (taskTypes.length === 0 ? unknown : shorten(taskTypes.join(', '), 30)),
      },
      { title: 'last', cell: ({ lastAtUs }) => timeOf(lastAtUs) },
    ],
    solutions,
    dim,
  )
  const rest =
    solutionsLeftOut === 0 ? '' : ` ${plural(solutionsLeftOut, 'solution')} left out; raise --limit to see more.`
  return `${table}\n\n${dim(`In brackets: 95 % interval.${rest}`)}`
}

export function renderRates({ windowMs, facts, steps }: OperationRates): string {
  const rows = [
    ...(['decision', 'outcome', 'feedback', 'step'] as const).map(kind => ({ name: kind as string, ...facts[kind] })),
    ...steps.map(({ operation, count, perSecond }) => ({ name: `  ${operation}`, count, perSecond })),
  ]
  const table = renderTable<(typeof rows)[number]>(
    [
      { title: 'recorded', cell: ({ name }) => name },
      { title: 'count', align: 'right', cell: ({ count }) => formatCount(count) },
      { title: 'per second', align: 'right', cell: ({ perSecond }) => perSecond.toPrecision(3) },
    ],
    rows,
    dim,
  )
  return `${table}\n\n${dim(`In the last ${formatDuration(windowMs)}.`)}`
}

const nameOf = (name: string | readonly string[] | null) =>
  name === null ? unknown : typeof name === 'string' ? name : name.join(' + ')

function successOf(rate: GroupMetrics['successRate']): string {
  return rate === null ? unknown : formatShareEstimate(rate.value, rate.interval)
}

/** +5 pp (-1 to +11): percentage points. */
function pointsOf(change: Trend['successRate']): string {
  if (change === null) return unknown
  const { interval, direction } = change
  const points = (share: number) => signed(share * 100, 0)
  return tinted(`${points(change.change)} pp${between(interval, points)}`, direction, 'up')
}

function ratioOf(change: Trend['durationMs']): string {
  if (change === null) return unknown
  const times = (ratio: number) => ratio.toFixed(2)
  return tinted(`${times(change.ratio)}${between(change.interval, times)}`, change.direction, 'down')
}

function costChangeOf(change: Trend['costUsd']): string {
  if (change === null) return unknown
  const money = (usd: number) => `${usd < 0 ? '-' : '+'}${formatMoney(Math.abs(usd))}`
  return tinted(`${money(change.change)}${between(change.interval, money)}`, change.direction, 'down')
}

function unitChangeOf(change: Trend['quality']): string {
  if (change === null) return unknown
  const unit = (value: number) => signed(value, 2)
  return tinted(`${unit(change.change)}${between(change.interval, unit)}`, change.direction, 'up')
}

const signed = (value: number, digits: number) => `${value < 0 ? '' : '+'}${value.toFixed(digits)}`

const between = (interval: readonly [number, number] | null, end: (value: number) => string) =>
  interval === null ? '' : ` (${end(interval[0])} to ${end(interval[1])})`

function tinted(text: string, direction: Direction, good: Direction): string {
  return direction === 'unclear' ? text : paint(direction === good ? 'green' : 'red', text)
}

const timeOf = (us: number) => formatTime(new Date(us / 1000).toISOString())
