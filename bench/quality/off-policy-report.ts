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
  const lines = results.flatMap(({ target, truth, accuracy, theseTasks, difference }) => [
    ...estimatorNames.map(name => [
      ...[target, truth.toFixed(4), name],
      ...cells(accuracy[name]),
      ...referenceCells(world.name, target, name),
    ]),
    [target, '', 'doublyRobust, these tasks', ...cells(theseTasks), '', '', ''],
    ...(difference === null ? [] : [[target, '', 'difference from the log', ...cells(difference), '', '', '']]),
  ])
  const table = align([[...headings, 'table: bias', 'RMSE', 'cover'], ...lines])
  return [title, ...table, ...results.flatMap(result => targetLines(world.name, result, replications))].join('\n')
}

/** The targets of the view that were missed, one line each. */
export function missedTargets(view: string, results: readonly TargetResult[], replications: number): string[] {
  return results.flatMap(result => targetLines(view, result, replications)).filter(line => line.startsWith(missedMark))
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
function targetLines(view: string, result: TargetResult, replications: number): string[] {
  const { target, accuracy, theseTasks, meanEffectiveSampleSize, refusedShare } = result
  const reference = references[view]?.[target]
  const { bias, rmse, coverage } = accuracy.doublyRobust
  const better = (of: { inversePropensity: { rmse: number }; selfNormalised: { rmse: number } }) =>
    Math.min(of.inversePropensity.rmse, of.selfNormalised.rmse)
  // A share of 95 % counted over so many logs is itself uncertain: two standard errors are allowed for.
  const chance = 2 * Math.sqrt((0.95 * 0.05) / replications)
  const isNear = (share: number) => share >= coverageAim[0] - chance && share <= coverageAim[1] + chance
  const targets: [string, boolean][] = [
    [`|bias| ${Math.abs(bias).toFixed(4)} ≤ ${mostBias}`, Math.abs(bias) <= mostBias],
    [
      `RMSE ${rmse.toFixed(4)} ≤ ${better(accuracy).toFixed(4)}, the better of IPS and SNIPS on the same logs`,
      rmse <= better(accuracy),
    ],
    [`intervals hold the truth in 93 to 97 %: ${percent(coverage)}`, isNear(coverage ?? 0)],
    [
      `intervals for these very tasks, in 93 to 97 %: ${percent(theseTasks.coverage)}`,
      isNear(theseTasks.coverage ?? 0),
    ],
  ]
  if (reference !== undefined) {
    const most = better(reference)
    const ofTableCoverage = reference.doublyRobust.coverage
    targets.push(
      [`RMSE ${rmse.toFixed(4)} ≤ ${most.toFixed(4)}, the better of the table's IPS and SNIPS`, rmse <= most],
      [
        `intervals hold the truth as often as the table's (${percent(ofTableCoverage)}), or in 93 % and more: ${percent(coverage)}`,
        (coverage ?? 0) >= Math.min(ofTableCoverage, coverageAim[0]),
      ],
    )
  }
  const lines = targets.map(
    ([text, isReached]) => `${isReached ? 'reached' : missedMark} · ${target} · doubly robust: ${text}`,
  )
  const support = `effective sample size ${meanEffectiveSampleSize.toFixed(0)}`
  const refused = `note · ${target}: ${support}; policyEvaluate would refuse ${percent(refusedShare)} of these logs`
  return refusedShare > 0 ? [...lines, refused] : lines
}

const missedMark = '*** MISSED'
const percent = (share: number | null) => (share === null ? '–' : `${(share * 100).toFixed(1)} %`)
