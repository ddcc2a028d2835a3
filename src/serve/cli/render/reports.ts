import type { ReplayReport, Status, Written } from '../../../engine/types.ts'
import { formatBytes, formatCount, formatDuration, formatShare, formatTime, plural, unknown } from '../format.ts'
import { bold, dim, paint } from '../output.ts'
import { renderPairs } from '../table.ts'
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

export function renderStatus(status: Status): string {
  const { facts, errors } = status
  const faults = Object.entries(errors).filter(([, count]) => count > 0)
  return renderPairs(
    [
      ['database', `${bold(status.db)}, ${formatBytes(status.sizeBytes)}`],
      ...(status.db === ':memory:' ? [['', paint('yellow', 'in memory: nothing is kept')] as [string, string]] : []),
      ...replicaPairs(status),
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

function replicaPairs({ replica }: Status): [string, string][] {
  if (replica === undefined) return []
  const { location, lagFacts, lagMs, reason } = replica
  if (reason !== null) return [['replica', paint('yellow', `not used: ${reason}`)]]
  const lag = lagFacts ? `${plural(lagFacts, 'fact')} or ${formatDuration(lagMs ?? 0)} behind` : 'up to date'
  return [['replica', `${location}, ${lag}`]]
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
