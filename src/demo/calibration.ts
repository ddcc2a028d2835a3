import type { Tacit } from '../engine/types.ts'
import { brier, calibrationError } from '../math/statistics.ts'
import { mean } from './compare.ts'
import type { CalibrationReport } from './result.ts'

/** One forecast of success that was stored with a decision, and what happened. */
export interface Judged {
  readonly forecast: number
  readonly success: boolean
}

/** Reads the forecasts and the outcomes back from the log; a decision without either is left out. */
export async function judgedForecasts(tacit: Tacit): Promise<Judged[]> {
  const forecasts = new Map<string, number>()
  const judged: Judged[] = []
  for await (const fact of tacit.exportFacts()) {
    if (fact.kind === 'decision') {
      const forecast = fact.body.prediction?.pSuccess.value ?? null
      if (forecast !== null) forecasts.set(fact.executionId, forecast)
    } else if (fact.kind === 'outcome' && fact.body.success !== null) {
      const forecast = forecasts.get(fact.executionId)
      if (forecast !== undefined) judged.push({ forecast, success: fact.body.success })
    }
  }
  return judged
}

/** Brier score, calibration error and the reliability table over ten bins of equal width; empty bins are left out. */
export function reportCalibration(judged: readonly Judged[]): CalibrationReport {
  const forecasts = judged.map(({ forecast }) => forecast)
  const successes = judged.map(({ success }) => success)
  const rate = mean(successes.map(Number))
  const bins = Array.from({ length: 10 }, (_, bin) => {
    const inside = judged.filter(({ forecast }) => Math.min(9, Math.floor(forecast * 10)) === bin)
    return {
      from: bin / 10,
      to: (bin + 1) / 10,
      n: inside.length,
      forecast: mean(inside.map(({ forecast }) => forecast)),
      observed: mean(inside.map(({ success }) => Number(success))),
    }
  })
  return {
    n: judged.length,
    brier: brier(forecasts, successes),
    baseline: judged.length === 0 ? null : rate * (1 - rate),
    calibrationError: calibrationError(forecasts, successes),
    bins: bins.filter(({ n }) => n > 0),
  }
}
