import { styleText } from 'node:util'
import type { CalibrationReport, DemoResult, KindReport, RewardReport } from './result.ts'

/** The result for people: plain words and aligned tables, coloured unless NO_COLOR is set or stdout is no terminal. */
export function renderDemo(result: DemoResult): string {
  return [
    introduction(result),
    heading('What was learned, kind by kind'),
    kindTable(result),
    heading('Every solver on every kind: mean utility, and share of Tacit’s choices in the second half'),
    armTable(result),
    heading('Was it worth it? Mean utility per task'),
    rewardTable(result),
    heading('Were its forecasts of success right? (stored before the outcome, read back from the log)'),
    calibration(result.calibration),
    heading('Negative control: the same loop, outcomes shuffled'),
    control(result),
    heading('Go on'),
    next(result),
  ].join('\n')
}

const bold = (text: string) => styleText('bold', text, { stream: process.stdout, validateStream: true })
const dim = (text: string) => styleText('dim', text, { stream: process.stdout, validateStream: true })
const heading = (text: string) => `\n${bold(text)}`
const two = (value: number | null) => (value === null ? '–' : value.toFixed(2))
const three = (value: number | null) => (value === null ? '–' : value.toFixed(3))
const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`
const percent = (share: number) => `${Math.round(100 * share)} %`
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

function introduction({ tasks, tasksPlanned, arms, kinds, limits, measuring, reward, durationMs }: DemoResult): string {
  const failures = Object.entries(measuring.failed).map(([type, count]) => `${count} ${failureWords[type] ?? type}`)
  const short =
    tasks < tasksPlanned ? `\nThe time for measuring ran out: ${tasks} of ${tasksPlanned} tasks were measured.` : ''
  const { tacit, bestSingle, oracle } = reward.secondHalf
  return `${bold(`Tacit learned which of ${arms.length} solvers to trust with ${kinds.length} kinds of problems.`)}
In the second half its choices earned ${two(tacit)} of ${two(oracle)} possible; the best single solver (${bestSingle.arm}) earns ${two(bestSingle.utility)}.

Real work: ${tasks} tasks, each tried by every solver within ${limits.timeLimitMs} ms and ${limits.stepLimit} steps, every answer checked.
Of ${measuring.attempts} attempts ${measuring.solved} were solved; ${failures.join(', ')} (${measuring.workers} worker threads, ${seconds(measuring.durationMs)}).
Tacit saw only the real outcome of the solver that it chose; the others are known to the comparison alone.
Utility is quality: 1 for the best answer that any solver found, falling to 0 at the kind's tolerance; 0 if not solved.
All of it took ${seconds(durationMs)}.${short}`
}

const failureWords: Readonly<Record<string, string>> = {
  timeout: 'ran out of time or steps',
  validation: 'were refused at once by a solver that is not made for them',
  quality_gate: 'gave a wrong answer',
  crash: 'crashed',
}

function kindTable({ kinds }: DemoResult): string {
  const rows = kinds.map(kind => {
    const { taskType, tasks, bestArm, utility, learnedArm, estimate, interval, regret, secondHalf } = kind
    const range = interval === null ? '' : ` (${two(interval[0])}–${two(interval[1])})`
    const verdict = learnedArm === bestArm ? 'best' : regret < 0.005 ? 'as good' : `gives up ${two(regret)}`
    return [
      taskType,
      String(tasks),
      `${bestArm} ${two(Math.max(...utility))}`,
      learnedArm,
      `${two(estimate)}${range}`,
      verdict,
      secondHalf === null ? '–' : `${two(secondHalf.utility)} of ${two(secondHalf.oracle)}`,
    ]
  })
  return table(
    [['kind', 'tasks', 'truly best', 'Tacit now takes', 'its estimate (90 %)', 'which is', 'second half']],
    rows,
    [1],
  ).concat(
    dim(
      '\n“truly best”: mean over all tasks of the kind. “second half”: what Tacit earned on its later tasks, of what was possible there.',
    ),
  )
}

/** Names of the arms stand on two lines, broken at their first hyphen. */
function armTable({ kinds, arms }: DemoResult): string {
  const parts = arms.map(arm => [arm.split('-')[0]!, arm.split('-').slice(1).join('-')] as const)
  const rows = kinds.map(kind => [kind.taskType, ...arms.map((_, arm) => armCell(kind, arm))])
  const numeric = arms.map((_, arm) => arm + 1)
  return table(
    [
      ['kind', ...parts.map(([first]) => first)],
      ['', ...parts.map(([, second]) => second)],
    ],
    rows,
    numeric,
  )
}

function armCell({ utility, secondHalf }: KindReport, arm: number): string {
  const share = secondHalf?.shares[arm] ?? 0
  return `${two(utility[arm]!)} ${share > 0 ? percent(share).padStart(5) : '    ·'}`
}

function rewardTable({ reward, dominance }: DemoResult): string {
  const row = (name: string, value: (report: RewardReport) => string) => [
    name,
    value(reward.overall),
    value(reward.secondHalf),
  ]
  const rows = [
    row('Tacit', report => three(report.tacit)),
    row(
      'always the best single solver (in hindsight)',
      report => `${report.bestSingle.arm} ${three(report.bestSingle.utility)}`,
    ),
    row('a solver at random', report => three(report.uniform)),
    row('the best solver of each task (oracle)', report => three(report.oracle)),
    row(
      'Tacit minus best single (± standard error)',
      report => `${signed(report.gain)} ± ${three(report.gainStandardError)}`,
    ),
  ]
  const checked = dominance.holds ? 'No solver dominates' : 'NOT AS INTENDED, too little to learn on this machine'
  return `${table([['', 'all tasks', 'second half']], rows, [1, 2])}
