import { type Measure, type Metric, metrics, type Summary } from './measures.ts'
import type { Protocol } from './options.ts'
import type { View } from './view.ts'

/** The figures of one view in one protocol: a summary per row of the table. */
export interface Result {
  readonly view: View
  readonly protocol: Protocol
  /** tacit, thompson, uniform, best single arm, oracle. */
  readonly rows: ReadonlyMap<string, Summary>
}

export interface Figure {
  readonly protocol: Protocol
  readonly view: string
  readonly metric: Metric
  readonly value: number
  /** Standard deviation between the splits or orders. */
  readonly sd: number
}

/** Mean online reward that the default configuration has to reach, by view. */
const floors: Readonly<Record<string, number>> = {
  llmrouter: 0.6,
  bfcl: 0.865,
  bfcl_mid: 0.8,
  swebench_pro: 0.375,
  routellm: 0.806,
}

/** The floor that this result misses, or null. */
export function missedFloor({ view, protocol, rows }: Result): number | null {
  const reward = rows.get('tacit')?.measures.reward?.value
  const floor = floors[view.name]
  return protocol === 'online' && floor !== undefined && reward !== undefined && reward < floor ? floor : null
}

/** The figures of one row of the table; a metric that does not exist for the protocol is left out. */
export function figuresOf({ view, protocol, rows }: Result, row: string): Figure[] {
  const measures = rows.get(row)?.measures
  return metrics.flatMap(metric => {
    const measure = measures?.[metric]
    return measure == null ? [] : [{ protocol, view: view.name, metric, ...measure }]
  })
}

/** The table of a result with its notes, as text. */
export function tableOf(result: Result): string {
  const { view, protocol, rows } = result
  const first = [...rows.values()][0]!
  const units = protocol === 'online' ? ['orders', 'rounds'] : ['splits', 'test tasks']
  const title = `${view.name} · ${protocol} · ${view.arms.length} arms · ${first.runs} ${units[0]} of ${first.rounds} ${units[1]}`
  const lines = [...rows].map(([name, summary]) => [name, ...cells(summary, protocol)])
  return [title, ...align([headings(protocol), ...lines]), ...notes(result)].join('\n')
}

function headings(protocol: Protocol): string[] {
  const common = ['policy', 'reward', 'regret', 'gap closed', 'AUC', 'Brier', 'calibration']
  return protocol === 'offline' ? common : [...common, '2nd half', 'decide ms (p95)', 'observe ms (p95)']
}

function cells({ measures, decideP95Ms, observeP95Ms }: Summary, protocol: Protocol): string[] {
  const common = [
    withSpread(measures.reward, 4),
    withSpread(measures.regret, 1),
    measures.gapClosed === null ? '–' : `${(measures.gapClosed.value * 100).toFixed(1)} %`,
    fixed(measures.auc?.value, 3),
    fixed(measures.brier?.value, 4),
    fixed(measures.calibrationError?.value, 3),
  ]
  if (protocol === 'offline') return common
  const duration = (mean: Measure | null, p95: number | null) =>
    mean === null ? '–' : `${mean.value.toFixed(2)} (${fixed(p95, 2)})`
  const timed = [duration(measures.decideMs, decideP95Ms), duration(measures.observeMs, observeP95Ms)]
  return [...common, fixed(measures.secondHalf?.value, 4), ...timed]
}

function notes(result: Result): string[] {
  const { view, protocol, rows } = result
  const tacit = rows.get('tacit')
  const floor = protocol === 'online' ? floors[view.name] : undefined
  const missed = missedFloor(result)
  return [
    ...(view.rowsWithoutReward > 0 ? [`note: ${view.rowsWithoutReward} rows have no reward and were left out`] : []),
    ...(tacit && tacit.withoutForecast > 0
      ? [`note: ${tacit.withoutForecast} forecasts were not made, nothing being known yet; they are not scored`]
      : []),
    ...(missed !== null ? [`*** BELOW THE FLOOR of ${missed} ***`] : []),
    ...(tacit && floor !== undefined && missed === null ? [`reaches the floor of ${floor}`] : []),
  ]
}

function withSpread(measure: Measure | null, digits: number): string {
  return measure === null ? '–' : `${measure.value.toFixed(digits)} ± ${measure.sd.toFixed(digits)}`
}

function fixed(value: number | null | undefined, digits: number): string {
  return value == null ? '–' : value.toFixed(digits)
}

/** Columns of equal width: the first to the left, numbers to the right. */
export function align(table: readonly (readonly string[])[]): string[] {
  const widths = table[0]!.map((_, column) => Math.max(...table.map(line => line[column]!.length)))
  return table.map(line =>
    line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  '),
  )
}
