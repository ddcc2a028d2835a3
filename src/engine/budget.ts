import type { Config } from '../config.ts'
import { type Ceiling, Pacer, type Quote } from '../learn/pacing/pacer.ts'
import type { StateRecord } from '../learn/state.ts'
import type { Decision, PacingRecord } from '../records.ts'

/** What a budget can limit, in USD, tokens, milliseconds and MB. */
const resources = ['costUsd', 'tokens', 'durationMs', 'cpuTimeMs', 'peakMemoryMb'] as const
export type Resource = (typeof resources)[number]
/** What was measured of each resource; null: not known. */
export type Spending = Readonly<Record<Resource, number | null>>

/** How one ceiling is kept. */
export interface BudgetStatus {
  readonly resource: Resource
  readonly period: 'task' | 'day'
  readonly limit: number
  /** Decisions that the ceiling applied to, and what they cost together: reserved where the outcome is not known. */
  readonly tasks: number
  readonly spent: number
  /** Of the current UTC day. */
  readonly tasksToday: number
  readonly spentToday: number
  readonly meanPerTask: number | null
  readonly price: number
  readonly state: PacingRecord['state']
  /** Mean expected utility per decision that was given up for all ceilings together; null before the first. */
  readonly forgoneUtility: number | null
}

/** Quotes of all ceilings for one choice. */
export interface Offer {
  readonly quotes: readonly { readonly resource: Resource; readonly ceiling: Ceiling; readonly quote: Quote }[]
  /** Sum of what all ceilings take off each arm. */
  readonly penalties: Float64Array
}

/**
 * The ceilings of the configuration with one pacer each. It learns from the log alone: what a decision reserved stands in
 * the decision, what it cost in its outcome.
 */
export class Budget {
  readonly #pacers: readonly { readonly resource: Resource; readonly pacer: Pacer }[]
  #decisions: number
  #forgone: number

  constructor(config: Config['budget'], state?: StateRecord) {
    const states = (state?.pacers ?? {}) as StateRecord
    this.#pacers = ceilingsOf(config).map(({ resource, ceiling }) => ({
      resource,
      pacer: new Pacer(ceiling, states[`${resource}/${ceiling.period}`] as StateRecord | undefined),
    }))
    this.#decisions = (state?.decisions ?? 0) as number
    this.#forgone = (state?.forgone ?? 0) as number
  }

  get isLimited(): boolean {
    return this.#pacers.length > 0
  }

  /** What the arms cost on `day`, as all ceilings see it. Changes nothing. */
  offer(day: number, forecastsOf: (resource: Resource) => readonly (number | null)[]): Offer {
    const quotes = this.#pacers.map(({ resource, pacer }) => ({
      resource,
      ceiling: pacer.ceiling,
      quote: pacer.quote(day, forecastsOf(resource)),
    }))
    const penalties = Float64Array.from(quotes[0]?.quote.penalties ?? [], (_, i) =>
      quotes.reduce((sum, { quote }) => sum + quote.penalties[i]!, 0),
    )
    return { quotes, penalties }
  }

  decided({ body, atUs }: Decision): void {
    const records = body.limits?.budget
    if (records === undefined || !this.isLimited) return
    for (const { resource, pacer } of this.#pacers) {
      const record = recordOf(records, resource, pacer.ceiling.period)
      if (record !== undefined) pacer.commit({ ...record, day: dayOf(atUs) })
    }
    this.#decisions++
    this.#forgone += body.limits?.forgoneUtility ?? 0
  }

  /** The outcome of a decision is known, or was corrected: what was `before` (null: no outcome) is now `after`. */
  settled({ body, atUs }: Decision, before: Spending | null, after: Spending): void {
    const records = body.limits?.budget
    if (records === undefined) return
    for (const { resource, pacer } of this.#pacers) {
      const record = recordOf(records, resource, pacer.ceiling.period)
      if (record === undefined) continue
      const earlier = before?.[resource] ?? null
      const known = after[resource]
      if (earlier === known) continue
      const isFirst = earlier === null && known !== null
      pacer.settle(dayOf(atUs), earlier ?? record.reserved, known ?? record.reserved, isFirst ? record.forecast : null)
    }
  }

  report(day: number): BudgetStatus[] {
    return this.#pacers.map(({ resource, pacer }) => {
      const { tasks, spent, price, ...account } = pacer.account
      const isToday = account.day === Math.floor(day)
      return {
        resource,
        period: pacer.ceiling.period,
        limit: pacer.ceiling.limit,
        tasks,
        spent,
        tasksToday: isToday ? account.tasksToday : 0,
        spentToday: isToday ? account.spentToday : 0,
        meanPerTask: tasks === 0 ? null : spent / tasks,
        price,
        state: stateOf(pacer.quote(day, []), false),
        forgoneUtility: this.#decisions === 0 ? null : this.#forgone / this.#decisions,
      }
    })
  }

  toState(): StateRecord {
    const states = this.#pacers.map(({ resource, pacer }) => [`${resource}/${pacer.ceiling.period}`, pacer.toState()])
    return { pacers: Object.fromEntries(states), decisions: this.#decisions, forgone: this.#forgone }
  }
}

/** The arms among `places` that every ceiling can afford; if there is none, the cheapest (in allowances, all summed). */
export function affordable({ quotes }: Offer, places: readonly number[]): readonly number[] {
  const open = places.filter(i => quotes.every(({ quote }) => quote.isAffordable[i]))
  if (open.length > 0) return open
  const costs = places.map(i => quotes.reduce((sum, { quote }) => sum + relativeCost(quote, i), 0))
  const least = Math.min(...costs)
  return places.filter((_, i) => costs[i]! <= least)
}

/**
 * What goes on record for the chosen arm. `intended` is the distribution before dear arms were barred; `isBarred` tells
 * whether any were.
 */
export function pacingOf(
  { quotes }: Offer,
  chosen: number,
  intended: readonly number[],
  isBarred: boolean,
): PacingRecord[] {
  return quotes.map(({ resource, ceiling, quote }) => {
    const cost = (i: number) => quote.costs[i] ?? quote.unit
    return {
      resource,
      ...ceiling,
      price: quote.price,
      unit: quote.unit,
      allowance: quote.allowance,
      intended: intended.reduce((sum, p, i) => (p === 0 ? sum : sum + p * cost(i)), 0),
      cheapest: quote.cheapest,
      reserved: cost(chosen),
      forecast: quote.forecasts[chosen] ?? null,
      state: stateOf(quote, isBarred),
    }
  })
}

function ceilingsOf(config: Config['budget']): { resource: Resource; ceiling: Ceiling }[] {
  return resources.flatMap(resource => {
    const { perTask, perDay = null }: { perTask: number | null; perDay?: number | null } = config[resource]
    return [
      ...(perTask === null ? [] : [{ resource, ceiling: { limit: perTask, period: 'task' as const } }]),
      ...(perDay === null ? [] : [{ resource, ceiling: { limit: perDay, period: 'day' as const } }]),
    ]
  })
}

/** An arm of unknown cost is taken for one that keeps the ceiling: where no known arm does, it is worth a try. */
const relativeCost = ({ costs, unit }: Quote, i: number) => (costs[i] ?? unit) / unit
const recordOf = (records: readonly PacingRecord[], resource: Resource, period: Ceiling['period']) =>
  records.find(record => record.resource === resource && record.period === period)
const dayOf = (atUs: number) => atUs / 86_400e6

function stateOf({ canBeMet, price }: Quote, isBarred: boolean): PacingRecord['state'] {
  if (!canBeMet) return 'unmeetable'
  return price > 0 || isBarred ? 'binding' : 'met'
}
