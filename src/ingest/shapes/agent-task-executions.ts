import type { RecordInput } from '../../records.ts'
import type { Fields } from './fields.ts'
import { Unusable } from './fields.ts'
import { errorOf, filled, idOf, known, type Shape, type Taken, taskOf } from './shape.ts'

/** claude-backups, PostgreSQL Agent Learning System 2.0: table agent_task_executions, a team per row. */
export const agentTaskExecutions: Shape = {
  id: 'agent-task-executions',
  title: 'claude-backups, PostgreSQL Agent Learning System 2.0: agent_task_executions',
  tables: [
    {
      name: 'agent_task_executions',
      recognises: columns => ['agents_used', 'agents_invoked', 'agents'].some(name => columns.has(name)),
      take,
    },
  ],
}

function take(row: Fields): Taken[] {
  const agents = row.list('agents_used', 'agents_invoked', 'agents')
  if (agents.length === 0) throw new Unusable('no agents_used')
  const id = row.text('execution_id', 'task_id', 'id')
  const at = row.time('created_at', 'start_time', 'timestamp', 'executed_at')
  const seconds = row.amount('duration_seconds', 'duration')
  const ms = row.amount('duration_ms')
  const usage = row.object('resource_usage', 'resource_metrics')
  const satisfaction = row.number('user_satisfaction')
  const order = row.list('execution_order', 'execution_sequence')
  const prediction = known({
    predictedSuccess: row.number('predicted_success'),
    predictedDurationSeconds: row.number('predicted_duration'),
    predictionConfidence: row.number('prediction_confidence', 'predicted_confidence'),
  })
  const record: RecordInput = {
    executionId: idOf(
      'agent-task-executions',
      id,
      agents.join('+'),
      at?.getTime() ?? null,
      id === null ? (seconds ?? ms) : null,
    ),
    ...taskOf(row.text('task_description', 'description', 'task'), row.text('task_type')),
    arm: armOf(agents),
    ...known({
      success: row.boolean('success'),
      durationMs: seconds === null ? ms : seconds * 1000,
      costUsd: row.amount('cost_usd'),
      at,
      userId: row.text('user_id'),
      sessionId: row.text('session_id'),
      // Its scale was never declared, so it is kept as it was.
      context: filled(known({ complexity: row.number('complexity', 'complexity_score') })),
      resources: filled(known({ cpuPercent: usage.amount('cpu_percent'), memoryMb: usage.amount('memory_mb') })),
      metadata: filled(prediction),
    }),
    ...errorOf(row.text('error_code'), errorText(row)),
  }
  return [{ record: { ...record, ...rated(satisfaction), ...(order.length > 0 && { steps: order.map(stepOf) }) } }]
}

/** A team, whatever the order in which its members are named. */
function armOf(agents: readonly string[]): RecordInput['arm'] {
  const team = [...new Set(agents)].sort()
  return team.length === 1
    ? { id: team[0]!, facets: { agent: team[0]! } }
    : { id: team.join('+').slice(0, 256), facets: { team } }
}

/** That an agent had its turn is known, how it ended is not. */
const stepOf = (agent: string, seq: number) => ({ kind: 'agent', agent, seq, status: 'started' as const })

function rated(satisfaction: number | null): Pick<RecordInput, 'feedback'> {
  return satisfaction === null ? {} : { feedback: [{ value: { value: satisfaction, scale: '1-10' } }] }
}

function errorText(row: Fields): string | null {
  const messages = row.json('error_messages')
  if (Array.isArray(messages)) return messages.length === 0 ? null : messages.map(String).join('\n')
  return row.text('error_message', 'error_messages')
}
