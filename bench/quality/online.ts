import type { Tacit } from '../../src/engine/types.ts'
import { bestSingleArm, oracleReward, type Rewards, singleArmReward } from './hindsight.ts'
import { bareRun, type Run, type Scored, score } from './run.ts'
import type { Attempt, View } from './view.ts'

export interface Visit {
  readonly task: number
  /** What each arm would give on this visit. */
  readonly attempt: Attempt
}

/**
 * The visits of one order: the j-th visit to a task reveals its attempt j (the first again after the last). Tasks that no
 * arm has a reward for are left out; `rounds` is the most visits taken.
 */
export function visitsOf(view: View, order: readonly number[], rounds: number): Visit[] {
  const visited = new Map<number, number>()
  const visits: Visit[] = []
  for (const task of order) {
    if (visits.length >= rounds) break
    const attempts = view.attempts[task]!
    if (attempts.length === 0) continue
    const count = visited.get(task) ?? 0
    visited.set(task, count + 1)
    visits.push({ task, attempt: attempts[count % attempts.length]! })
  }
  return visits
}

/**
 * Bandit feedback: decide, see the outcome of the chosen arm alone, observe it. The forecast is the one stored. The ids are the
 * bench's own: Tacit draws from its seed and the decision's id, so that a run can be repeated.
 */
export async function runOnline(
  tacit: Pick<Tacit, 'decide' | 'observe'>,
  view: View,
  visits: readonly Visit[],
): Promise<Run> {
  const rewards: number[] = []
  const forecasts: Scored[] = []
  const decideMs: number[] = []
  const observeMs: number[] = []
  for (const [round, { task, attempt }] of visits.entries()) {
    const { text, taskType } = view.tasks[task]!
    const arms = view.arms.filter((_, arm) => attempt[arm] != null)
    const start = performance.now()
    const choice = await tacit.decide({
      task: text,
      ...(taskType !== null && { taskType }),
      arms,
      decisionId: `round ${round}`,
    })
    const chosen = performance.now()
    const { row, reward } = attempt[view.arms.indexOf(choice.arm)]!
    const outcome = view.utility.outcome(row, choice.arm)
    const ended = performance.now()
    await tacit.observe(choice.decisionId, outcome)
    observeMs.push(performance.now() - ended)
    decideMs.push(chosen - start)
    rewards.push(reward)
    const forecast = choice.prediction && score(view, choice.prediction, reward)
    if (forecast !== null) forecasts.push(forecast)
  }
  const withoutForecast = visits.length - forecasts.length
  return { ...hindsight(visits), rewards, isSequence: true, forecasts, withoutForecast, decideMs, observeMs }
}

/** The runs of the oracle and of the best single arm of this order. */
export function hindsightRuns(visits: readonly Visit[]): { oracle: Run; bestSingle: Run } {
  const rewards = rewardsOf(visits)
  const arm = bestSingleArm(rewards)
  const run = { ...bareRun, ...hindsight(visits), isSequence: true }
  return {
    oracle: { ...run, rewards: rewards.map(visit => oracleReward([visit])) },
    bestSingle: { ...run, rewards: rewards.map(visit => singleArmReward([visit], arm)) },
  }
}

function hindsight(visits: readonly Visit[]) {
  const rewards = rewardsOf(visits)
  return { bestSingle: singleArmReward(rewards, bestSingleArm(rewards)), oracle: oracleReward(rewards) }
}

function rewardsOf(visits: readonly Visit[]): Rewards {
  return visits.map(({ attempt }) => attempt.map(execution => execution?.reward ?? null))
}
