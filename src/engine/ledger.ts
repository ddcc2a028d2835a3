import type { Config } from '../config.ts'
import type { State, StateRecord } from '../learn/state.ts'
import type { Decision } from '../records.ts'
import { Budget, type Spending } from './budget.ts'
import { ExploredWindow } from './exploration.ts'

/** What past decisions have used up: budgets, and the share of exploration. A part of the learned state. */
export class Ledger {
  readonly budget: Budget
  /** Null where exploration has no ceiling. */
  readonly explored: ExploredWindow | null

  constructor({ budget, exploration }: Config, state?: StateRecord) {
    this.budget = new Budget(budget, state?.budget as StateRecord | undefined)
    this.explored =
      exploration.maxShare === null
        ? null
        : new ExploredWindow(exploration.window, state?.explored as StateRecord | undefined)
  }

  /** The settings that its state depends on; null where nothing is kept. */
  static settings({ budget, exploration }: Config): unknown {
    const isLimited = new Budget(budget).isLimited
    if (!isLimited && exploration.maxShare === null) return null
    return [isLimited ? budget : null, exploration.maxShare === null ? null : exploration.window]
  }

  decided(decision: Decision): void {
    this.budget.decided(decision)
    const { explored } = decision.body
    if (explored !== null) this.explored?.add(explored)
  }

  settled(decision: Decision, before: Spending | null, after: Spending): void {
    this.budget.settled(decision, before, after)
  }

  toState(): State {
    return { budget: this.budget.toState(), explored: this.explored?.toState() ?? null }
  }
}
