import type { Fields } from './fields.ts'
import { idOf, known, required, type Shape, type Taken } from './shape.ts'

/** The Metrics Agent guide: exported state, version 1.0 (JSON). */
export const strategyState: Shape = {
  id: 'strategy-state',
  title: 'Metrics Agent guide, state 1.0: feedback_history (strategy_history and metrics are refused, with the reason)',
  tables: [
    {
      name: 'feedback_history',
      recognises: columns => columns.has('feedback_type') && columns.has('rating'),
      take,
    },
    {
      name: 'strategy_history',
      recognises: columns => columns.has('total_attempts'),
      take:
        'counts and averages per strategy without the executions behind them: taken for executions, they would have to be ' +
        'invented',
    },
    {
      name: 'metrics',
      recognises: () => false,
      take: 'numbers computed from executions that it does not hold',
    },
  ],
}

/** A rating of a task that may be recorded under the same id; it waits for it until then. */
function take(row: Fields): Taken[] {
  const executionId = required(row.text('task_id'), 'task_id')
  const dimension = row.text('feedback_type') ?? 'overall'
  const rating = row.number('rating')
  const at = row.time('timestamp')
  const comment = row.text('comments')
  const suggestions = row.list('improvement_suggestions')
  return [
    {
      executionId,
      feedback: {
        feedbackId: idOf('strategy-state', executionId, dimension, rating, at?.getTime() ?? null, comment),
        dimension: dimension.replace(/^FeedbackType\./, '').toLowerCase(),
        value: { value: Number(required(rating === null ? null : String(rating), 'rating')), scale: '1-5' },
        ...known({ comment, at, suggestions: suggestions.length === 0 ? null : suggestions }),
      },
    },
  ]
}
