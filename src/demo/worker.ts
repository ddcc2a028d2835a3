import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { seedRng } from '../math/rng.ts'
import { kinds } from './kinds.ts'
import { type Attempt, attemptAll } from './portfolio.ts'
import type { Limits } from './result.ts'
import { makeTask, makeTaskOfKind } from './tasks.ts'

/**
 * Every solver on every task, measured on worker threads so that the main thread stays responsive: one worker per core,
 * two at most. A task makes itself from the seed and its index, so only the index travels there and the attempts back.
 */
export interface Measured {
  /** In the order of the task indices; shorter than asked for if the time ran out. */
  readonly attempts: readonly (readonly Attempt[])[]
  readonly workers: number
}

/** @param longestMs no new task is begun after this, so that a very slow machine measures fewer tasks. */
export async function measure(
  seed: string,
  taskCount: number,
  limits: Limits,
  longestMs: number,
  onProgress: (done: number) => void,
): Promise<Measured> {
  const workers = Math.min(2, availableParallelism())
  const startedMs = performance.now()
  const results: Attempt[][] = []
  let next = 0
  let done = 0
  await Promise.all(Array.from({ length: workers }, runWorker))
  return { attempts: results, workers }

  /** The workers take the tasks in order and finish those begun, so the results have no holes. */
  function runWorker(): Promise<void> {
    const worker = new Worker(new URL(import.meta.url), { workerData: { role, seed, limits } satisfies Assignment })
    return new Promise<void>((resolve, reject) => {
      worker.on('error', reject)
      worker.on('exit', code => (code === 0 ? resolve() : reject(new Error(`A demo worker ended with code ${code}.`))))
      worker.on('message', (message: Ready | Report) => {
        if ('index' in message) {
          results[message.index] = message.attempts
          onProgress(++done)
        }
        const isOver = next >= taskCount || performance.now() - startedMs > longestMs
        worker.postMessage(isOver ? null : next++)
      })
    })
  }
}

// ---- the worker's side ---------------------------------------------------------------------------------------------

const role = 'tacit-demo-solvers'

interface Assignment {
  readonly role: typeof role
  readonly seed: string
  readonly limits: Limits
}
interface Ready {
  readonly ready: true
}
interface Report {
  readonly index: number
  readonly attempts: Attempt[]
}

if (!isMainThread && (workerData as Partial<Assignment> | null)?.role === role) serve(workerData as Assignment)

function serve({ seed, limits }: Assignment): void {
  const port = parentPort!
  warmUp(limits)
  port.on('message', (index: number | null) => {
    if (index === null) port.close()
    else port.postMessage({ index, attempts: attemptAll(makeTask(seed, index), seed, limits) } satisfies Report)
  })
  port.postMessage({ ready: true } satisfies Ready)
}

/** Lets the runtime compile the solvers, so that the first tasks are not slower than the rest. */
function warmUp(limits: Limits): void {
  for (let round = 0; round < 2; round++) {
    for (const kind of kinds) attemptAll(makeTaskOfKind(kind, seedRng(`warm-up/${round}`), round), 'warm-up', limits)
  }
}
