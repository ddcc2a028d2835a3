/**
 * For orchestrators of your own: a bridge around what they run, and a capture of what they tell on an event bus.
 * @packageDocumentation
 */
import type { Tacit, WrapContext, WrapInfo } from '../engine/types.ts'
import { TacitError } from '../errors.ts'
import type { OutcomeInput, RecordInput, StepInput, TaskInput } from '../records.ts'

export interface BridgeOptions<T> {
  /** The agents to choose from. */
  readonly agents: NonNullable<WrapInfo['arms']>
  /** Runs a task with the agent `context.arm`; it should stop when `context.signal` aborts. */
  readonly execute: (task: TaskInput, context: WrapContext) => Promise<T> | T
  /** A task fails with a timeout error after this many milliseconds (default: never). */
  readonly timeoutMs?: number
}

export interface BestAgent {
  readonly agent: string
  /** Probability with which it would be chosen now. */
  readonly probability: number
  /** Estimated utility with its 90 % interval; null where nothing is known. */
  readonly utility: { readonly value: number | null; readonly interval: readonly [number, number] | null }
}

export interface OrchestratorBridge<T> {
  /** The agent that ranks first for a task; null if none is known well enough. Writes nothing. */
  selectBestAgent(task: TaskInput): Promise<BestAgent | null>
  /** Chooses an agent, runs the task with it and learns from how it went; see `Tacit.wrap`. */
  executeWithLearning(task: TaskInput, options?: Pick<WrapInfo, 'signal' | 'timeoutMs' | 'incumbent'>): Promise<T>
}

/** Puts choice and learning around the `execute` of an orchestrator. */
export function orchestratorBridge<T>(tacit: Tacit, options: BridgeOptions<T>): OrchestratorBridge<T> {
  const { agents, execute, timeoutMs } = options
  return {
    async selectBestAgent(task) {
      const { arms } = await tacit.recommend({ ...task, arms: agents, limit: 1, similar: 0 })
      const best = arms[0]
      return best === undefined
        ? null
        : {
            agent: best.arm,
            probability: best.probability,
            utility: { value: best.utility.value, interval: best.utility.interval },
          }
    },
    executeWithLearning: (task, more = {}) =>
      tacit.wrap(context => execute(task, context), {
        ...task,
        arms: agents,
        ...(timeoutMs !== undefined && { timeoutMs }),
        ...more,
      }),
  }
}

/** A method that runs tasks, as it is typed. */
type Method = (...args: never[]) => unknown

export interface PatchOptions<Run extends Method> {
  /** The task of a call and the agents to choose from. */
  readonly taskOf: (...args: Parameters<Run>) => WrapInfo
  /** The arguments with which the call goes on, so that the chosen agent does the task. */
  readonly withArm: (args: Parameters<Run>, context: WrapContext) => Parameters<Run>
}

/**
 * Puts choice and learning around a method of an orchestrator that exists: each call of it goes through `Tacit.wrap`.
 * The method then answers with a promise. Returns what puts the method back as it was.
 * @throws TacitError INVALID_INPUT if `target` has no such method.
 * @example
 * const restore = patchOrchestrator(tacit, orchestrator, 'run', {
 *   taskOf: job => ({ task: job.prompt, arms: ['researcher', 'coder'] }),
 *   withArm: ([job], { arm }) => [{ ...job, agent: arm }],
 * })
 */
export function patchOrchestrator<Name extends string, Target extends { [Key in Name]: Method }>(
  tacit: Tacit,
  target: Target,
  name: Name,
  { taskOf, withArm }: PatchOptions<Target[Name]>,
): () => void {
  type Run = Target[Name]
  const original = target[name]
  if (typeof original !== 'function') {
    throw new TacitError('INVALID_INPUT', `patchOrchestrator: the orchestrator has no method "${name}".`)
  }
  const isOwn = Object.hasOwn(target, name)
  let isActive = true
  function patched(this: unknown, ...args: Parameters<Run>): unknown {
    if (!isActive) return original.apply(this, args)
    return tacit.wrap(context => original.apply(this, withArm(args, context)), taskOf(...args))
  }
  target[name] = patched as Run
  return () => {
    // Somebody may have put something around the patch since: then it stays, and only passes on.
    isActive = false
    if (target[name] !== (patched as Run)) return
    if (isOwn) target[name] = original
    else delete (target as Partial<typeof target>)[name]
  }
}

