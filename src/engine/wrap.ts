import { TacitError } from '../errors.ts'
import type { OutcomeInput } from '../records.ts'
import { asError } from './events.ts'
import { failureOutcome, fallbackArm } from './task-hooks.ts'
import type { Tacit, WrapContext, WrapInfo } from './types.ts'

/** Node's timers cannot wait longer (they would fire at once); a task with a later timeout has none. */
const longestTimerMs = 2_147_483_647

interface Parts {
  readonly decide: Tacit['decide']
  readonly observe: Tacit['observe']
  /** Counts a failure of Tacit itself. */
  readonly failed: (where: string, error: Error) => void
  readonly now: () => number
}

/**
 * decide, run, observe. Whatever goes wrong in Tacit is counted and stays here: the task then runs with the incumbent,
 * or the first arm, and its own result or error is passed on untouched.
 */
export async function wrapTask<T>(
  parts: Parts,
  task: (context: WrapContext) => Promise<T> | T,
  info: WrapInfo,
): Promise<T> {
  assertRunnable(task, info)
  const { signal, timeoutMs = Number.POSITIVE_INFINITY, ...input } = info
  const choice = await attempt(parts, 'decide', () => parts.decide(input))
  const arm = choice?.arm ?? fallbackArm(input, 'wrap')
  // While Tacit is switched off it says what to run, and keeps nothing.
  const decisionId = choice === null || choice.stage === 'off' ? null : choice.decisionId
  const reported: Omit<OutcomeInput, 'outcomeId'>[] = []
  const abort = new AbortController()
  const timer =
    timeoutMs > longestTimerMs ? undefined : setTimeout(() => abort.abort(timeoutError(timeoutMs)), timeoutMs)
  const forward = () => abort.abort(signal!.reason)
  if (signal?.aborted) forward()
  signal?.addEventListener('abort', forward, { once: true })
  const context: WrapContext = {
    arm,
    decisionId,
    signal: abort.signal,
    report: outcome => void reported.push(outcome),
  }
  const startedMs = parts.now()
  const observe = async (own: OutcomeInput) => {
    if (decisionId === null) return
    const outcome = Object.assign({ durationMs: Math.max(0, parts.now() - startedMs), ...own }, ...reported)
    await attempt(parts, 'observe', () => parts.observe(decisionId, outcome))
  }
  try {
    const result = await Promise.race([runTask(task, context), aborted(abort.signal)])
    await observe({ success: true })
    return result
  } catch (thrown) {
    await observe(outcomeOf(thrown, signal?.aborted === true))
    throw thrown
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', forward)
  }
}

/** What concerns the running of the task itself cannot be waved through. */
function assertRunnable(task: unknown, info: WrapInfo): void {
  if (typeof task !== 'function') throw new TacitError('INVALID_INPUT', 'wrap: the task is not a function.')
  if (info === null || typeof info !== 'object') {
    throw new TacitError('INVALID_INPUT', 'wrap: say what the task is: wrap(run, { task, arms }).')
  }
  const { timeoutMs, signal } = info
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0)) {
    throw new TacitError('INVALID_INPUT', `wrap: timeoutMs must be a positive number, not ${String(timeoutMs)}.`)
  }
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw new TacitError('INVALID_INPUT', 'wrap: signal must be an AbortSignal.')
  }
}

async function attempt<T>({ failed }: Parts, where: string, action: () => Promise<T>): Promise<T | null> {
  try {
    return await action()
  } catch (error) {
    failed(`wrap.${where}`, asError(error))
    return null
  }
}

const runTask = async <T>(task: (context: WrapContext) => Promise<T> | T, context: WrapContext): Promise<T> => {
  context.signal.throwIfAborted()
  return task(context)
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    // The task may have been cancelled from within its first, synchronous part.
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

/** A cancelled task is not a failed one: its success stays unknown. */
const outcomeOf = (thrown: unknown, isCancelled: boolean): OutcomeInput =>
  isCancelled ? { success: null, metadata: { cancelled: true } } : failureOutcome(thrown)

const timeoutError = (timeoutMs: number) =>
  new DOMException(`The task was still running after ${timeoutMs} ms.`, 'TimeoutError')
