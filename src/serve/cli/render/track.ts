import type {
  ArmImportance,
  Baseline,
  BaselineComparison,
  Importance,
  ModelInfo,
  ModelList,
  Regret,
  RegretReport,
  TaskComplexity,
  TrackedAverage,
  ValueComparison,
} from '../../../engine/track/types.ts'
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatDurationEstimate,
  formatMoney,
  formatMoneyEstimate,
  formatShare,
  formatShareEstimate,
  formatTime,
  formatUnitEstimate,
  unknown,
} from '../format.ts'
import { bold, dim, paint } from '../output.ts'
import { renderTable } from '../table.ts'

export function renderModels({ inUse, models }: ModelList): string {
  const say =
    inUse === 'live'
      ? 'The live model decides; it learns from every outcome.'
      : paint('yellow', `${inUse} decides. "tacit models use live" switches back; learning goes on meanwhile.`)
  if (models.length === 0) return `No version is kept. "tacit models save <name>" keeps one.\n${say}`
  const table = renderTable<ModelInfo>(
    [
      { title: 'model', cell: ({ name }) => (name === inUse ? bold(name) : name) },
      { title: 'saved', cell: ({ savedAt }) => formatTime(savedAt) },
      { title: 'learned until', cell: ({ until }) => (until === null ? unknown : formatTime(until)) },
      { title: 'size', align: 'right', cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
    ],
    models,
    dim,
  )
  return `${table}\n\n${say}`
}

export const renderModel = ({ name, until, sizeBytes }: ModelInfo): string =>
  `Kept what is learned as ${bold(name)}, ${formatBytes(sizeBytes)}${until === null ? '' : `, until ${formatTime(until)}`}.`

type Values = Baseline['values']
const valueNames = { utility: 'utility', success: 'success', durationMs: 'duration', costUsd: 'cost' } as const
type ValueName = keyof typeof valueNames
const names = Object.keys(valueNames) as ValueName[]

function averageText(name: ValueName, average: TrackedAverage | null): string {
  if (average === null) return unknown
  const { mean: value, interval } = average
  if (name === 'success') return formatShareEstimate(value, interval)
  if (name === 'durationMs') return formatDurationEstimate({ value, interval })
  return name === 'costUsd' ? formatMoneyEstimate({ value, interval }) : formatUnitEstimate({ value, interval })
}

const valueColumns = <Row>(valuesOf: (row: Row) => Values) =>
  names.map(name => ({
    title: valueNames[name],
    align: 'right' as const,
    cell: (row: Row) => averageText(name, valuesOf(row)[name]),
  }))

export function renderBaselines(baselines: readonly Baseline[]): string {
  if (baselines.length === 0) return 'No baseline is frozen. "tacit baseline freeze <name>" freezes one.'
  return renderTable<Baseline>(
    [
      { title: 'baseline', cell: ({ name }) => name },
      { title: 'frozen', cell: ({ frozenAt }) => formatTime(frozenAt) },
      { title: 'executions', align: 'right', cell: ({ executions }) => formatCount(executions) },
      ...valueColumns<Baseline>(({ values }) => values),
    ],
    baselines,
    dim,
  )
}

export const renderBaseline = (baseline: Baseline): string =>
  `${renderBaselines([baseline])}\n\n${dim('In brackets: 95 % interval. Compare later with "tacit baseline compare".')}`

export function renderComparison({ baseline, executions, values }: BaselineComparison): string {
  const head = `${bold(baseline.name)}  ${dim(`frozen ${formatTime(baseline.frozenAt)}, ${formatCount(baseline.executions)} executions; ${formatCount(executions)} since`)}`
  const rows = names.flatMap(name => (values[name] === null ? [] : [{ name, of: values[name] }]))
  if (rows.length === 0) return `${head}\n\nNothing that can be compared was decided since.`
  type Row = { readonly name: ValueName; readonly of: ValueComparison }
  const table = renderTable<Row>(
    [
      { title: '', cell: ({ name }) => valueNames[name] },
      { title: 'baseline', align: 'right', cell: ({ name, of }) => averageText(name, of.baseline) },
      { title: 'now', align: 'right', cell: ({ name, of }) => averageText(name, of.now) },
      { title: 'difference', align: 'right', cell: ({ name, of }) => differenceText(name, of) },
      { title: 'covered', align: 'right', cell: ({ of }) => formatShare(of.covered) },
      { title: '', cell: ({ of }) => verdictText(of.verdict) },
    ],
    rows,
    dim,
  )
  return `${head}\n\n${table}\n\n${dim('In brackets: 95 % interval. The difference is on the same mix of task types.')}`
}

function differenceText(name: ValueName, { difference, interval }: ValueComparison): string {
  const one = (value: number) => {
    const text =
      name === 'durationMs'
        ? formatDuration(Math.abs(value))
        : name === 'costUsd'
          ? formatMoney(Math.abs(value))
          : Math.abs(value).toFixed(2)
    return `${value < 0 ? '-' : '+'}${text}`
  }
  return `${one(difference)} (${one(interval[0])} to ${one(interval[1])})`
}

const verdictText = (verdict: ValueComparison['verdict']) =>
  verdict === 'improved' ? paint('green', verdict) : verdict === 'worse' ? paint('red', verdict) : dim(verdict)

export function renderRegret({ against, method, periods, whole, total }: RegretReport): string {
  const table = renderTable<Regret>(
    [
      { title: 'from', cell: ({ from }) => formatTime(from) },
      { title: 'to', cell: ({ to }) => formatTime(to) },
      { title: 'decisions', align: 'right', cell: ({ decisions }) => formatCount(decisions) },
      {
        title: 'earned',
        align: 'right',
        cell: ({ earned }) => (earned === null ? unknown : formatUnitEstimate(earned)),
      },
      {
        title: against,
        align: 'right',
        cell: ({ reference }) => (reference === null ? unknown : formatUnitEstimate(reference)),
      },
      { title: 'regret', align: 'right', cell: ({ perDecision }) => signed(perDecision, 3) },
    ],
    [...periods, whole],
    dim,
  )
  const reasons = [...new Set([...periods, whole].flatMap(({ reason }) => reason ?? []))]
  const sum = total === null ? '' : `Regret over the periods that could be judged: ${signed(total, 1)} in all.\n`
  const why = reasons.map(reason => `${paint('yellow', 'No estimate')} where: ${reason}\n`).join('')
  return `${table}\n${dim('The last row is the whole time.')}\n\n${sum}${why}${dim(`Per decision, in units of utility; below 0 the choices did better. In brackets: 95 % interval. ${method}`)}`
}

function signed(of: Regret['perDecision'], digits: number): string {
  if (of === null) return unknown
  const one = (value: number) => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(digits)}`
  return of.interval === null ? one(of.value) : `${one(of.value)} (${one(of.interval[0])} to ${one(of.interval[1])})`
}

export function renderComplexity({ complexity, reason, forecast, bins }: TaskComplexity): string {
  const head =
    complexity === null
      ? `The complexity is not known: ${reason}`
      : `${bold(complexity)} complexity: it is expected to fail with probability ${formatShare(forecast)}.`
  if (bins.length === 0) return head
  const table = renderTable(
    [
      { title: 'class', cell: (bin: TaskComplexity['bins'][number]) => bin.complexity },
      {
        title: 'forecast failure',
        align: 'right',
        cell: ({ from, to }) => `${formatShare(from)} to ${formatShare(to)}`,
      },
      { title: 'tasks', align: 'right', cell: ({ n }) => formatCount(n) },
      { title: 'mean forecast', align: 'right', cell: bin => formatShare(bin.forecast) },
      { title: 'really failed', align: 'right', cell: ({ failed, interval }) => formatShareEstimate(failed, interval) },
      { title: 'median duration', align: 'right', cell: ({ medianDurationMs }) => formatDuration(medianDurationMs) },
    ],
    bins,
    dim,
  )
  return `${head}\n\n${table}`
}

export function renderImportance({ tasks, arms }: Importance): string {
  if (arms.length === 0 || tasks === 0) return 'Nothing is known yet. Record executions first.'
  const one = ({ arm, base, armEffect, charactersEffect, shares, words }: ArmImportance) => {
    const rests =
      shares === null
        ? ''
        : `, resting ${formatShare(shares.all)} on all tasks, ${formatShare(shares.taskType)} on the type, ${formatShare(shares.task)} on the task`
    const table =
      words.length === 0
        ? dim('No word says anything.')
        : renderTable<ArmImportance['words'][number]>(
            [
              { title: 'word', cell: ({ word }) => word },
              { title: 'effect', align: 'right', cell: ({ effect }) => effectText(effect) },
              { title: 'importance', align: 'right', cell: ({ importance }) => importance.toFixed(3) },
              { title: 'tasks', align: 'right', cell: ({ tasks }) => formatCount(tasks) },
            ],
            words,
            dim,
          )
    return `${bold(arm)}  ${formatShare(base)} by arm and type${rests}; the arm adds ${effectText(armEffect)}, parts of words ${effectText(charactersEffect)}\n${table}`
  }
  return `${arms.map(one).join('\n\n')}\n\n${dim('Effects are added to the logit of success; above 0 they speak for it.')}`
}

const effectText = (effect: number) => `${effect < 0 ? '-' : '+'}${Math.abs(effect).toFixed(3)}`
