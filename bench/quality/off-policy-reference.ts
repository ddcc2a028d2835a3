import type { TargetName } from './off-policy-log.ts'

/** Published figures of the same protocol (200 logs each), to compare with. */
export interface Reference {
  readonly bias: number
  readonly rmse: number
  readonly coverage: number
}
type OfEstimator = Readonly<Record<'inversePropensity' | 'selfNormalised' | 'doublyRobust', Reference>>

const row = (bias: number, rmse: number, coverage: number): Reference => ({ bias, rmse, coverage })

export const references: Readonly<Record<string, Readonly<Record<TargetName, OfEstimator>>>> = {
  bfcl: {
    uniform: {
      inversePropensity: row(0.0027, 0.0436, 0.965),
      selfNormalised: row(-0.0013, 0.019, 0.995),
      doublyRobust: row(0, 0.0185, 0.98),
    },
    'best single': {
      inversePropensity: row(0.0314, 0.1918, 0.96),
      selfNormalised: row(0.0027, 0.0568, 0.89),
      doublyRobust: row(0.0035, 0.0543, 0.91),
    },
    'per-category best': {
      inversePropensity: row(0.0213, 0.182, 0.935),
      selfNormalised: row(-0.0014, 0.0547, 0.845),
      doublyRobust: row(-0.007, 0.0563, 0.84),
    },
  },
  llmrouter: {
    uniform: {
      inversePropensity: row(0.0002, 0.0129, 0.955),
      selfNormalised: row(-0.0006, 0.0103, 0.965),
      doublyRobust: row(-0.0001, 0.0087, 0.94),
    },
    'best single': {
      inversePropensity: row(-0.0004, 0.0532, 0.945),
      selfNormalised: row(-0.0019, 0.0299, 0.97),
      doublyRobust: row(-0.0038, 0.0262, 0.965),
    },
    'per-category best': {
      inversePropensity: row(-0.0012, 0.0544, 0.935),
      selfNormalised: row(-0.0017, 0.0305, 0.96),
      doublyRobust: row(-0.0047, 0.0267, 0.96),
    },
  },
}
