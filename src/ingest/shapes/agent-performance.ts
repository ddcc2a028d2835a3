import type { Fields } from './fields.ts'
import { errorOf, idOf, known, required, type Shape, type Taken, taskOf } from './shape.ts'

/** claude-backups, ML Learning System 3.1: table agent_performance, one agent per row. */
export const agentPerformance: Shape = {
  id: 'agent-performance',
  title: 'claude-backups, ML Learning System 3.1: agent_performance',
  tables: [
    {
      name: 'agent_performance',
      recognises: columns => columns.has('agent_name'),
      take,
    },
  ],
}

function take(row: Fields): Taken[] {
  const id = row.text('id')
  const agent = required(row.text('agent_name'), 'agent_name')
  const at = row.time('created_at')
  const durationMs = row.amount('execution_time_ms', 'duration_ms')
  const success = row.boolean('success')
  return [
    {
      record: {
        executionId: idOf('agent-performance', id, agent, at?.getTime() ?? null, id === null ? durationMs : null),
        ...taskOf(row.text('task_description'), row.text('task_type')),
        arm: { id: agent, facets: { agent } },
        ...known({ success, durationMs, costUsd: row.amount('cost_usd'), at }),
        ...errorOf(null, row.text('error_message')),
      },
    },
  ]
}
