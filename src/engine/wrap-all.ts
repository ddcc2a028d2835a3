import { TacitError } from '../errors.ts'
import type { WrapAllOptions, WrappedTask } from './types.ts'

const defaultConcurrency = 4

/** Runs `wrap` over the tasks in their order, so many at a time; see `Tacit.wrapAll`. */
export async function wrapAll<T>(
  tasks: readonly WrappedTask<T>[],
  { concurrency = defaultConcurrency, signal }: WrapAllOptions,
  wrap: (task: WrappedTask<T>) => Promise<T>,
): Promise<PromiseSettledResult<T>[]> {
  if (!(Number.isInteger(concurrency) && concurrency >= 1)) {
    throw new TacitError(
      'INVALID_INPUT',
      `wrapAll: concurrency must be a whole number of at least 1, not ${concurrency}.`,
    )
  }
  const wrong = tasks.findIndex(
    task => typeof task?.run !== 'function' || task.info === null || typeof task.info !== 'object',
  )
  if (wrong >= 0)
    throw new TacitError('INVALID_INPUT', `wrapAll: tasks[${wrong}] must be { run, info: { task, arms } }.`)
  const results = new Array<PromiseSettledResult<T>>(tasks.length)
  let next = 0
  const work = async () => {
    while (next < tasks.length) {
      const index = next++
      const { run, info } = tasks[index]!
      try {
        signal?.throwIfAborted()
        results[index] = { status: 'fulfilled', value: await wrap({ run, info: withSignal(info, signal) }) }
      } catch (reason) {
        results[index] = { status: 'rejected', reason }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, tasks.length) }, work))
  return results
}

/** A task is cancelled by its own signal or by that of all. */
function withSignal(info: WrappedTask<unknown>['info'], signal: AbortSignal | undefined): WrappedTask<unknown>['info'] {
  if (signal === undefined) return info
  return { ...info, signal: info.signal === undefined ? signal : AbortSignal.any([info.signal, signal]) }
}
