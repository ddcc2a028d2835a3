import type { PolicyValue } from '../../analyse/off-policy/interval.ts'
import { TacitError } from '../../errors.ts'
import type { Parts } from '../parts.ts'
import { type PolicyEvaluation, policyEvaluateWithin } from '../policy-evaluate.ts'

const dayMs = 86_400_000
const defaultDays = 28
const defaultPeriodDays = 7
const maxPeriods = 120

export interface RegretOptions {
  /** The last so many days (default 28). */
  readonly days?: number
  /** Length of a period, days (default 7). */
  readonly periodDays?: number
  readonly taskType?: string
  /** What is compared with: taskType-best (default), best-single, or an arm. */
  readonly against?: string
}

/** What a window would have earned more, per decision, had the reference chosen. */
export interface Regret {
  /** ISO 8601, UTC. */
  readonly from: string
  readonly to: string
  /** Decisions that could be judged. */
  readonly decisions: number
  /** Mean utility that was earned, and that the reference is estimated to have earned; null where refused. */
  readonly earned: PolicyValue | null
  readonly reference: PolicyValue | null
  /** Reference less earned, per decision, with its 95 % interval; below 0 the choices did better than the reference. */
  readonly perDecision: PolicyValue | null
  /** Why there is no estimate. */
  readonly reason: string | null
}

export interface RegretReport {
  readonly against: string
  readonly method: string
  /** The earliest first. */
  readonly periods: readonly Regret[]
  readonly whole: Regret
  /** Sum over the decisions of the periods that could be judged. */
  readonly total: PolicyValue | null
}

/**
 * The regret of the real decisions over time, estimated from the probabilities with which they were made. The reference is
 * learned by cross-fitting within each window, so that it owes nothing to the luck of the decisions it is judged by. Writes nothing.
 */
export async function regret(
  parts: Pick<Parts, 'store' | 'config' | 'now'>,
  options: RegretOptions,
): Promise<RegretReport> {
  const { days = defaultDays, periodDays = defaultPeriodDays, taskType, against = 'taskType-best' } = options
  const count = Math.ceil(days / periodDays)
  if (count > maxPeriods) {
    throw new TacitError(
      'INVALID_INPUT',
      `regret: ${count} periods are too many; ${maxPeriods} at most. Make periodDays longer.`,
    )
  }
  const nowMs = parts.now()
  const windowOf = (fromMs: number, toMs: number) => judge(parts, against, fromMs, toMs, taskType)
  const periods: (Regret & { readonly method: string })[] = []
  for (let i = count; i > 0; i--) {
    const toMs = nowMs - (i - 1) * periodDays * dayMs
    periods.push(await windowOf(Math.max(nowMs - days * dayMs, toMs - periodDays * dayMs), toMs))
  }
  const { method, ...whole } = await windowOf(nowMs - days * dayMs, nowMs)
  return { against, method, periods: periods.map(withoutMethod), whole, total: totalOf(periods) }
}

async function judge(
  parts: Pick<Parts, 'store' | 'config' | 'now'>,
  against: string,
  fromMs: number,
  toMs: number,
  taskType: string | undefined,
): Promise<Regret & { readonly method: string }> {
  const evaluation = await policyEvaluateWithin(parts, against, {
    // A decision at the border belongs to the earlier window.
    sinceUs: Math.max(0, Math.round(fromMs * 1000) + 1),
    untilUs: Math.round(toMs * 1000),
    ...(taskType === undefined ? {} : { taskType }),
  })
  const window = {
    from: isoOf(fromMs),
    to: isoOf(toMs),
    decisions: evaluation.counts.judged,
    method: evaluation.method,
  }
  if (evaluation.refused) {
    return { ...window, earned: null, reference: null, perDecision: null, reason: evaluation.reason }
  }
  return { ...window, ...valuesOf(evaluation), reason: null }
}

function valuesOf(evaluation: PolicyEvaluation & { readonly refused: false }) {
  return {
    earned: evaluation.logged,
    reference: evaluation.estimates[evaluation.trusted],
    perDecision: evaluation.difference,
  }
}

/** Periods share no decision, so their errors add up as independent ones do. */
function totalOf(periods: readonly Regret[]): PolicyValue | null {
  const judged = periods.flatMap(({ decisions, perDecision }) =>
    perDecision === null ? [] : [{ decisions, perDecision }],
  )
  if (judged.length === 0) return null
  const value = judged.reduce((sum, { decisions, perDecision }) => sum + decisions * perDecision.value, 0)
  if (judged.some(({ perDecision }) => perDecision.interval === null)) return { value, interval: null }
  const reach = (side: 0 | 1) =>
    Math.sqrt(
      judged.reduce(
        (sum, { decisions, perDecision: { value, interval } }) => sum + (decisions * (interval![side] - value)) ** 2,
        0,
      ),
    )
  return { value, interval: [value - reach(0), value + reach(1)] }
}

const withoutMethod = ({ method: _, ...regret }: Regret & { readonly method: string }): Regret => regret
const isoOf = (ms: number) => new Date(Math.max(0, ms)).toISOString()
