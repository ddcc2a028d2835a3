import {
  type AmountCalibration,
  amountCalibration,
  type JudgedAmount,
  type JudgedForecast,
  type SuccessCalibration,
  successCalibration,
} from '../analyse/calibration.ts'
import { comparePositions, type Decision, type Estimate, type Fact, type Outcome } from '../records.ts'
import type { Parts } from './parts.ts'
import { successOf } from './utility.ts'

const pageSize = 500
const dayMs = 86_400_000

export interface CalibrationOptions {
  /** Only the decisions of the last so many days. */
  readonly daysBack?: number
  readonly taskType?: string
}

export interface ModelCalibration {
  /** The model that made the forecasts: id and version, as stored with each decision. */
  readonly model: string
  readonly success: SuccessCalibration | null
  readonly durationMs: AmountCalibration | null
  readonly costUsd: AmountCalibration | null
}

export interface Calibration {
  readonly models: readonly ModelCalibration[]
  /** Decisions that are in no figure, and why. */
  readonly leftOut: {
    readonly withoutPrediction: number
    readonly withoutOutcome: number
    /** The outcome was on record before the decision, so the forecast may have known it. */
    readonly outcomeCameFirst: number
    /** Another arm was used than the one that the forecast was about. */
    readonly otherArmUsed: number
  }
}

interface Judged {
  readonly success: JudgedForecast[]
  readonly durationMs: JudgedAmount[]
  readonly costUsd: JudgedAmount[]
}

/** Judges the forecasts that were stored with decisions by what came after, per model version. Writes nothing. */
export async function calibrate({ store, config, now }: Parts, options: CalibrationOptions): Promise<Calibration> {
  const { daysBack, taskType } = options
  const sinceUs = daysBack === undefined ? undefined : Math.max(0, Math.round((now() - daysBack * dayMs) * 1000))
  const ids: string[] = []
  const filter = { ...(sinceUs !== undefined && { sinceUs }), ...(taskType !== undefined && { taskType }) }
  for await (const row of store.scan(config.scope, filter)) if (row.decidedAtUs !== null) ids.push(row.id)
  const models = new Map<string, Judged>()
  const leftOut = { withoutPrediction: 0, withoutOutcome: 0, outcomeCameFirst: 0, otherArmUsed: 0 }
  for (let start = 0; start < ids.length; start += pageSize) {
    const executions = await store.facts(config.scope, ids.slice(start, start + pageSize))
    for (const logged of executions.values()) {
      const reason = judge(
        logged.map(({ fact }) => fact),
        models,
      )
      if (reason !== null) leftOut[reason]++
    }
  }
  return {
    models: [...models]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([model, { success, durationMs, costUsd }]) => ({
        model,
        success: successCalibration(success),
        durationMs: amountCalibration(durationMs),
        costUsd: amountCalibration(costUsd),
      })),
    leftOut,
  }
}

/** Adds an execution to its model's judgement, or says why it cannot be. */
function judge(facts: readonly Fact[], models: Map<string, Judged>): keyof Calibration['leftOut'] | null {
  const decision = facts.find((fact): fact is Decision => fact.kind === 'decision')
  const outcome = facts.findLast((fact): fact is Outcome => fact.kind === 'outcome')
  const prediction = decision?.body.prediction ?? null
  if (decision === undefined || prediction === null) return 'withoutPrediction'
  if (outcome === undefined) return 'withoutOutcome'
  const first = facts.find((fact): fact is Outcome => fact.kind === 'outcome')!
  if (comparePositions(first, decision) < 0) return 'outcomeCameFirst'
  if (outcome.body.arm !== null && outcome.body.arm.id !== decision.body.arm) return 'otherArmUsed'
  let judged = models.get(prediction.model)
  if (judged === undefined) {
    judged = { success: [], durationMs: [], costUsd: [] }
    models.set(prediction.model, judged)
  }
  const { durationMs, costMicroUsd } = outcome.body
  const success = successOf(outcome.body)
  if (success !== null && prediction.pSuccess.value !== null)
    judged.success.push({ forecast: prediction.pSuccess.value, outcome: success })
  addAmount(judged.durationMs, prediction.durationMs, durationMs)
  addAmount(judged.costUsd, prediction.costUsd, costMicroUsd === null ? null : costMicroUsd / 1e6)
  return null
}

function addAmount(judged: JudgedAmount[], { value, interval }: Estimate, amount: number | null): void {
  if (value !== null && interval !== null && amount !== null) judged.push({ forecast: value, interval, amount })
}
