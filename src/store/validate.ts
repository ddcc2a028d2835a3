import { isDeepStrictEqual } from 'node:util'
import { TacitError } from '../errors.ts'
import { comparePositions, factSchema, type Position } from '../records.ts'
import type { ExecutionWithFacts, OnProgress, StoreAdmin, Tally } from './admin.ts'
import { logHash } from './log-hash.ts'
import { type Projection, project } from './projection.ts'
import type { Store } from './store.ts'

const pageLength = 500
/** Problems that are listed; further ones are counted. */
const listedProblems = 100

export interface Validation {
  readonly isSound: boolean
  readonly problemCount: number
  /** The first ones. */
  readonly problems: readonly Problem[]
  readonly scopes: readonly ScopeValidation[]
}

export interface Problem {
  /** structure: of the database itself. The others are about what it holds. */
  readonly kind: 'structure' | 'fact' | 'projection' | 'vector' | 'rollup'
  readonly scope: string | null
  /** Of the fact or the execution. */
  readonly id: string | null
  readonly message: string
}

export interface ScopeValidation extends Tally {
  readonly scope: string
  /** SHA-256 of the log in canonical order, hexadecimal; null where it could not be read to its end. */
  readonly logHash: string | null
}

/**
 * Compares everything that a database holds with what it must be: its own structures, every fact with its schema, every
 * row with what its facts give when they are folded anew, every vector with its execution. Writes nothing.
 */
export async function validate(admin: StoreAdmin, store: Store, onProgress: OnProgress): Promise<Validation> {
  const problems = new Problems()
  for (const message of await admin.integrityProblems(listedProblems)) {
    problems.add({ kind: 'structure', scope: null, id: null, message })
  }
  const names = await problems.during(null, () => admin.scopes())
  const tallies = new Map<string, Tally>()
  for (const scope of names ?? []) {
    const tally = await problems.during(scope, () => admin.tally(scope))
    if (tally !== null) tallies.set(scope, tally)
  }
  const total = [...tallies.values()].reduce(
    (sum, { facts, executions, vectors }) => sum + facts + executions + vectors,
    0,
  )
  let done = 0
  const step = (count: number) => {
    done += count
    onProgress(Math.min(done, total), total)
  }
  const scopes: ScopeValidation[] = []
  for (const [scope, tally] of tallies) {
    const hash = await problems.during(scope, () => checkFacts(store, scope, problems, step))
    await problems.during(scope, () => checkProjection(admin, scope, problems, step))
    await problems.during(scope, () => checkVectors(admin, scope, problems, step))
    scopes.push({ scope, ...tally, logHash: hash })
  }
  return { isSound: problems.count === 0, problemCount: problems.count, problems: problems.listed, scopes }
}

async function checkFacts(store: Store, scope: string, problems: Problems, step: (n: number) => void) {
  const hash = logHash()
  for (let after: Position | null = null; ; ) {
    const page = await store.log(scope, after, pageLength)
    for (const { fact } of page) {
      hash.add(fact)
      const { error } = factSchema.safeParse(fact)
      const message = error && `is not a fact: ${error.issues[0]!.path.join('.')} ${error.issues[0]!.message}`
      if (message !== undefined) problems.add({ kind: 'fact', scope, id: fact.id, message })
    }
    step(page.length)
    if (page.length < pageLength) return hash.digest()
    after = page.at(-1)!.fact
  }
}

async function checkProjection(admin: StoreAdmin, scope: string, problems: Problems, step: (n: number) => void) {
  for (let afterId = ''; ; ) {
    const page = await admin.executionsWithFacts(scope, afterId, pageLength)
    for (const execution of page) {
      const message = projectionProblem(execution)
      if (message !== null) problems.add({ kind: 'projection', scope, id: execution.id, message })
    }
    step(page.filter(({ row }) => row.decidedAtUs !== null).length)
    if (page.length < pageLength) break
    afterId = page.at(-1)!.id
  }
  const { factsWithoutRow, vectorsWithoutExecution } = await admin.strays(scope, listedProblems)
  for (const id of factsWithoutRow) {
    problems.add({ kind: 'projection', scope, id, message: 'has facts, but no row' })
  }
  for (const id of vectorsWithoutExecution) {
    problems.add({ kind: 'vector', scope, id, message: 'has a vector, but is no execution' })
  }
}

function projectionProblem({ row, facts }: ExecutionWithFacts): string | null {
  const ordered = facts.map(({ fact }) => fact).sort(comparePositions)
  const folded = ordered.reduce<Projection | null>(project, null)
  if (folded === null) return 'has a row, but no facts'
  if (isDeepStrictEqual(row, folded)) return null
  const keys = Object.keys(folded) as (keyof Projection)[]
  const wrong = keys.filter(key => !isDeepStrictEqual(row[key], folded[key]))
  return `has a row that its facts do not give: ${wrong.join(', ')}`
}

async function checkVectors(admin: StoreAdmin, scope: string, problems: Problems, step: (n: number) => void) {
  let count = 0
  for await (const { executionId, vector } of admin.vectors(scope)) {
    if (vector.length === 0 || !vector.every(Number.isFinite)) {
      problems.add({ kind: 'vector', scope, id: executionId, message: 'has a vector with what is not a finite number' })
    }
    if (++count % pageLength === 0) step(pageLength)
  }
  step(count % pageLength)
}

class Problems {
  readonly listed: Problem[] = []
  count = 0

  add(problem: Problem): void {
    this.count += 1
    if (this.listed.length < listedProblems) this.listed.push(problem)
  }

  /** What `read` gives; null, with the problem noted, if the database is too damaged to be read there. */
  async during<T>(scope: string | null, read: () => Promise<T>): Promise<T | null> {
    try {
      return await read()
    } catch (error) {
      const isDamage = error instanceof SyntaxError || (error instanceof TacitError && error.code === 'STORE_CORRUPT')
      if (!isDamage) throw error
      this.add({ kind: 'structure', scope, id: null, message: error.message })
      return null
    }
  }
}
