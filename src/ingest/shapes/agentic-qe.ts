import type { RecordInput } from '../../records.ts'
import type { Fields } from './fields.ts'
import { Unusable } from './fields.ts'
import { filled, idOf, known, required, type Shape, type Taken, taskOf } from './shape.ts'

/** Rewards of its engine are clamped to ±2. */
const maxReward = 2

/** Agentic QE Fleet 1.4: the learning tables of its SQLite file. */
export const agenticQe: Shape = {
  id: 'agentic-qe',
  title: 'Agentic QE 1.4: learning_history (q_values and patterns are refused, with the reason)',
  tables: [
    {
      name: 'learning_history',
      recognises: columns => columns.has('reward') && columns.has('action'),
      take,
    },
    {
      name: 'q_values',
      recognises: columns => columns.has('q_value'),
      take:
        'Q-values are sums without the executions behind them, bootstrapped from invented next states: they cannot be told ' +
        'apart from evidence once mixed with it. Take in learning_history; "tacit learn q-table" gives the table anew',
    },
    {
      name: 'patterns',
      recognises: columns => columns.has('template') && columns.has('framework'),
      take: 'a pattern is content, not an execution, and this version keeps no patterns',
    },
    {
      name: 'pattern_usage',
      recognises: columns => columns.has('pattern_id') && columns.has('coverage_achieved'),
      take: 'the use of a pattern says neither what the task was nor of which type',
    },
    {
      name: 'learned_patterns',
      recognises: columns => columns.has('pattern') && columns.has('last_used_at'),
      take: 'counts without the executions behind them',
    },
    {
      name: 'failure_patterns',
      recognises: columns => columns.has('pattern') && columns.has('suggested_actions'),
      take: 'counts without the executions behind them',
    },
  ],
}

function take(row: Fields): Taken[] {
  const id = row.text('experience_id', 'id')
  const agent = row.text('agent_id')
  const at = row.time('timestamp', 'created_at')
  const reward = row.number('reward')
  if (reward !== null && Math.abs(reward) > maxReward) throw new Unusable(`reward ${reward} lies beyond ±${maxReward}`)
  const state = row.object('state')
  const arm = armOf(row, agent)
  const complexity = state.number('taskcomplexity', 'complexity')
  const record: RecordInput = {
    executionId: idOf('agentic-qe', id, agent, at?.getTime() ?? null, id === null ? reward : null),
    ...taskOf(row.object('context').text('description', 'task'), row.text('task_type')),
    arm,
    ...known({
      // The reward mixes success with other things, so success itself stays unknown.
      quality: reward === null ? null : (reward + maxReward) / (2 * maxReward),
      at,
      context:
        complexity !== null && complexity >= 0 && complexity <= 1
          ? { complexity: { value: complexity, scale: '0-1' } as const }
          : null,
      metadata: filled(known({ reward, agentId: agent, taskId: row.text('task_id') })),
    }),
  }
  return [{ record }]
}

/** strategy:parallelization:retryPolicy, as its action keys are built. */
function armOf(row: Fields, agent: string | null): RecordInput['arm'] {
  const action = row.object('action')
  const strategy = action.text('strategy')
  const facets = known({ agent })
  if (strategy === null) return { id: required(row.text('action'), 'action').slice(0, 256), facets }
  const parallelism = action.number('parallelization')
  const retryPolicy = action.text('retrypolicy', 'retry_policy')
  const parts = [strategy, parallelism?.toFixed(1), retryPolicy].filter(part => part !== undefined && part !== null)
  return { id: parts.join(':').slice(0, 256), facets: { ...facets, ...known({ strategy, parallelism, retryPolicy }) } }
}
