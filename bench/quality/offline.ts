import type { Tacit } from '../../src/engine/types.ts'
import { TacitError } from '../../src/errors.ts'
import { seedRng, shuffle } from '../../src/math/rng.ts'
import type { RecordInput } from '../../src/records.ts'
import { bestSingleArm, mean, oracleReward, singleArmReward, uniformReward } from './hindsight.ts'
import { bareRun, type Run, type Scored, score, scoreReward } from './run.ts'
import { clip } from './utility.ts'
import { meanRewards, type View } from './view.ts'

/** One offline split: indexes of tasks. */
export interface Split {
  readonly train: readonly number[]
  readonly test: readonly number[]
}

const batchSize = 500

/**
 * The split with these test tasks. The training tasks come in a seeded random order, since data files are usually sorted
 * by category. Tasks that no arm has a reward for are left out.
 */
export function splitOf(view: View, testTasks: readonly number[], seed: string): Split {
  const isTest = new Set(testTasks)
  const usable = [...view.tasks.keys()].filter(task => view.attempts[task]!.length > 0)
  return {
    train: shuffle(
      seedRng(seed),
      usable.filter(task => !isTest.has(task)),
    ),
    test: testTasks.filter(task => view.attempts[task]!.length > 0),
  }
}

/** Full information: every execution of the training tasks is recorded; per test task the top of the ranking is taken. */
export async function runOffline(
  tacit: Pick<Tacit, 'recordBatch' | 'recommend' | 'predict'>,
  view: View,
  split: Split,
): Promise<Run> {
  await recordAll(tacit, view, split.train)
  const rewards: number[] = []
  const forecasts: Scored[] = []
  let withoutForecast = 0
  for (const task of split.test) {
    const { text, taskType } = view.tasks[task]!
    const ofTask = meanRewards(view, task)
    const arms = view.arms.filter((_, arm) => ofTask[arm] !== null)
    const query = { task: text, ...(taskType !== null && { taskType }), arms }
    const ranking = await tacit.recommend({ ...query, similar: 0 })
    rewards.push(ofTask[view.arms.indexOf(ranking.arms[0]!.arm)]!)
    for (const prediction of await tacit.predict(query)) {
      const forecast = score(view, prediction, ofTask[view.arms.indexOf(prediction.arm)]!)
      if (forecast === null) withoutForecast++
      else forecasts.push(forecast)
    }
  }
  return { ...bareRun, ...hindsight(view, split), rewards, isSequence: false, forecasts, withoutForecast }
}

/**
 * The controls: the oracle; a random arm (its expectation, not a draw); and the arm with the best mean on the training tasks,
 * which is what a context-free Thompson policy comes to with all this information. Its forecast of an arm is the arm's mean.
 */
export function controlRuns(view: View, split: Split): { oracle: Run; uniform: Run; thompson: Run } {
  const trained = split.train.map(task => meanRewards(view, task))
  const tested = split.test.map(task => meanRewards(view, task))
  const best = bestSingleArm(trained)
  const forecasts = view.arms.flatMap((_, arm) => {
    const seen = trained.flatMap(visit => (visit[arm] == null ? [] : [visit[arm]]))
    if (seen.length === 0) return []
    const forecast = clip(mean(seen))
    return tested.flatMap(visit => (visit[arm] == null ? [] : [scoreReward(view, forecast, visit[arm])]))
  })
  const run = { ...bareRun, ...hindsight(view, split), isSequence: false }
  return {
    oracle: { ...run, rewards: tested.map(visit => oracleReward([visit])) },
    uniform: { ...run, rewards: tested.map(visit => uniformReward([visit])) },
    thompson: { ...run, rewards: tested.map(visit => singleArmReward([visit], best)), forecasts },
  }
}

async function recordAll(tacit: Pick<Tacit, 'recordBatch'>, view: View, tasks: readonly number[]): Promise<void> {
  let batch: RecordInput[] = []
  const flush = async () => {
    for (const item of await tacit.recordBatch(batch)) {
      if (item.status === 'error')
        throw new TacitError('INVALID_INPUT', `A training row was refused: ${item.error.message}`)
    }
    batch = []
  }
  for (const task of tasks) {
    const { text, taskType } = view.tasks[task]!
    for (const attempt of view.attempts[task]!) {
      for (const [index, execution] of attempt.entries()) {
        if (execution === null) continue
        const arm = view.arms[index]!
        batch.push({
          task: text,
          ...(taskType !== null && { taskType }),
          arm,
          ...view.utility.outcome(execution.row, arm),
        })
      }
    }
    if (batch.length >= batchSize) await flush()
  }
  await flush()
}

/** The single arm is chosen on the training tasks and, like the oracle, measured on the test tasks. */
function hindsight(view: View, split: Split) {
  const tested = split.test.map(task => meanRewards(view, task))
  const best = bestSingleArm(split.train.map(task => meanRewards(view, task)))
  return { bestSingle: singleArmReward(tested, best), oracle: oracleReward(tested) }
}