${dim(`${checked}: the best single solver stays ${two(dominance.gap)} under the oracle; ${dominance.specialists.length} solvers are each the only best of some kind.`)}`
}

function calibration({ n, brier, baseline, calibrationError, bins }: CalibrationReport): string {
  if (n === 0) return 'No forecasts were stored.'
  const rows = bins.map(bin => [
    `${percent(bin.from)}–${percent(bin.to)}`,
    String(bin.n),
    percent(bin.forecast),
    percent(bin.observed),
  ])
  return `${n} forecasts: Brier ${three(brier)} (always saying the average: ${three(baseline)}), calibration error ${three(calibrationError)}.
${(brier ?? 0) > 0.9 * (baseline ?? 0) ? 'That is hardly better than always saying the average.\n' : ''}${table([['forecast between', 'number', 'mean forecast', 'really solved']], rows, [0, 1, 2, 3])}`
}

function control({ negativeControl: { runs, tasks, gain, standardError, holds } }: DemoResult): string {
  const verdict = holds
    ? 'no more than chance gives, as it should be'
    : 'MORE THAN CHANCE EXPLAINS; run again with another seed and report it'
  return `Where outcomes were dealt out at random there is nothing to learn. Gain over a random choice: ${signed(gain)},
standard error ${three(standardError)} (${runs} runs of ${tasks} tasks): ${verdict} (three standard errors are allowed).`
}

function next({ db, setAside, next }: DemoResult): string {
  return next.length === 0
    ? 'The database was in memory and is gone.'
    : `${setAside === null ? '' : `The database of the earlier demo is now ${setAside}.\n`}The database is ${db}. Try (in the repository: npm run tacit -- …):\n${next.map(command => `  ${command}`).join('\n')}`
}

/** Columns as wide as their widest cell, under one or more lines of titles; `right` lists those that are flush right. */
function table(
  titles: readonly (readonly string[])[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
): string {
  const widths = titles[0]!.map((_, column) => Math.max(...[...titles, ...rows].map(row => row[column]!.length)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (right.includes(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd()
  return [...titles.map(row => dim(line(row))), ...rows.map(line)].join('\n')
}
