import { TacitError } from '../errors.ts'
import type { DecideInput, OutcomeInput, RecordInput, StepInput } from '../records.ts'

/** A task that may begin: what was chosen for it. Plain data, so it can travel with the task. */
export interface PreparedTask {
  /** Null if learning failed or is off; the task runs all the same. */
  readonly decisionId: string | null
  readonly arm: string
  /** Exact probability with which `arm` was chosen; null without a decision. */
  readonly propensity: number | null
  /** When it was prepared, in milliseconds since 1970. */
  readonly startedAtMs: number
}

/**
 * The loop for those who run their tasks themselves: call one before, one after. None of them throws for a failure of
 * Tacit itself: it is counted and shown by `status`, and the task goes on.
 */
export interface TaskHooks {
  /** Before a task: the arm for it. If learning fails, that is the incumbent, or the first arm. */
  preTask(input: DecideInput): Promise<PreparedTask>
  /** After a task that ended: success, unless `outcome` says otherwise, and how long it took. */
  postTask(task: PreparedTask, outcome?: OutcomeInput): Promise<void>
  /** After a task that failed with `error`. */
  taskError(task: PreparedTask, error: unknown, outcome?: OutcomeInput): Promise<void>
  /** Something that happened within an execution. */
  step(executionId: string, step: StepInput): Promise<void>
  /** What came of an execution that was chosen or recorded elsewhere. */
  observe(executionId: string, outcome: OutcomeInput): Promise<void>
  /** An execution that was chosen without Tacit. */
  record(execution: RecordInput): Promise<void>
  /** Settles when all that was handed over before is written, or counted as failed. */
  flush(): Promise<void>
}

/** What the hooks stand on: the calls that may fail, and where a failure is counted. */
interface Loop {
  decide(input: DecideInput): Promise<{ decisionId: string; arm: string; propensity: number; stage: string }>
  observe(executionId: string, outcome: OutcomeInput): Promise<unknown>
  step(executionId: string, step: StepInput): Promise<unknown>
  record(execution: RecordInput): Promise<unknown>
  readonly failed: (where: string, error: unknown) => void
  readonly now: () => number
}

export function taskHooks(loop: Loop): TaskHooks {
  const pending = new Set<Promise<unknown>>()
  const attempt = async <T>(where: string, action: () => Promise<T>): Promise<T | null> => {
    const done = action().catch(error => {
      loop.failed(`hooks.${where}`, error)
      return null
    })
    pending.add(done)
    try {
      return await done
    } finally {
      pending.delete(done)
    }
  }
  const end = async ({ decisionId, startedAtMs }: PreparedTask, where: string, outcome: OutcomeInput) => {
    if (decisionId === null) return
    const durationMs = Math.max(0, loop.now() - startedAtMs)
    await attempt(where, () => loop.observe(decisionId, { durationMs, ...outcome }))
  }
  return {
    async preTask(input) {
      const choice = await attempt('preTask', () => loop.decide(input))
      const startedAtMs = loop.now()
      if (choice === null)
        return { decisionId: null, arm: fallbackArm(input, 'preTask'), propensity: null, startedAtMs }
      const { arm, decisionId, propensity, stage } = choice
      // While Tacit is switched off it says what to run, and keeps nothing.
      if (stage === 'off') return { decisionId: null, arm, propensity: null, startedAtMs }
      return { decisionId, arm, propensity, startedAtMs }
    },
    postTask: (task, outcome = {}) => end(task, 'postTask', { success: true, ...outcome }),
    taskError: (task, error, outcome = {}) => end(task, 'taskError', { ...failureOutcome(error), ...outcome }),
    async step(executionId, step) {
      await attempt('step', () => loop.step(executionId, step))
    },
    async observe(executionId, outcome) {
      await attempt('observe', () => loop.observe(executionId, outcome))
    },
    async record(execution) {
      await attempt('record', () => loop.record(execution))
    },
    async flush() {
      await Promise.all(pending)
    },
  }
}

/** What a task that threw says about its outcome. */
export function failureOutcome(thrown: unknown): OutcomeInput {
  const { name, message } = thrown instanceof Error ? thrown : { name: '', message: String(thrown) }
  const type = name === 'TimeoutError' ? 'timeout' : 'crash'
  return { success: false, error: { type, message: message.slice(0, 65_536) } }
}

/** What to run if nothing can be chosen. */
export function fallbackArm({ incumbent, arms }: Pick<DecideInput, 'incumbent' | 'arms'>, where: string): string {
  const first = arms?.[0]
  const arm = incumbent ?? (typeof first === 'object' ? first.id : first)
  if (arm !== undefined) return arm
  throw new TacitError('NO_ARMS', `${where}: no arm is known. Give arms, or an incumbent to fall back on.`)
}
