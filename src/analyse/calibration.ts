/** A forecast of success and what came of it, both on 0..1. */
export interface JudgedForecast {
  readonly forecast: number
  readonly outcome: number
}

/** A forecast amount with its 90 % interval, and the amount that came. */
export interface JudgedAmount {
  readonly forecast: number
  readonly interval: readonly [number, number]
  readonly amount: number
}

export interface SuccessCalibration {
  readonly n: number
  /** Mean squared error, and that of always forecasting the observed rate. */
  readonly brier: number
  readonly baseline: number
  /** Expected calibration error over ten equal-width bins: mean distance of forecast and observed rate. */
  readonly calibrationError: number
  /** The bins that hold forecasts: their range, number, mean forecast and observed rate. */
  readonly bins: readonly {
    readonly from: number
    readonly to: number
    readonly n: number
    readonly forecast: number
    readonly observed: number
  }[]
}

export interface AmountCalibration {
  readonly n: number
  /** Mean absolute error of the natural logarithm. */
  readonly meanAbsoluteLogError: number
  /** Mean absolute error as a share of the amount (MAPE); a forecast far too high weighs more than one far too low. */
  readonly meanAbsolutePercentageError: number
  /** Share of the amounts inside their 90 % interval. */
  readonly coverage: number
}

const binCount = 10

/** How well forecasts of success kept their word; null without any. */
export function successCalibration(judged: readonly JudgedForecast[]): SuccessCalibration | null {
  if (judged.length === 0) return null
  const bins = Array.from({ length: binCount }, () => ({ n: 0, forecast: 0, observed: 0 }))
  let squares = 0
  let total = 0
  for (const { forecast, outcome } of judged) {
    const bin = bins[Math.min(binCount - 1, Math.floor(forecast * binCount))]!
    bin.n++
    bin.forecast += forecast
    bin.observed += outcome
    squares += (forecast - outcome) ** 2
    total += outcome
  }
  const n = judged.length
  const rate = total / n
  return {
    n,
    brier: squares / n,
    baseline: judged.reduce((sum, { outcome }) => sum + (outcome - rate) ** 2, 0) / n,
    calibrationError: bins.reduce((sum, bin) => sum + Math.abs(bin.forecast - bin.observed), 0) / n,
    bins: bins.flatMap((bin, i) =>
      bin.n === 0
        ? []
        : [
            {
              from: i / binCount,
              to: (i + 1) / binCount,
              n: bin.n,
              forecast: bin.forecast / bin.n,
              observed: bin.observed / bin.n,
            },
          ],
    ),
  }
}

/** How well forecasts of an amount kept their word; amounts of zero have no logarithm and count for coverage only. */
export function amountCalibration(judged: readonly JudgedAmount[]): AmountCalibration | null {
  if (judged.length === 0) return null
  const positive = judged.filter(({ forecast, amount }) => forecast > 0 && amount > 0)
  const errors = positive.map(({ forecast, amount }) => Math.abs(Math.log(amount / forecast)))
  const shares = positive.map(({ forecast, amount }) => Math.abs(forecast - amount) / amount)
  const inside = judged.filter(({ interval: [low, high], amount }) => amount >= low && amount <= high)
  return {
    n: judged.length,
    meanAbsoluteLogError: meanOf(errors),
    meanAbsolutePercentageError: meanOf(shares),
    coverage: inside.length / judged.length,
  }
}

const meanOf = (values: readonly number[]) =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
