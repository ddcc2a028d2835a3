import type { World } from '../../src/demo/worlds/world.ts'
import { align } from './report.ts'
import { type Mean, nearBest, nearOptimum, type WorldSummary } from './worlds-measures.ts'

/** The figures of one world: a summary per policy, ours first. */
export interface WorldResult {
  readonly world: World
  readonly seeds: number
  readonly rows: ReadonlyMap<string, WorldSummary>
  /** Utility of each seed, by policy, to compare policies on the same seeds. */
  readonly utilities: ReadonlyMap<string, readonly number[]>
  readonly targets: readonly Target[]
}

export interface Target {
  readonly text: string
  readonly figure: string
  readonly isReached: boolean
}

export interface WorldFigure {
  readonly protocol: 'worlds'
  readonly view: string
  readonly metric: string
  readonly value: number
  /** Standard deviation between seeds; null for shares of pooled counts. */
  readonly sd: number | null
}

/** The table of a world with its targets, as text. */
export function worldTable({ world, seeds, rows, targets }: WorldResult): string {
  const title =
    `${world.name} · ${world.summary} · ${world.arms.length} arms, ${world.taskTypes.length} task types · ` +
    `${world.rounds} tasks, ${world.tasksPerDay} a day · ${seeds} seeds (± standard error)`
  const headings = [
    'policy',
    'utility',
    'regret',
    'slope',
    `within ${nearBest}`,
    'locked in',
    'cover 95 %',
    'n < 10',
    'n ≥ 10',
  ]
  const lines = [...rows].map(([name, summary]) => [
    name,
    withError(summary.utility, 4),
    withError(summary.regret, 1),
    summary.slope === null ? '–' : withError(summary.slope, 2),
    percent(summary.best.value),
    percent(summary.lockedIn.value),
    percent(summary.coverage?.value),
    percent(summary.coverageFew?.value),
    percent(summary.coverageMany?.value),
  ])
  return [title, ...align([headings, ...lines]), ...switchLines(rows, seeds), ...targets.map(targetLine)].join('\n')
}

/** Our own figures of a world. */
export function worldFigures({ world, rows }: WorldResult): WorldFigure[] {
  const [summary] = rows.values()
  const { utility, regret, slope, best, lockedIn, gain, coverage } = summary!
  const means = { utility, regret, slope, nearBest: best, lockedIn, gain }
  const figure = (metric: string, value: number, sd: number | null): WorldFigure[] => [
    { protocol: 'worlds', view: world.name, metric, value, sd },
  ]
  return [
    ...Object.entries(means).flatMap(([metric, mean]) => (mean === null ? [] : figure(metric, mean.value, mean.sd))),
    ...(coverage === null ? [] : figure('coverage95', coverage.value, null)),
    ...summary!.switches.flatMap(({ regret: lost }, i) => figure(`switchRegret${i + 1}`, lost.value, lost.sd)),
  ]
}

const targetLine = ({ text, figure, isReached }: Target) =>
  isReached ? `  reached: ${text}: ${figure}` : `  *** MISSED: ${text}: ${figure} ***`

function switchLines(rows: WorldResult['rows'], seeds: number): string[] {
  return [...rows].flatMap(([name, { switches }]) =>
    switches.map(({ round, regret, fromNothing, recovery, recovered }) => {
      const back =
        recovery === null
          ? 'never back'
          : `within ${nearOptimum} of the optimum after ${withError(recovery, 0)} tasks (${recovered} of ${seeds} seeds)`
      const costs = `regret ${withError(regret, 1)}, learning from nothing ${withError(fromNothing, 1)}`
      return `  ${name}: change at ${round}: ${costs}; ${back}`
    }),
  )
}

export function withError({ value, standardError }: Mean, digits: number): string {
  return `${value.toFixed(digits)} ± ${standardError.toFixed(digits)}`
}

export const percent = (share: number | undefined) => (share === undefined ? '–' : `${(100 * share).toFixed(1)} %`)
