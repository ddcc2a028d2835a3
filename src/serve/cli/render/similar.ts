import type { SimilarTask } from '../../../engine/types.ts'
import { formatDuration, formatTime, formatUnit, shorten, unknown } from '../format.ts'
import { dim, paint } from '../output.ts'
import { renderTable } from '../table.ts'

export function renderSimilar(tasks: readonly SimilarTask[]): string {
  if (tasks.length === 0) return 'No past task is similar enough. A lower --threshold lists more.'
  return renderTable<SimilarTask>(
    [
      { title: 'similarity', align: 'right', cell: ({ similarity }) => formatUnit(similarity) },
      { title: 'arm', cell: ({ execution }) => execution.arm ?? unknown },
      { title: 'outcome', cell: ({ execution }) => outcomeOf(execution) },
      { title: 'duration', align: 'right', cell: ({ execution }) => formatDuration(execution.durationMs) },
      { title: 'type', cell: ({ execution }) => execution.taskType ?? unknown },
      { title: 'when', cell: ({ execution }) => dim(timeOf(execution.decidedAtUs)) },
      { title: 'task', cell: ({ execution }) => shorten(execution.task, 60) },
    ],
    tasks,
    dim,
  )
}

function outcomeOf({ success, quality, errorType, outcomeAtUs }: SimilarTask['execution']): string {
  if (outcomeAtUs === null) return unknown
  if (success === false) return paint('red', errorType ?? 'failed')
  if (success === true) return paint('green', quality === null ? 'solved' : `solved ${formatUnit(quality)}`)
  return quality === null ? unknown : formatUnit(quality)
}

const timeOf = (us: number | null) => formatTime(us === null ? null : new Date(us / 1000).toISOString())
