import type { Config } from '../config.ts'
import type { State, StateRecord } from '../learn/state.ts'
import type { Decision } from '../records.ts'
import { Budget, type Spending } from './budget.ts'
import { ExploredWindow } from './exploration.ts'
import { KeptChoices } from './kept-choices.ts'

/** What past decisions have used up: budgets, the share of exploration, choices to repeat. A part of the learned state. */
export class Ledger {
  readonly budget: Budget
  /** Null where exploration has no ceiling. */
  readonly explored: ExploredWindow | null

  readonly kept: KeptChoices

  constructor({ arms, budget, exploration }: Config, state?: StateRecord) {
    this.budget = new Budget(budget, state?.budget as StateRecord | undefined)
    this.explored =
      exploration.maxShare === null
        ? null
        : new ExploredWindow(exploration.window, state?.explored as StateRecord | undefined)
    this.kept = new KeptChoices(arms, state?.kept as StateRecord | undefined)
  }

  /** The settings that its state depends on; null where nothing is kept. */
  static settings({ arms, budget, exploration }: Config): unknown {
    const isLimited = new Budget(budget).isLimited
    const isKept = new KeptChoices(arms).isUsed
    if (!isLimited && !isKept && exploration.maxShare === null) return null
    const window = exploration.maxShare === null ? null : exploration.window
    return [isLimited ? budget : null, window, isKept ? arms : null]
  }

  /** A decision about `task`, the identity of its text and type. */
  decided(decision: Decision, task: number): void {
    this.budget.decided(decision)
    this.kept.decided(decision, task)
    const { explored } = decision.body
    if (explored !== null) this.explored?.add(explored)
  }

  settled(decision: Decision, task: number, before: Spending | null, after: Spending): void {
    this.budget.settled(decision, before, after)
    this.kept.settled(task)
  }

  toState(): State {
    return { budget: this.budget.toState(), explored: this.explored?.toState() ?? null, kept: this.kept.toState() }
  }
}
