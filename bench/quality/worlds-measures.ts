import type { World } from '../../src/demo/worlds/world.ts'
import type { WorldRun } from './worlds-run.ts'

/** A mean over the seeds with its standard error; null where no seed has a value. */
export interface Mean {
  readonly value: number
  readonly standardError: number
  readonly sd: number
}

export interface WorldSummary {
  readonly utility: Mean
  readonly regret: Mean
  /** Slope of ln(cumulative regret) over ln(round), second half: 1 is a learner that has stopped learning. */
  readonly slope: Mean | null
  /** Share of choices within `nearBest` of the optimum, last quarter. */
  readonly best: Mean
  /** Share of task types (of tasks, where they recur) whose most chosen arm of the last quarter is further than `nearBest` from the best. */
  readonly lockedIn: Mean
  /** Mean gain over the mean outcome of all arms, per round. */
  readonly gain: Mean
  readonly coverage: Share | null
  /** The same, (arm, task type) pairs with fewer than ten observations alone, and the others alone. */
  readonly coverageFew: Share | null
  readonly coverageMany: Share | null
  readonly switches: readonly Switch[]
}

/** A share of all cases of all seeds; the standard error is that between seeds, whose cases depend on each other. */
export interface Share {
  readonly value: number
  readonly standardError: number
  readonly n: number
}

/** What a change of the truth cost. */
export interface Switch {
  readonly round: number
  /** Regret from the change to the next one, or to the end. */
  readonly regret: Mean
  /** Regret of the first rounds of the world, as many: what learning from nothing costs. */
  readonly fromNothing: Mean
  /** Rounds until the mean regret of the next 100 is at most `nearOptimum`; over the seeds that got there. */
  readonly recovery: Mean | null
  readonly recovered: number
}

export const nearBest = 0.02
export const nearOptimum = 0.03
const window = 100
/** A world that changes more often than this has no phases worth reporting one by one. */
const mostSwitches = 5

export function summariseWorld(worlds: readonly World[], runs: readonly WorldRun[]): WorldSummary {
  const over = (measure: (run: WorldRun, world: World) => number) =>
    meanOf(runs.map((run, i) => measure(run, worlds[i]!)))
  const rounds = runs[0]!.regret.length
  const lastQuarter = Math.floor(0.75 * rounds)
  const slopes = runs.map(({ regret }) => slopeOf(regret)).filter(slope => slope !== null)
  const { changes } = worlds[0]!
  return {
    utility: over(run => average(run.utility)),
    regret: over(run => sum(run.regret)),
    slope: slopes.length === 0 ? null : meanOf(slopes),
    best: over(run => average(run.regret.slice(lastQuarter).map(regret => Number(regret <= nearBest)))),
    lockedIn: over((run, world) => lockedInShare(run, world, lastQuarter)),
    gain: over(run => average(run.gain)),
    coverage: share(runs, ({ intervals, holding }) => [intervals, holding]),
    coverageFew: share(runs, ({ fewIntervals, fewHolding }) => [fewIntervals, fewHolding]),
    coverageMany: share(runs, all => [all.intervals - all.fewIntervals, all.holding - all.fewHolding]),
    switches:
      changes.length > mostSwitches ? [] : changes.map((round, i) => switchAt(runs, round, changes[i + 1] ?? rounds)),
  }
}

/** Mean and standard error of the mean (null-free); a single value has standard error 0. */
export function meanOf(values: readonly number[]): Mean {
  const value = average(values)
  const n = values.length
  const sd = n < 2 ? 0 : Math.sqrt(values.reduce((total, each) => total + (each - value) ** 2, 0) / (n - 1))
  return { value, sd, standardError: sd / Math.sqrt(n) }
}

/** Least-squares slope of ln(cumulative regret) over ln(round) in the second half; null without any regret by then. */
export function slopeOf(regret: Float64Array): number | null {
  const from = Math.floor(regret.length / 2)
  let cumulative = sum(regret.slice(0, from))
  const points: [number, number][] = []
  for (let round = from; round < regret.length; round++) {
    cumulative += regret[round]!
    if (cumulative > 0) points.push([Math.log(round + 1), Math.log(cumulative)])
  }
  if (points.length < 2) return null
  const [x, y] = [average(points.map(([at]) => at)), average(points.map(([, height]) => height))]
  const covariance = points.reduce((total, [at, height]) => total + (at - x) * (height - y), 0)
  return covariance / points.reduce((total, [at]) => total + (at - x) ** 2, 0)
}

function lockedInShare({ chosen, regret }: WorldRun, world: World, from: number): number {
  const byKey = new Map<number, Map<number, { count: number; regret: number }>>()
  for (let round = from; round < chosen.length; round++) {
    const { kind, identity } = world.task(round)
    const key = world.tasks === null ? kind : identity
    const arms = byKey.get(key) ?? new Map<number, { count: number; regret: number }>()
    const seen = arms.get(chosen[round]!) ?? { count: 0, regret: 0 }
    arms.set(chosen[round]!, { count: seen.count + 1, regret: seen.regret + regret[round]! })
    byKey.set(key, arms)
  }
  const favourites = [...byKey.values()].map(arms => [...arms.values()].reduce((a, b) => (b.count > a.count ? b : a)))
  return average(favourites.map(({ count, regret: lost }) => Number(lost / count > nearBest)))
}

function switchAt(runs: readonly WorldRun[], round: number, end: number): Switch {
  const recoveries = runs.map(({ regret }) => recoveryOf(regret.slice(round, end))).filter(rounds => rounds !== null)
  return {
    round,
    regret: meanOf(runs.map(run => sum(run.regret.slice(round, end)))),
    fromNothing: meanOf(runs.map(run => sum(run.regret.slice(0, Math.min(round, end - round))))),
    recovery: recoveries.length === 0 ? null : meanOf(recoveries),
    recovered: recoveries.length,
  }
}

function recoveryOf(regret: Float64Array): number | null {
  let inWindow = sum(regret.slice(0, window))
  for (let start = 0; start + window <= regret.length; start++) {
    if (inWindow / window <= nearOptimum) return start
    inWindow += (regret[start + window] ?? 0) - regret[start]!
  }
  return null
}

function share(
  runs: readonly WorldRun[],
  pick: (coverage: WorldRun['coverage'][number]) => [number, number],
): Share | null {
  const perRun = runs.map(({ coverage }) => {
    const pairs = coverage.map(pick)
    return { n: sum(pairs.map(([all]) => all)), holding: sum(pairs.map(([, holding]) => holding)) }
  })
  const n = sum(perRun.map(run => run.n))
  if (n === 0) return null
  const { standardError } = meanOf(perRun.filter(run => run.n > 0).map(run => run.holding / run.n))
  return { n, standardError, value: sum(perRun.map(run => run.holding)) / n }
}

const sum = (values: ArrayLike<number>) => Array.prototype.reduce.call(values, (a, b) => a + b, 0) as number
const average = (values: ArrayLike<number>) => sum(values) / values.length
