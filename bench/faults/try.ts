import { seedRng } from '../../src/math/rng.ts'
import type { Fault } from './fault.ts'
import type { Outcome } from './load.ts'
import type { Site, StoreName } from './site.ts'

/** A fault on one store, over all its tries. */
export interface Result {
  readonly fault: string
  readonly store: StoreName
  readonly tries: number
  readonly acknowledged: number
  readonly lost: number
  readonly double: number
  /** Writes refused while the trouble lasted, by error code. */
  readonly refused: Readonly<Record<string, number>>
  /** Why it was not tried, or null. */
  readonly skipped: string | null
  /** What else went wrong: a writer that could not go on, or a replay that does not agree. */
  readonly failures: readonly string[]
}

/** Makes one fault `tries` times. */
export async function tryFault(fault: Fault, site: Site, tries: number, seed: string): Promise<Result> {
  const about = { fault: fault.name, store: site.store }
  const skipped = fault.obstacle?.() ?? null
  if (skipped !== null) return { ...about, ...total([]), tries: 0, skipped, failures: [] }
  const outcomes: Outcome[] = []
  const failures: string[] = []
  for (let index = 0; index < tries; index++) {
    try {
      outcomes.push(await fault.make(site, seedRng(`${seed} ${fault.name} ${index}`)))
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error))
    }
  }
  return { ...about, ...total(outcomes), tries, skipped, failures }
}

/** Whether everything acknowledged is there once, and everybody went on. */
export const isSound = ({ lost, double, failures }: Result) => lost === 0 && double === 0 && failures.length === 0

function total(outcomes: readonly Outcome[]) {
  const sum = (of: 'acknowledged' | 'lost' | 'double') => outcomes.reduce((count, outcome) => count + outcome[of], 0)
  const refused: Record<string, number> = {}
  for (const outcome of outcomes)
    for (const [code, times] of outcome.refused) refused[code] = (refused[code] ?? 0) + times
  return { acknowledged: sum('acknowledged'), lost: sum('lost'), double: sum('double'), refused }
}
