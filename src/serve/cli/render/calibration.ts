import type { Calibration, ModelCalibration } from '../../../engine/types.ts'
import { formatCount, formatShare, plural, unknown } from '../format.ts'
import { bold, dim } from '../output.ts'
import { renderPairs, renderTable } from '../table.ts'

const barWidth = 20

/** Forecasts against what came: figures and a reliability table for each model. */
export function renderCalibration({ models, leftOut }: Calibration): string {
  const left = Object.entries(leftOut).filter(([, count]) => count > 0)
  const reasons = {
    withoutPrediction: 'without a forecast',
    withoutOutcome: 'without an outcome',
    outcomeCameFirst: 'whose outcome came first',
    otherArmUsed: 'done by another arm',
  } as const
  const remark = left.map(([name, count]) => `${formatCount(count)} ${reasons[name as keyof typeof reasons]}`)
  const out = remark.length === 0 ? [] : [dim(`Left out: ${remark.join(', ')}.`)]
  if (models.length === 0) return ['No stored forecast has an outcome yet.', ...out].join('\n')
  return [...models.map(renderModel), ...out].join('\n\n')
}

function renderModel({ model, success, durationMs, costUsd }: ModelCalibration): string {
  const amount = (judged: ModelCalibration['durationMs']) =>
    judged === null
      ? unknown
      : `log error ${judged.meanAbsoluteLogError.toFixed(2)}, ${formatShare(judged.meanAbsolutePercentageError)} off on average, 90 % interval holds ${formatShare(judged.coverage)} (n ${formatCount(judged.n)})`
  const figures = renderPairs(
    [
      [
        'success',
        success === null
          ? unknown
          : `Brier ${success.brier.toFixed(3)} (always the average: ${success.baseline.toFixed(3)}), calibration error ${success.calibrationError.toFixed(3)}`,
      ],
      ['duration', amount(durationMs)],
      ['cost', amount(costUsd)],
    ],
    dim,
  )
  if (success === null) return `${bold(model)}\n${figures}`
  const table = renderTable(
    [
      { title: 'forecast', cell: bin => `${formatShare(bin.from)} – ${formatShare(bin.to)}` },
      { title: 'n', align: 'right', cell: bin => formatCount(bin.n) },
      { title: 'mean forecast', align: 'right', cell: bin => formatShare(bin.forecast) },
      { title: 'observed', align: 'right', cell: bin => formatShare(bin.observed) },
      { title: '', cell: bin => '█'.repeat(Math.round(bin.observed * barWidth)) },
    ],
    success.bins,
    dim,
  )
  return `${bold(model)}  ${dim(plural(success.n, 'judged forecast'))}\n${figures}\n\n${table}`
}
