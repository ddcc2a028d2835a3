import { type EstimatorName, estimatorNames } from '../../src/analyse/off-policy/evaluate.ts'
import type { LoggedWorld } from './off-policy-log.ts'
import type { Accuracy, TargetResult } from './off-policy-measures.ts'
import { type Reference, references } from './off-policy-reference.ts'
import { align } from './report.ts'

const mostBias = 0.01
const coverageAim = [0.93, 0.97] as const

export interface OffPolicyFigure {
  readonly protocol: 'off-policy'
  readonly view: string
  /** "uniform doublyRobust rmse" */
  readonly metric: string
  readonly value: number
  readonly sd: null
}

/** The table of one view with its targets, as text. */
export function offPolicyTable(world: LoggedWorld, results: readonly TargetResult[], replications: number): string {
  const { bestSingle, categoryBest, categories } = world.favourites
  const title =
    `${world.name} · off-policy · ${world.arms} arms, ${world.tasks.length} tasks · ${replications} logs, 30 % uniform and ` +
    `70 % a favourite per category, which is the best single arm in ${bestSingle} and the best arm in ${categoryBest} of ${categories}`
  const headings = ['policy', 'truth', 'estimator', 'bias (± error)', 'RMSE', 'cover 95 %', 'width']
  const lines = results.flatMap(({ target, truth, accuracy, difference }) => [
    ...estimatorNames.map(name => [
      ...[target, truth.toFixed(4), name],
      ...cells(accuracy[name]),
      ...referenceCells(world.name, target, name),
    ]),
    ...(difference === null ? [] : [[target, '', 'difference from the log', ...cells(difference), '', '', '']]),
  ])
  const table = align([[...headings, 'table: bias', 'RMSE', 'cover'], ...lines])
  return [title, ...table, ...results.flatMap(result => targetLines(world.name, result))].join('\n')
}

/** Whether every target of the view is reached. */
export function missedTargets(view: string, results: readonly TargetResult[]): string[] {
  return results.flatMap(result => targetLines(view, result)).filter(line => line.startsWith('***'))
}

export function offPolicyFigures(view: string, results: readonly TargetResult[]): OffPolicyFigure[] {
  return results.flatMap(({ target, accuracy }) =>
    estimatorNames.flatMap(name =>
      (['bias', 'rmse', 'coverage'] as const).flatMap(metric => {
        const value = accuracy[name][metric]
        return value === null
          ? []
          : [{ protocol: 'off-policy' as const, view, metric: `${target} ${name} ${metric}`, value, sd: null }]
      }),
    ),
  )
}

function cells({ bias, biasError, rmse, coverage, width }: Accuracy): string[] {
  const share = coverage === null ? '–' : coverage.toFixed(3)
  return [
    `${bias.toFixed(4)} ± ${biasError.toFixed(4)}`,
    rmse.toFixed(4),
    share,
    width === null ? '–' : width.toFixed(3),
  ]
}

function referenceCells(view: string, target: TargetResult['target'], name: EstimatorName): string[] {
  const known: Partial<Record<EstimatorName, Reference>> | undefined = references[view]?.[target]
  const reference = known?.[name]
  if (reference === undefined) return ['–', '–', '–']
  return [reference.bias.toFixed(4), reference.rmse.toFixed(4), reference.coverage.toFixed(3)]
}

/** The targets for the doubly robust estimate, each with its figure, and marked where it is missed. */
function targetLines(
  view: string,
  { target, accuracy, meanEffectiveSampleSize, refusedShare }: TargetResult,
): string[] {
  const reference = references[view]?.[target]
  const { bias, rmse, coverage } = accuracy.doublyRobust
  const cover = coverage ?? 0
  const best = reference && Math.min(reference.inversePropensity.rmse, reference.selfNormalised.rmse)
  const isNear = cover >= coverageAim[0] && cover <= coverageAim[1]
  const isNearer = reference !== undefined && Math.abs(cover - 0.95) <= Math.abs(reference.doublyRobust.coverage - 0.95)
  const targets: [string, boolean][] = [
    [`|bias| ${Math.abs(bias).toFixed(4)} ≤ ${mostBias}`, Math.abs(bias) <= mostBias],
    ...(best === undefined
      ? []
      : [
          [`RMSE ${rmse.toFixed(4)} ≤ ${best.toFixed(4)}, the better of the table's IPS and SNIPS`, rmse <= best] as [
            string,
            boolean,
          ],
        ]),
    [
      `95 % intervals hold the truth in 93 to 97 %, or nearer to 95 % than the table's: ${cover.toFixed(3)}`,
      isNear || isNearer,
    ],
  ]
  const lines = targets.map(
    ([text, isReached]) => `${isReached ? 'reached' : '*** MISSED'} · ${target} · doubly robust: ${text}`,
  )
  const support = `effective sample size ${meanEffectiveSampleSize.toFixed(0)}`
  const refused = `note · ${target}: ${support}; policyEvaluate would refuse ${(refusedShare * 100).toFixed(0)} % of these logs`
  return refusedShare > 0 ? [...lines, refused] : lines
}