/** What an orchestrator tells. One `taskId` goes through all of it, and is the id of the execution. */
export interface TelemetryEvents {
  /** A task was given to an arm, by whatever means. */
  routing_decision: { readonly taskId: string } & Pick<RecordInput, 'task' | 'arm' | 'taskType' | 'context' | 'at'>
  pool_execution_start: PoolEvent
  pool_execution_complete: PoolEvent
  execution_outcome: { readonly taskId: string; readonly eventId?: string } & Omit<OutcomeInput, 'outcomeId'>
}

interface PoolEvent extends Omit<StepInput, 'stepId' | 'kind' | 'name'> {
  readonly taskId: string
  readonly poolId: string
  /** The same id again is the same event. */
  readonly eventId?: string
}

/** An event bus in the manner of Node's EventEmitter. */
export interface MessageBus {
  on(event: string, handler: (message: unknown) => void): unknown
  off(event: string, handler: (message: unknown) => void): unknown
}

export interface TelemetryCapture {
  /** Listens to the bus, once, however often it is called. */
  initialize(): void
  captureRoutingDecision(event: TelemetryEvents['routing_decision']): Promise<void>
  capturePoolExecutionStart(event: PoolEvent): Promise<void>
  capturePoolExecutionComplete(event: PoolEvent): Promise<void>
  captureExecutionOutcome(event: TelemetryEvents['execution_outcome']): Promise<void>
  /** Stops listening and settles when all that was captured is written, or counted as failed. */
  shutdown(): Promise<void>
}

/**
 * Records what is told on `bus` as `routing_decision`, `pool_execution_start`, `pool_execution_complete` and `execution_outcome`.
 * They may come in any order. What cannot be recorded is counted, and reaches nobody on the bus.
 */
export function telemetryCapture(tacit: Tacit, bus: MessageBus): TelemetryCapture {
  const { hooks } = tacit
  const pool = ({ taskId, poolId, eventId, ...step }: PoolEvent, status: 'started' | 'ok') =>
    hooks.step(taskId, {
      status,
      ...step,
      kind: 'pool',
      name: poolId,
      ...(eventId !== undefined && { stepId: eventId }),
    })
  const capture = {
    // Without its id the decision would never meet its outcome: an empty one is refused.
    captureRoutingDecision: ({ taskId = '', ...decision }: TelemetryEvents['routing_decision']) =>
      hooks.record({ ...decision, executionId: taskId }),
    capturePoolExecutionStart: (event: PoolEvent) => pool(event, 'started'),
    capturePoolExecutionComplete: (event: PoolEvent) => pool(event, 'ok'),
    captureExecutionOutcome: ({ taskId, eventId, ...outcome }: TelemetryEvents['execution_outcome']) =>
      hooks.observe(taskId, { ...outcome, ...(eventId !== undefined && { outcomeId: eventId }) }),
  }
  const handlers = Object.entries({
    routing_decision: capture.captureRoutingDecision,
    pool_execution_start: capture.capturePoolExecutionStart,
    pool_execution_complete: capture.capturePoolExecutionComplete,
    execution_outcome: capture.captureExecutionOutcome,
  }).map(([event, handle]) => [event, (message: unknown) => void handle(message as never)] as const)
  let isListening = false
  return {
    ...capture,
    initialize() {
      if (!isListening) for (const [event, handler] of handlers) bus.on(event, handler)
      isListening = true
    },
    async shutdown() {
      for (const [event, handler] of handlers) bus.off(event, handler)
      isListening = false
      await hooks.flush()
    },
  }
}
