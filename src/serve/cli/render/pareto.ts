import type { Objective, ObjectiveMean, ParetoArm, ParetoFront } from '../../../engine/pareto.ts'
import { formatDuration, formatMoney, formatShare, formatUnit, unknown } from '../format.ts'
import { dim, paint } from '../output.ts'
import { type Column, renderTable } from '../table.ts'

const formats: Readonly<Record<Objective, (value: number | null) => string>> = {
  success: formatShare,
  quality: formatUnit,
  durationMs: formatDuration,
  costUsd: formatMoney,
}
const titles: Readonly<Record<Objective, string>> = {
  success: 'success',
  quality: 'quality',
  durationMs: 'duration',
  costUsd: 'cost',
}

/** The arms on the front first; behind the others stands who dominates them. */
export function renderPareto({ objectives, arms }: ParetoFront): string {
  if (arms.length === 0) return 'Nothing is on record for this question yet.'
  const table = renderTable<ParetoArm>(
    [
      { title: 'arm', cell: ({ arm, place }) => (place === 'front' ? paint(['bold', 'green'], arm) : arm) },
      ...objectives.map(
        (objective): Column<ParetoArm> => ({
          title: titles[objective],
          align: 'right',
          cell: ({ means }) => cellOf(means[objective]!, formats[objective]),
        }),
      ),
      { title: 'place', cell: placeOf },
    ],
    arms,
    dim,
  )
  const remark = 'In brackets: 95 % interval and number of values. Clearly: the intervals of an objective do not meet.'
  return `${table}\n\n${dim(remark)}`
}

function cellOf({ mean, interval, n }: ObjectiveMean, format: (value: number | null) => string): string {
  if (mean === null) return unknown
  const range = interval === null ? '' : `${format(Math.max(0, interval[0]))} to ${format(interval[1])}, `
  return `${format(mean)} (${range}${n})`
}

function placeOf({ place, dominatedBy, means }: ParetoArm): string {
  if (place === 'front') return 'front'
  if (place === 'dominated') {
    return `dominated by ${dominatedBy.map(({ arm, isClear }) => (isClear ? `${arm} (clearly)` : arm)).join(', ')}`
  }
  const missing = Object.entries(means).filter(([, value]) => value.mean === null)
  return `unknown: no ${missing.map(([objective]) => titles[objective as Objective]).join(', no ')} on record`
}
