import { clip, type Predicted } from './utility.ts'
import type { View } from './view.ts'

/** One run (an online order or an offline split) of one policy on one view, as it was measured. */
export interface Run {
  /** Reward of the chosen arm, per round or test task. */
  readonly rewards: readonly number[]
  /** Mean reward of the single arm that the run is compared with, and of the oracle. */
  readonly bestSingle: number
  readonly oracle: number
  /** Whether the rounds follow each other, so that their second half shows what was learned. */
  readonly isSequence: boolean
  readonly forecasts: readonly Scored[]
  /** Forecasts asked for while nothing was known. */
  readonly withoutForecast: number
  readonly decideMs: readonly number[]
  readonly observeMs: readonly number[]
}

/** What was forecast for an arm on a task, beside what came. */
export interface Scored {
  /** Predicted probability of success, beside whether the reward reached the set's threshold (for AUC). */
  readonly pSuccess: number
  readonly isSuccess: boolean
  /** The reward that was to be expected, 0..1, beside the reward clipped to 0..1 (for Brier and calibration). */
  readonly forecast: number
  readonly target: number
}

/** A prediction of Tacit beside the reward that came; null where it predicts no success rate. */
export function score(view: View, prediction: Predicted, reward: number): Scored | null {
  const pSuccess = prediction.pSuccess.value
  const forecast = view.utility.forecast(prediction)
  return pSuccess === null || forecast === null ? null : { pSuccess, forecast, ...came(view, reward) }
}

/** A forecast of the reward alone, beside the reward that came. */
export function scoreReward(view: View, forecast: number, reward: number): Scored {
  return { pSuccess: forecast, forecast, ...came(view, reward) }
}

/** A run that asked Tacit for nothing. */
export const bareRun = { forecasts: [], withoutForecast: 0, decideMs: [], observeMs: [] } as const

function came(view: View, reward: number) {
  return { isSuccess: reward >= view.successThreshold, target: clip(reward) }
}
