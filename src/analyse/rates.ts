import type { FactKind } from '../records.ts'
import type { Store } from '../store/store.ts'

const pageLength = 1000

/** How often one thing happened in a window. */
export interface OperationRate {
  /** A kind of fact, or of step. */
  readonly operation: string
  readonly count: number
  readonly perSecond: number
  /** When it was last recorded. */
  readonly lastAtUs: number
}

export interface OperationRates {
  readonly windowMs: number
  readonly sinceUs: number
  /** By kind of fact: decision, outcome, step, feedback; zero where nothing happened. */
  readonly facts: Readonly<Record<FactKind, { readonly count: number; readonly perSecond: number }>>
  /** Steps by their kind (tool, model, pool …), the most frequent first. */
  readonly steps: readonly OperationRate[]
}

/**
 * What this database recorded between `nowUs` less `windowMs` and now, counted from the log. Facts imported from elsewhere
 * are left out: they happened at another time.
 */
export async function operationRates(
  store: Store,
  scope: string,
  windowMs: number,
  nowUs: number,
): Promise<OperationRates> {
  const sinceUs = Math.max(0, nowUs - Math.round(windowMs * 1000))
  const facts = { decision: 0, step: 0, outcome: 0, feedback: 0 }
  const steps = new Map<string, { count: number; lastAtUs: number }>()
  for (let after = { recordedAtUs: sinceUs, id: '' }; ; ) {
    const page = await store.log(scope, after, pageLength)
    for (const { fact } of page) {
      if (fact.origin !== store.origin) continue
      facts[fact.kind]++
      if (fact.kind !== 'step') continue
      const count = 1 + (steps.get(fact.body.kind)?.count ?? 0)
      steps.set(fact.body.kind, { count, lastAtUs: fact.recordedAtUs })
    }
    if (page.length < pageLength) break
    after = page.at(-1)!.fact
  }
  const perSecond = (count: number) => count / (windowMs / 1000)
  const rateOf = (count: number) => ({ count, perSecond: perSecond(count) })
  return {
    windowMs,
    sinceUs,
    facts: {
      decision: rateOf(facts.decision),
      step: rateOf(facts.step),
      outcome: rateOf(facts.outcome),
      feedback: rateOf(facts.feedback),
    },
    steps: [...steps]
      .map(([operation, { count, lastAtUs }]) => ({ operation, ...rateOf(count), lastAtUs }))
      .sort((a, b) => b.count - a.count || (a.operation < b.operation ? -1 : 1)),
  }
}
