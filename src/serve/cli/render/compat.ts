import type { OutputOf } from '../../../engine/operations.ts'
import { formatCount, unknown } from '../format.ts'
import { bold, dim, paint } from '../output.ts'
import { renderPairs, renderTable } from '../table.ts'

export function renderCompatList(scorers: OutputOf<'compat list'>): string {
  const blocks = scorers.map(({ id, formula, source, warning, readsLog }) => {
    const pairs = [
      ['formula', formula],
      ['from', source],
      ['but', warning],
      ['needs', readsLog ? 'executions on record' : 'a record given as --values'],
    ] as const
    return `${bold(id)}\n${renderPairs(pairs, dim).replace(/^/gm, '  ')}`
  })
  return blocks.join('\n\n')
}

export function renderCompatScores({ scorer, scores, executions }: OutputOf<'compat score'>): string {
  const warning = paint('yellow', `Tacit does not choose by it: ${scorer.warning}`)
  const head = `${bold(scorer.id)}  ${dim(scorer.formula)}`
  if (scores.length === 0) return `${head}\n\nNo execution with a known success is on record for this question yet.`
  const table = renderTable<(typeof scores)[number]>(
    [
      ...(executions === null
        ? []
        : [{ title: 'group', cell: (row: (typeof scores)[number]) => row.group ?? unknown }]),
      { title: 'score', align: 'right', cell: ({ score }) => (score === null ? unknown : score.toFixed(3)) },
      ...(executions === null
        ? []
        : [
            {
              title: 'executions',
              align: 'right' as const,
              cell: (row: (typeof scores)[number]) => formatCount(row.executions),
            },
          ]),
      { title: 'details', cell: ({ details, reason }) => dim(reason ?? detailsOf(details)) },
    ],
    scores,
    dim,
  )
  return `${head}\n\n${table}\n\n${warning}`
}

function detailsOf(details: OutputOf<'compat score'>['scores'][number]['details']): string {
  return Object.entries(details)
    .map(
      ([name, value]) =>
        `${name} ${typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(3) : (value ?? unknown)}`,
    )
    .join(', ')
}
