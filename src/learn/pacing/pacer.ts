import type { StateRecord } from '../state.ts'

/** How far the price moves when a choice costs one task's allowance more than it should. */
const priceStep = 0.03
const highestPrice = 100
/** Credit or debt is paid back over this many tasks, and the target moves by at most half of the allowance for it. */
const horizonTasks = 50
/** Unspent allowance is kept for later, up to this many tasks' worth. */
const mostCredit = 100
/** Memory of what the cheapest arm costs, and of how far forecasts were off. */
const memory = 0.98
/** Part of a day below which no pace is read off it: one hour. */
const shortest = 1 / 24
/** Settled tasks that the first guess "forecasts are right" is worth. */
const correctionPrior = 5

export interface Ceiling {
  /** Units of the resource (USD, tokens, milliseconds). */
  readonly limit: number
  /** task: mean per task; day: sum per UTC day. */
  readonly period: 'task' | 'day'
}

/** What a choice among arms would cost, and what the pacer asks for it. */
export interface Quote {
  /** What the next task may cost on average, in units of the resource. */
  readonly allowance: number
  /** Utility asked per `unit` of spending. */
  readonly price: number
  /** What one task may cost in the long run; the scale of prices. */
  readonly unit: number
  readonly forecasts: readonly (number | null)[]
  /** The forecasts corrected by how far earlier ones were off; null where nothing is known. */
  readonly costs: readonly (number | null)[]
  /** To be taken off each arm's index: price × cost / unit. An unknown cost is taken for one unit. */
  readonly penalties: Float64Array
  /** Whether the arm can be afforded now. All false: the budget is used up; the cheapest known arm is then taken. */
  readonly isAffordable: readonly boolean[]
  /** Cost of the cheapest arm; null where no cost is known. */
  readonly cheapest: number | null
  /** False if even the cheapest arms, as met lately, cost more than the ceiling. */
  readonly canBeMet: boolean
}

/** What a decision did to the budget; it stands in the log, and the pacer learns from it alone. */
export interface Commitment {
  readonly day: number
  /** Cost reserved for the chosen arm. */
  readonly reserved: number
  /** Expected cost of the choice before dear arms were barred. */
  readonly intended: number
  readonly cheapest: number | null
  /** Allowance of the quote. */
  readonly allowance: number
  readonly unit: number
}

/**
 * Keeps one resource under a ceiling (primal-dual pacing, as in bandits with knapsacks, Agrawal & Devanur 2016): a price
 * per unit is taken off each arm's utility; it rises while choices are meant to cost more than the allowance and falls
 * while they cost less. A price alone keeps a ceiling only in the long run, so what was really spent is kept in an
 * account: unspent allowance is credit, and an arm that would put the account into debt is barred. Per day, the same account is kept against what is left of the day.
 *
 * Pure: the day comes in, the state is plain, and the same calls give the same state.
 */
export class Pacer {
  readonly ceiling: Ceiling
  #price: number
  /** Spending over (+) or under (-) the allowance so far, in tasks' worth. */
  #balance: number
  #tasks: number
  #spent: number
  /** Moment of the first task, days since 1970; null before it. */
  #first: number | null
  #day: number
  #spentToday: number
  #tasksToday: number
  /** Tasks of an average day, from days that are over; null before the first. */
  #tasksPerDay: number | null
  #forecast: number
  #actual: number
  #cheapest: number | null

  constructor(ceiling: Ceiling, state?: StateRecord) {
    const number = (name: string) => (state?.[name] ?? 0) as number
    this.ceiling = ceiling
    this.#price = number('price')
    this.#balance = number('balance')
    this.#tasks = number('tasks')
    this.#spent = number('spent')
    this.#first = (state?.first ?? null) as number | null
    this.#day = number('day')
    this.#spentToday = number('spentToday')
    this.#tasksToday = number('tasksToday')
    this.#tasksPerDay = (state?.tasksPerDay ?? null) as number | null
    this.#forecast = number('forecast')
    this.#actual = number('actual')
    this.#cheapest = (state?.cheapest ?? null) as number | null
  }

  /** Tasks so far, what they cost together (reserved where not yet known), and the same for today. */
  get account() {
    return {
      tasks: this.#tasks,
      spent: this.#spent,
      day: this.#day,
      spentToday: this.#spentToday,
      tasksToday: this.#tasksToday,
      price: this.#price,
    }
  }

