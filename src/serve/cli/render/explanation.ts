import type { Explanation } from '../../../engine/types.ts'
import { formatDuration, formatMoney, formatTime, formatUnit, plural, shorten, unknown } from '../format.ts'
import { bold, dim } from '../output.ts'
import { renderTable } from '../table.ts'

type ArmProbability = Explanation['arms'][number]
const maxArms = 10

export function renderExplanation(explanation: Explanation): string {
  const { arms, arm, at, task, taskType, outcome, steps, feedback, reasons } = explanation
  const table = renderTable<ArmProbability>(
    [
      { title: 'arm', cell: one => (one.arm === arm ? bold(one.arm) : one.arm) },
      { title: 'probability', align: 'right', cell: ({ probability }) => formatUnit(probability) },
    ],
    arms.slice(0, maxArms),
    dim,
  )
  const hidden = arms.length - maxArms
  return [
    `${bold(shorten(task, 100))} ${dim(`${taskType ?? 'no type'}, ${formatTime(at)}`)}`,
    ...reasons,
    '',
    table,
    ...(hidden > 0 ? [dim(`… and ${plural(hidden, 'more arm')}`)] : []),
    '',
    `Outcome: ${outcome === null ? unknown : describe(outcome)}; ${plural(steps, 'step')}, ${plural(feedback, 'rating')}`,
  ].join('\n')
}

function describe({ success, quality, durationMs, costUsd, errorType }: NonNullable<Explanation['outcome']>): string {
  const known = [
    success === null ? null : success ? 'solved' : 'failed',
    errorType,
    quality === null ? null : `quality ${formatUnit(quality)}`,
    durationMs === null ? null : formatDuration(durationMs),
    costUsd === null ? null : formatMoney(costUsd),
  ].filter(part => part !== null)
  return known.length === 0 ? 'reported without any measurement' : known.join(', ')
}
