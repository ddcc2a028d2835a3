import type { GroupMetrics, Metrics, ReplayReport, Status, Written } from '../../../engine/types.ts'
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMoney,
  formatShare,
  formatShareEstimate,
  formatTime,
  formatUnit,
  plural,
  unknown,
} from '../format.ts'
import { bold, dim, paint } from '../output.ts'
import { type Column, renderPairs, renderTable } from '../table.ts'
import { budgetPairs } from './limits.ts'

/** The answer of a write: what was taken in and under which id. */
export function renderWritten(what: string): (written: Written) => string {
  return ({ id, executionId, status, awaitsDecision }) => {
    const of = id === executionId ? '' : ` of ${executionId}`
    if (status === 'disabled') return 'Nothing was written: Tacit is switched off.'
    const kept = status === 'stored' ? `${what} ${id}${of} is on record.` : `${what} ${id}${of} was on record already.`
    if (awaitsDecision !== true) return kept
    return paint('yellow', `${what} ${id}${of} is kept, but no decision ${executionId} is on record yet: check the id.`)
  }
}

export function renderMetrics({ groupBy, groups, sinceUs, untilUs }: Metrics): string {
  if (groups.length === 0) return 'Nothing is on record for this question yet.'
  const names = { arm: 'arm', taskType: 'type' }
  const keys: Column<GroupMetrics>[] = groupBy.map(key => ({
    title: names[key],
    cell: ({ group }) => group[key] ?? unknown,
  }))
  const table = renderTable<GroupMetrics>(
    [
      ...keys,
      { title: 'executions', align: 'right', cell: ({ executions }) => formatCount(executions) },
      { title: 'no outcome', align: 'right', cell: ({ missing }) => formatCount(missing.outcome) },
      { title: 'success', align: 'right', cell: ({ successRate }) => successOf(successRate) },
      { title: 'failed', align: 'right', cell: ({ errorRate }) => formatShare(errorRate) },
      { title: 'p50', align: 'right', cell: ({ durationMs }) => formatDuration(durationMs?.p50 ?? null) },
      { title: 'p95', align: 'right', cell: ({ durationMs }) => formatDuration(durationMs?.p95 ?? null) },
      { title: 'mean cost', align: 'right', cell: ({ costUsd }) => formatMoney(costUsd?.mean ?? null) },
      { title: 'total cost', align: 'right', cell: ({ costUsd }) => formatMoney(costUsd?.total ?? null) },
      { title: 'quality', align: 'right', cell: ({ quality }) => formatUnit(quality?.mean ?? null) },
      { title: 'rating', align: 'right', cell: ({ rating }) => formatUnit(rating?.mean ?? null) },
    ],
    groups,
    dim,
  )
  const period = [
    sinceUs === null ? null : `since ${timeOf(sinceUs)}`,
    untilUs === null ? null : `until ${timeOf(untilUs)}`,
  ].filter(Boolean)
  const remark = ['In brackets: 95 % interval. p50, p95: duration of half and of 95 % of the executions.', ...period]
  return `${table}\n\n${dim(remark.join(' '))}`
}

export function renderStatus(status: Status): string {
  const { facts, errors } = status
  const faults = Object.entries(errors).filter(([, count]) => count > 0)
  return renderPairs(
    [
      ['database', `${bold(status.db)}, ${formatBytes(status.sizeBytes)}`],
      ['scope', status.scope],
      ['tacit', `${status.version}, ${status.enabled ? `stage ${status.stage}` : paint('yellow', 'switched off')}`],
      ['policy', `${status.policy.id} ${status.policy.version}`],
      ['embedder', status.embedder],
      ['executions', `${formatCount(status.executions)}, ${formatCount(status.withOutcome)} with an outcome`],
      ['in flight', `${formatCount(status.inFlight)} decisions await their outcome`],
      ['joined', `${formatShare(status.joinRate)} of decisions have an outcome`],
      ['parked', `${plural(status.parkedOutcomes, 'outcome')} without a decision`],
      ...budgetPairs(status.budget),
      ['arms', formatCount(status.arms)],
      ...status.drifts.slice(-3).map(drift => ['changed', driftOf(drift)] as const),
      ['task types', formatCount(status.taskTypes)],
      [
        'facts',
        Object.entries(facts)
          .map(([kind, count]) => plural(count, kind))
          .join(', '),
      ],
      ['period', status.firstAt === null ? unknown : `${formatTime(status.firstAt)} to ${formatTime(status.lastAt)}`],
      [
        'own errors',
        faults.length === 0
          ? paint('green', 'none')
          : paint('red', faults.map(([kind, count]) => `${kind} ${count}`).join(', ')),
      ],
    ],
    dim,
  )
}

const driftOf = ({ arm, taskType, direction, on }: Status['drifts'][number]) =>
  `${arm} does ${direction === 'down' ? 'worse' : 'better'} than it did${taskType === null ? '' : ` on ${taskType}`}, noticed ${on}`

export function renderReplay({ facts, executions, stateHash, logHash, durationMs, verified }: ReplayReport): string {
  const verdict = {
    true: paint('green', 'live and replayed state are the same bytes'),
    false: paint('red', 'live and replayed state differ'),
    null: unknown,
  }[String(verified) as 'true' | 'false' | 'null']
  return renderPairs(
    [
      ['replayed', `${plural(facts, 'fact')} of ${plural(executions, 'execution')} in ${formatDuration(durationMs)}`],
      ['log', logHash],
      ['state', stateHash],
      ...(verified === null ? [] : ([['verified', verdict]] as const)),
    ],
    dim,
  )
}

function successOf(rate: GroupMetrics['successRate']): string {
  return rate === null ? unknown : formatShareEstimate(rate.value, rate.interval)
}

const timeOf = (us: number) => formatTime(new Date(us / 1000).toISOString())