  /** What the arms cost on `day` (days since 1970, fraction allowed) by these forecasts. Changes nothing. */
  quote(day: number, forecasts: readonly (number | null)[]): Quote {
    const { limit, period } = this.ceiling
    const today = this.#on(day)
    const unit = period === 'task' ? limit : limit / Math.max(1, today.expected)
    const allowance = period === 'task' ? limit * this.#share() : today.left / Math.max(1, today.expectedLeft)
    const correction = this.#correction()
    const costs = forecasts.map(cost => (cost === null ? null : cost * correction))
    const known = costs.filter(cost => cost !== null)
    const cheapest = known.length === 0 ? null : Math.min(...known)
    const usual = this.#cheapest ?? cheapest
    // Per day, enough is kept back to do the tasks still expected with the cheapest arms.
    const keptBack = (today.expectedLeft - 1) * (usual ?? 0)
    const afforded = period === 'task' ? limit * (1 - this.#balance) : today.left - keptBack
    return {
      allowance,
      price: this.#price,
      unit,
      forecasts,
      costs,
      penalties: Float64Array.from(costs, cost => (this.#price * (cost ?? unit)) / unit),
      isAffordable: costs.map(cost => (cost ?? unit) <= afforded),
      cheapest,
      canBeMet: usual === null || usual <= unit * (1 + 1e-9),
    }
  }

  /** A choice was made: its cost is reserved, and the price follows what the choice was meant to cost. */
  commit({ day, reserved, intended, cheapest, allowance, unit }: Commitment): void {
    this.#first ??= day
    this.#advance(day)
    const move = (priceStep * (intended - allowance)) / unit
    // Where the cheapest arm is meant already, a higher price could change nothing.
    const isCheapest = cheapest !== null && intended <= cheapest * (1 + 1e-9)
    if (move < 0 || !isCheapest) this.#price = Math.min(highestPrice, Math.max(0, this.#price + move))
    if (cheapest !== null) {
      this.#cheapest = this.#cheapest === null ? cheapest : memory * this.#cheapest + (1 - memory) * cheapest
    }
    this.#tasks++
    this.#tasksToday++
    this.#spent += reserved
    this.#spentToday += reserved
    this.#balance = Math.max(-mostCredit, this.#balance + reserved / this.ceiling.limit - 1)
  }

  /**
   * What was reserved on `day` turned out otherwise. `before` is what was put down till now: the reserved cost, or an
   * earlier outcome's; `forecast` is the reserved cost if this is the first outcome and it came from a forecast.
   */
  settle(day: number, before: number, actual: number, forecast: number | null): void {
    const change = actual - before
    this.#spent += change
    if (Math.floor(day) === this.#day) this.#spentToday += change
    this.#balance += change / this.ceiling.limit
    if (forecast === null) return
    this.#forecast = memory * this.#forecast + forecast
    this.#actual = memory * this.#actual + actual
  }

  toState(): StateRecord {
    return {
      price: this.#price,
      balance: this.#balance,
      tasks: this.#tasks,
      spent: this.#spent,
      first: this.#first,
      day: this.#day,
      spentToday: this.#spentToday,
      tasksToday: this.#tasksToday,
      tasksPerDay: this.#tasksPerDay,
      forecast: this.#forecast,
      actual: this.#actual,
      cheapest: this.#cheapest,
    }
  }

  /** Share of the ceiling to aim at: below 1 to pay back debt, above 1 to use credit. */
  #share(): number {
    return Math.min(1.5, Math.max(0.5, 1 - this.#balance / horizonTasks))
  }

  /** Forecasts name the middle of what happens; what is paid is the mean. Their ratio, drawn to 1 by a few tasks. */
  #correction(): number {
    const weight = this.#tasks === 0 ? 0 : (correctionPrior * this.#spent) / this.#tasks
    return this.#forecast + weight > 0 ? (this.#actual + weight) / (this.#forecast + weight) : 1
  }

  /**
   * What is left of the day's budget and how many tasks are expected, in the whole day and from now on: as many as on
   * other days, or as the pace of today so far promises, whichever is more.
   */
  #on(day: number): { left: number; expected: number; expectedLeft: number } {
    const isToday = Math.floor(day) === this.#day
    const tasksToday = isToday ? this.#tasksToday : 0
    const perDay = isToday || this.#tasks === 0 ? this.#tasksPerDay : this.#perDayAfterToday()
    const start = Math.max(Math.floor(day), this.#first ?? day)
    const pace = (tasksToday + 1) / Math.max(shortest, day - start)
    const expectedLeft = Math.max(1, (perDay ?? 0) - tasksToday, pace * (Math.floor(day) + 1 - day))
    return {
      left: this.ceiling.limit - (isToday ? this.#spentToday : 0),
      expected: tasksToday + expectedLeft,
      expectedLeft,
    }
  }

  /** Mean of the days so far, the last one as much as all before it; a first day that began late is scaled up. */
  #perDayAfterToday(): number {
    if (this.#tasksPerDay !== null) return (this.#tasksPerDay + this.#tasksToday) / 2
    return this.#tasksToday / Math.max(shortest, Math.floor(this.#first!) + 1 - this.#first!)
  }

  #advance(day: number): void {
    const today = Math.floor(day)
    if (today <= this.#day) return
    if (this.#tasks > 0) this.#tasksPerDay = this.#perDayAfterToday()
    this.#day = today
    this.#spentToday = 0
    this.#tasksToday = 0
  }
}
