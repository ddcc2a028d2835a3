import { createHash } from 'node:crypto'
import { TacitError } from '../errors.ts'
import { wilsonInterval } from '../math/statistics.ts'
import type { Outcome } from '../records.ts'
import type { ExecutionFilter, ExecutionRow, Store } from '../store/store.ts'

const batchLength = 500
/** Different solutions counted at once: more are refused instead of filling the memory. */
const maxSolutions = 200_000

/** A solution that outcomes named, and how it fared in one repository. */
export interface SolutionStats {
  readonly solution: string
  readonly repository: string | null
  /** Executions whose outcome named it. */
  readonly uses: number
  /** With its Wilson 95 % interval; null while no use tells. */
  readonly successRate: {
    readonly value: number
    readonly interval: readonly [number, number]
    readonly n: number
  } | null
  /** The task types that it was used for, sorted; those without a type are left out. */
  readonly taskTypes: readonly string[]
  readonly firstAtUs: number
  readonly lastAtUs: number
}

export interface SolutionTable {
  readonly solutions: readonly SolutionStats[]
  /** Solutions used often enough that were cut off by the limit. */
  readonly solutionsLeftOut: number
}

export interface SolutionOptions {
  readonly filter: Omit<ExecutionFilter, 'limit' | 'withOutcome'>
  /** Solutions used less often are left out. */
  readonly minCount: number
  readonly limit: number
}

interface Tally {
  readonly executionId: string
  readonly repository: string | null
  readonly taskTypes: Set<string>
  uses: number
  known: number
  successes: number
  firstAtUs: number
  lastAtUs: number
}

/**
 * How often each solution was used per repository and how often it succeeded, the most used first. Read from the log,
 * so it takes time in proportion to the executions that pass the filter. Texts count as the same solution if they differ
 * in surrounding space only.
 */
export async function solutionTable(store: Store, scope: string, options: SolutionOptions): Promise<SolutionTable> {
  const tallies = new Map<string, Tally>()
  for await (const batch of batches(store.scan(scope, { ...options.filter, withOutcome: true }))) {
    const summaries = await summariesOf(store, scope, batch)
    for (const row of batch) {
      const summary = summaries.get(row.id)
      if (summary !== undefined) count(tallies, row, summary)
    }
  }
  const used = [...tallies.values()].filter(({ uses }) => uses >= options.minCount).sort(compareTallies)
  const shown = used.slice(0, options.limit)
  const solutions: SolutionStats[] = []
  for (const tally of shown) {
    const texts = await summariesOf(store, scope, [{ id: tally.executionId }])
    solutions.push(statsOf(tally, texts.get(tally.executionId)!))
  }
  return { solutions, solutionsLeftOut: used.length - shown.length }
}

function count(tallies: Map<string, Tally>, row: ExecutionRow, summary: string): void {
  const decidedAtUs = row.decidedAtUs
  if (decidedAtUs === null) return
  const key = createHash('sha256')
    .update(JSON.stringify([row.repository, summary]))
    .digest('base64url')
  const tally: Tally = tallies.get(key) ?? {
    executionId: row.id,
    repository: row.repository,
    taskTypes: new Set(),
    uses: 0,
    known: 0,
    successes: 0,
    firstAtUs: decidedAtUs,
    lastAtUs: decidedAtUs,
  }
  tally.uses++
  if (row.success !== null) tally.known++
  if (row.success === true) tally.successes++
  if (row.taskType !== null) tally.taskTypes.add(row.taskType)
  tally.firstAtUs = Math.min(tally.firstAtUs, decidedAtUs)
  tally.lastAtUs = Math.max(tally.lastAtUs, decidedAtUs)
  tallies.set(key, tally)
  if (tallies.size > maxSolutions) throw tooMany()
}

function statsOf({ repository, uses, known, successes, taskTypes, firstAtUs, lastAtUs }: Tally, solution: string) {
  return {
    solution,
    repository,
    uses,
    successRate:
      known === 0 ? null : { value: successes / known, interval: wilsonInterval(successes, known), n: known },
    taskTypes: [...taskTypes].sort(),
    firstAtUs,
    lastAtUs,
  }
}

/** The solution that the outcome which counts names, for those that name one. */
async function summariesOf(store: Store, scope: string, rows: readonly { readonly id: string }[]) {
  const facts = await store.facts(
    scope,
    rows.map(({ id }) => id),
  )
  return new Map(
    [...facts].flatMap(([id, logged]) => {
      const outcome = logged.findLast(({ fact }) => fact.kind === 'outcome')?.fact as Outcome | undefined
      const summary = outcome?.body.solutionSummary?.trim()
      return summary ? [[id, summary] as const] : []
    }),
  )
}

async function* batches(rows: AsyncIterable<ExecutionRow>): AsyncGenerator<ExecutionRow[]> {
  let batch: ExecutionRow[] = []
  for await (const row of rows) {
    if (batch.push(row) < batchLength) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

const compareTallies = (a: Tally, b: Tally) =>
  b.uses - a.uses || b.successes - a.successes || b.lastAtUs - a.lastAtUs || (a.executionId < b.executionId ? -1 : 1)

const tooMany = () =>
  new TacitError(
    'INVALID_INPUT',
    `solutions: there are more than ${maxSolutions} different solutions. Ask for a shorter window, one repository or one task type.`,
    { details: { maxSolutions } },
  )
