import type { World } from '../../src/demo/worlds/world.ts'
import { type Mean, meanOf, type WorldSummary } from './worlds-measures.ts'
import { percent, type Target, withError } from './worlds-report.ts'

type Utilities = ReadonlyMap<string, readonly number[]>

const slopeLimit = 0.9
const coverageBand = [0.93, 0.97] as const
const switchLimit = 2
/** Differences within this many standard errors are not told apart. */
const errors = 2

/**
 * What is asked of our policy in a world. Stationary: the slope of regret, no harm against the context-free learner, and
 * intervals that hold. Changing: a change costs at most twice what learning from nothing costs. Adversarial: no worse
 * than a uniform choice.
 */
export function targetsOf(world: World, ours: string, rows: ReadonlyMap<string, WorldSummary>, utilities: Utilities) {
  const summary = rows.get(ours)!
  if (isAdversarial(world)) {
    return [
      noWorse('no worse than the uniform policy', ours, 'uniform', utilities),
      noWorse('no worse than a uniform choice in its own rounds', ours, 'uniform on the same rounds', utilities),
    ]
  }
  if (!world.isStationary) return summary.switches.map(switchTarget)
  const targets = [slopeTarget(summary), noWorse('no worse than context-free Thompson', ours, 'thompson', utilities)]
  // What failures take with them cannot be known from the successes that are reported.
  return world.name === 'missing-failure' ? targets : [...targets, coverageTarget(summary)]
}

/** The negative control: where outcomes are dealt out anew, nobody gains. */
export function controlTarget({ gain }: WorldSummary): Target {
  return {
    text: 'no gain from shuffled outcomes (within 3 standard errors of 0)',
    figure: withError(gain, 4),
    isReached: Math.abs(gain.value) <= 3 * gain.standardError,
  }
}

const isAdversarial = ({ name }: World) => name === 'unrelated' || name.startsWith('reversed')

function slopeTarget({ slope }: WorldSummary): Target {
  const text = `regret slope of the second half below ${slopeLimit}`
  if (slope === null) return { text, figure: 'no regret', isReached: true }
  return { text, figure: withError(slope, 2), isReached: slope.value < slopeLimit }
}

function coverageTarget({ coverage }: WorldSummary): Target {
  const [low, high] = coverageBand
  const value = coverage?.value ?? Number.NaN
  return {
    text: `95 % intervals hold the true utility in ${percent(low)} to ${percent(high)} of the cases`,
    figure: `${percent(value)} ± ${percent(coverage?.standardError)} of ${coverage?.n ?? 0}`,
    isReached: value >= low && value <= high,
  }
}

function switchTarget({ round, regret, fromNothing }: WorldSummary['switches'][number]): Target {
  return {
    text: `regret of the change at ${round} at most ${switchLimit} times that of learning from nothing`,
    figure: `${(regret.value / fromNothing.value).toFixed(2)} times (${withError(regret, 1)})`,
    isReached: regret.value <= switchLimit * fromNothing.value,
  }
}

function noWorse(text: string, ours: string, other: string, utilities: Utilities): Target {
  const theirs = utilities.get(other)
  if (theirs === undefined) return { text, figure: `${other} was not run`, isReached: true }
  const gain: Mean = meanOf(utilities.get(ours)!.map((utility, seed) => utility - theirs[seed]!))
  return {
    text: `${text} (within ${errors} standard errors)`,
    figure: `utility ${gain.value < 0 ? '' : '+'}${withError(gain, 4)}`,
    isReached: gain.value >= -errors * gain.standardError,
  }
}
