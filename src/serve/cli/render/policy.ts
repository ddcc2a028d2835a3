import type { PolicyEvaluation } from '../../../engine/types.ts'
import { formatCount, formatShare, formatUnit, formatUnitEstimate, plural, unknown } from '../format.ts'
import { bold, dim, paint } from '../output.ts'
import { renderPairs, renderTable } from '../table.ts'

const estimators = {
  doublyRobust: 'doubly robust',
  selfNormalised: 'self-normalised weighting (SNIPS)',
  inversePropensity: 'inverse propensity weighting (IPS)',
  clippedInversePropensity: 'clipped weighting',
  directMethod: 'direct method (the model alone)',
} as const satisfies Record<keyof Judged['estimates'], string>

type Judged = Extract<PolicyEvaluation, { refused: false }>

export function renderPolicyEvaluation(evaluation: PolicyEvaluation): string {
  if (!evaluation.refused) return renderJudged(evaluation)
  const head = `${paint(['bold', 'yellow'], 'Refused.')} ${evaluation.reason}`
  return `${head}\n\n${renderPairs(supportOf(evaluation), dim)}`
}

function renderJudged(evaluation: Judged): string {
  const { policy, estimates, trusted, why, logged, difference, method, warnings, counts } = evaluation
  const verdict = renderPairs(
    [
      [policy, `${bold(formatUnitEstimate(estimates[trusted]))}  utility per decision, by ${estimators[trusted]}`],
      ['the log', `${formatUnitEstimate(logged)}  what the same ${plural(counts.judged, 'decision')} earned`],
      ['difference', differenceOf(difference)],
    ],
    dim,
  )
  const table = renderTable(
    [
      { title: 'estimator', cell: name => (name === trusted ? bold(estimators[name]) : estimators[name]) },
      { title: 'value', align: 'right', cell: name => formatUnit(estimates[name].value) },
      { title: '95 % interval', align: 'right', cell: name => intervalOf(estimates[name].interval) },
    ],
    Object.keys(estimators) as (keyof typeof estimators)[],
    dim,
  )
  const alarms = warnings.map(({ message }) => `${paint('yellow', 'Note:')} ${message}`)
  return [
    verdict,
    '',
    table,
    '',
    renderPairs(supportOf(evaluation), dim),
    '',
    ...alarms,
    dim(`${why}\n${method}`),
  ].join('\n')
}

function supportOf({ support, counts }: PolicyEvaluation): [string, string][] {
  const { effectiveSampleSize, largestWeight, largestShare, coverage } = support
  const leftOut = [
    [counts.withoutPropensity, 'without a propensity (history)'],
    [counts.withoutOutcome, 'without an outcome'],
    [counts.withoutUtility, 'without a value that the utility weighs'],
    [counts.otherArmUsed, 'done by another arm than the one chosen'],
    [counts.armNotOffered, 'where the arm could not be chosen'],
  ].filter(([count]) => Number(count) > 0)
  return [
    ['decisions', `${formatCount(counts.judged)} of ${formatCount(counts.executions)}`],
    ['count as', `${formatCount(Math.round(effectiveSampleSize))} (effective sample size)`],
    ['largest weight', `${largestWeight.toFixed(1)}, ${formatShare(largestShare)} of all weight`],
    ['coverage', `${formatShare(coverage)} of the policy's choices could have been taken`],
    ...leftOut.map(([count, what]): [string, string] => ['left out', `${formatCount(Number(count))} ${what}`]),
  ]
}

function differenceOf({ value, interval }: Judged['difference']): string {
  const text = interval === null ? signed(value) : `${signed(value)} (${signed(interval[0])} to ${signed(interval[1])})`
  if (interval === null || (interval[0] <= 0 && interval[1] >= 0)) return `${text}  not clearly different`
  return interval[0] > 0 ? paint('green', `${text}  better`) : paint('red', `${text}  worse`)
}

const signed = (value: number) => `${value < 0 ? '−' : '+'}${formatUnit(Math.abs(value))}`

function intervalOf(interval: readonly [number, number] | null): string {
  return interval === null ? unknown : `${formatUnit(interval[0])}–${formatUnit(interval[1])}`
}
