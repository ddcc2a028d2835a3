/**
 * Periods of the calendar, UTC. Cells are kept for each of them, so that a long window is put together from few: months
 * in its middle, days and hours at its ends.
 */
export const periods = ['hour', 'day', 'month', 'all'] as const
export type Period = (typeof periods)[number]

/** From `fromUs` up to, not including, `toUs`; either may be the end of all time, Infinity. */
export interface Span {
  readonly fromUs: number
  readonly toUs: number
}

const hourUs = 3_600_000_000
const dayUs = 24 * hourUs

/** The start of the period that holds the moment `us`. */
export function startOf(period: Period, us: number): number {
  if (us === Number.POSITIVE_INFINITY) return us
  if (period === 'hour') return us - (us % hourUs)
  if (period === 'day') return us - (us % dayUs)
  return period === 'month' ? monthStart(us, 0) : 0
}

/** The first start of a period at `us` or later. */
function startFrom(period: Period, us: number): number {
  const start = startOf(period, us)
  if (start === us) return us
  if (period === 'hour') return start + hourUs
  if (period === 'day') return start + dayUs
  return period === 'month' ? monthStart(us, 1) : Number.POSITIVE_INFINITY
}

function monthStart(us: number, ahead: number): number {
  const date = new Date(us / 1000)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + ahead) * 1000
}

/** Spans whose cells make up a window, and what is left at its ends because no hour lies whole within it. */
export interface Cover {
  readonly spans: readonly (Span & { readonly period: Period })[]
  readonly edges: readonly Span[]
}

/** The fewest cells for `window`, of periods no longer than `longest`. */
export function cover(window: Span, longest: Period): Cover {
  const spans: (Span & { period: Period })[] = []
  const edges: Span[] = []
  const fill = ({ fromUs, toUs }: Span, depth: number): void => {
    if (fromUs >= toUs) return
    const period = periods[depth]
    if (period === undefined) {
      edges.push({ fromUs, toUs })
      return
    }
    const start = startFrom(period, fromUs)
    const end = startOf(period, toUs)
    if (start >= end) {
      fill({ fromUs, toUs }, depth - 1)
      return
    }
    fill({ fromUs, toUs: start }, depth - 1)
    spans.push({ period, fromUs: start, toUs: end })
    fill({ fromUs: end, toUs }, depth - 1)
  }
  fill(window, periods.indexOf(longest))
  return { spans, edges }
}

/** The name of a period by its start: 2026-01-01T10:00Z, 2026-01-01, 2026-01. */
export function nameOf(period: Exclude<Period, 'all'>, startUs: number): string {
  const iso = new Date(startUs / 1000).toISOString()
  if (period === 'hour') return `${iso.slice(0, 16)}Z`
  return iso.slice(0, period === 'day' ? 10 : 7)
}
