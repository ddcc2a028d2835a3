import { agentPerformance } from './agent-performance.ts'
import { agentTaskExecutions } from './agent-task-executions.ts'
import { agenticQe } from './agentic-qe.ts'
import { executions } from './executions.ts'
import type { Shape } from './shape.ts'
import { strategyState } from './strategy-state.ts'

/** The forms of earlier systems that can be taken in. */
export const shapes: readonly Shape[] = [agentPerformance, agentTaskExecutions, executions, agenticQe, strategyState]
