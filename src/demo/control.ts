import { openTacit } from '../engine/open.ts'
import { seedRng, shuffle } from '../math/rng.ts'
import { emptyMoments, type Moments, mergeMoments } from '../math/statistics.ts'
import { gainOverUniform, standardError } from './compare.ts'
import { learnOnline } from './loop.ts'
import { type Attempt, utilityOf } from './portfolio.ts'
import type { ControlReport } from './result.ts'
import type { Task } from './tasks.ts'

/**
 * The negative control. The outcomes are dealt out anew over all (task, arm) pairs and the same loop runs on them, each
 * time in a database of its own in memory. Whatever was observed, the outcomes still hidden in a row are exchangeable, so
 * the expected gain over a uniform choice is exactly 0 for any learner that does not cheat.
 */
export async function runControl(
  seed: string,
  tasks: readonly Task[],
  attempts: readonly (readonly Attempt[])[],
  runs: number,
  onProgress: (done: number) => void,
): Promise<ControlReport> {
  let gains: Moments = emptyMoments
  for (let run = 0; run < runs; run++) {
    const shuffled = dealAnew(attempts, `${seed}/control/${run}`)
    const tacit = await openTacit({ db: ':memory:', seed: `${seed}/control/${run}` })
    try {
      const chosen = await learnOnline(tacit, tasks, shuffled, done => onProgress(run * tasks.length + done))
      gains = mergeMoments(
        gains,
        gainOverUniform(
          shuffled.map(row => row.map(utilityOf)),
          chosen,
        ),
      )
    } finally {
      await tacit.close()
    }
  }
  const error = standardError(gains)
  const holds = error !== null && Math.abs(gains.mean) <= 3 * error
  return { runs, tasks: tasks.length, gain: gains.mean, standardError: error, holds }
}

/** The same outcomes in random places; every arm keeps its name and its place. */
export function dealAnew(attempts: readonly (readonly Attempt[])[], seed: string): Attempt[][] {
  const deck = shuffle(seedRng(seed), attempts.flat())
  let next = 0
  return attempts.map(row => row.map(({ arm }) => ({ ...deck[next++]!, arm })))
}
