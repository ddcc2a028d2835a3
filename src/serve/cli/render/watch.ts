import type { LogEvent, Metrics, Status } from '../../../engine/types.ts'
import {
  formatCount,
  formatDuration,
  formatMoney,
  formatShare,
  formatShareEstimate,
  formatUnit,
  shorten,
} from '../format.ts'
import { bold, dim, paint } from '../output.ts'
import { renderTable } from '../table.ts'

/** Events shown at most, and decisions whose arm is remembered for their outcome. */
const mostRecent = 200
const mostArms = 1000
const mostArmsShown = 10

/** What a live view knows from the events that it has seen. */
export interface ViewState {
  /** The latest last. */
  readonly recent: readonly LogEvent[]
  /** The chosen arm by execution. */
  readonly arms: ReadonlyMap<string, string>
  readonly seen: number
}

/** The state after further events; an outcome is shown with the arm that was chosen for it. */
export function withEvents(state: ViewState, events: readonly LogEvent[]): ViewState {
  if (events.length === 0) return state
  const arms = new Map(state.arms)
  const known = events.map(event => {
    if (event.kind === 'decision' && typeof event.arm === 'string') arms.set(event.executionId, event.arm)
    return { ...event, arm: event.arm ?? arms.get(event.executionId) ?? null }
  })
  const oldest = [...arms.keys()].slice(0, Math.max(0, arms.size - mostArms))
  for (const id of oldest) arms.delete(id)
  return { recent: [...state.recent, ...known].slice(-mostRecent), arms, seen: state.seen + events.length }
}

/** The whole screen: how it stands, how the arms do, and below what happened last. */
export function renderView(
  state: ViewState,
  status: Status,
  { groups }: Pick<Metrics, 'groups'>,
  { columns, rows }: { columns: number; rows: number },
): string {
  const arms = groups.slice(0, mostArmsShown)
  const head = [
    `${bold('tacit watch')}  ${status.db}  ${dim(`project ${status.scope}, stage ${status.stage}`)}`,
    `${formatCount(status.executions)} executions · ${formatShare(status.joinRate)} with outcome · ` +
      `${formatCount(status.inFlight)} awaited · ${formatCount(state.seen)} events seen`,
    '',
    ...renderTable(armColumns, arms, bold).split('\n'),
    ...(groups.length > arms.length ? [dim(`and ${groups.length - arms.length} arms more`)] : []),
    '',
  ]
  const room = Math.max(1, rows - head.length - 1)
  const recent = state.recent
    .slice(-room)
    .reverse()
    .map(event => renderEvent(event, columns))
  return [...head, ...(recent.length > 0 ? recent : [dim('Nothing has happened yet. Ctrl-C ends this view.')])].join(
    '\n',
  )
}

type Group = Metrics['groups'][number]
const armColumns = [
  { title: 'arm', cell: ({ group }: Group) => shorten(group.arm ?? null, 32) },
  { title: 'executions', align: 'right' as const, cell: ({ executions }: Group) => formatCount(executions) },
  {
    title: 'success (95 %)',
    cell: ({ successRate }: Group) => formatShareEstimate(successRate?.value ?? null, successRate?.interval ?? null),
  },
]

/** One event on one line of at most `columns` characters. */
export function renderEvent(event: LogEvent, columns = 200): string {
  const time = event.at.slice(11, 19)
  return `${dim(time)}  ${event.kind.padEnd(8)}  ${contentOf(event, Math.max(20, columns - 22))}`
}

function contentOf(event: LogEvent, width: number): string {
  const { kind, arm, task, taskType, propensity, explored, success, durationMs, costUsd, quality } = event
  switch (kind) {
    case 'decision': {
      const chosen = shorten(arm ?? null, 24)
      const how = propensity == null ? '(recorded)' : `(p ${formatUnit(propensity)}${explored ? ', explored' : ''})`
      const about = taskType == null ? '' : `[${shorten(taskType, 20)}] `
      const room = Math.max(10, width - chosen.length - how.length - 3)
      return `${bold(chosen)} ${dim(how)}  ${shorten(`${about}${task ?? ''}`, room)}`
    }
    case 'outcome': {
      const result = success == null ? dim('unknown') : success ? paint('green', 'success') : paint('red', 'failure')
      const figures = [
        quality == null ? null : `quality ${formatUnit(quality)}`,
        durationMs == null ? null : formatDuration(durationMs),
        costUsd == null ? null : formatMoney(costUsd),
        event.errorType == null ? null : shorten(event.errorType, 40),
      ].filter(figure => figure !== null)
      return `${bold(shorten(arm ?? event.executionId, 24))} ${result}  ${figures.join(', ')}`
    }
    case 'step':
      return shorten(`${event.stepKind ?? ''} ${event.name ?? ''} ${event.status ?? ''}`, width)
    case 'feedback':
      return shorten(`${event.dimension ?? ''} ${formatUnit(event.value01 ?? null)}`, width)
  }
}
