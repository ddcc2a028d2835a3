import { TacitError } from '../errors.ts'
import { comparePositions, type Fact, nameSchema } from '../records.ts'
import { type Projection, project } from './projection.ts'
import type { Appended, AppendOptions, FactDraft, LoggedFact, VectorRow } from './store.ts'

/** A time beyond this (the year 2200) is a mistake; kept, it would push the clock of every later fact ahead. */
const latestRecordableUs = 7_258_118_400_000_000

/** What appending asks of a database, inside one transaction of it. */
export interface AppendTarget {
  findFact(id: string): LoggedFact | undefined
  /** What is remembered of a fact that was pruned. */
  findPruned?(id: string): PrunedFact | undefined
  findExecution(id: string): Projection | null
  /** Every fact of some executions, in any order; those that were just inserted are among them. */
  factsOf(executionIds: readonly string[]): readonly LoggedFact[]
  /** Gives a new fact its time of recording and its place, and keeps it. */
  insertFact(draft: FactDraft): LoggedFact
  /** Puts a pruned fact back at the place that it had. */
  restoreFact?(draft: FactDraft, cursor: number): LoggedFact
  keepExecution(projection: Projection): void
  /** Keeps a vector unless its execution has one of that embedder. */
  keepVector(vector: VectorRow): void
}

/** What stays of a pruned fact, so that its id is still known. */
export interface PrunedFact extends Pick<FactDraft, 'kind' | 'executionId'> {
  readonly cursor: number
}

/** @throws TacitError INVALID_INPUT for a draft or a vector that cannot be kept. */
export function assertAppendable(groups: readonly (readonly FactDraft[])[], vectors: readonly VectorRow[]): void {
  for (const draft of groups.flat()) {
    const { id, kind, executionId, recordedAtUs } = draft
    for (const [what, name] of namesOf(draft)) assertName(name, `the ${what} of the fact ${id}`)
    if (kind === 'decision' && id !== executionId) {
      throw invalid(`the decision ${id} names another execution, ${executionId}; the two must be the same`)
    }
    for (const [what, number] of wholeNumbersOf(draft)) assertWhole(number, `the ${what} of the fact ${id}`)
    if (draft.kind === 'feedback' && !(draft.body.value01 >= 0 && draft.body.value01 <= 1)) {
      throw invalid(`the value of the fact ${id} is ${draft.body.value01}, which is not between 0 and 1`)
    }
    if (recordedAtUs !== undefined && !(recordedAtUs >= 0 && recordedAtUs <= latestRecordableUs)) {
      throw invalid(`the fact ${id} was recorded at ${recordedAtUs} µs, which is not between the years 1970 and 2200`)
    }
  }
  for (const { executionId, embedder, vector } of vectors) {
    assertName(embedder, `the embedder of the vector of ${executionId}`)
    if (vector.length === 0 || !vector.every(Number.isFinite)) {
      throw invalid(`the vector of ${executionId} is empty or holds a value that is not a finite number`)
    }
  }
}

/** What stands in columns of its own, where a database may tell less apart than we do. */
function namesOf({ id, executionId, origin, kind, body }: FactDraft): (readonly [what: string, name: string | null])[] {
  const names = [['id', id] as const, ['execution', executionId] as const, ['origin', origin] as const]
  if (kind === 'decision') {
    const { arm, taskType, context } = body
    return [...names, ['arm', arm], ['task type', taskType], ['repository', context.repository ?? null]]
  }
  if (kind === 'outcome') return [...names, ['arm', body.arm?.id ?? null], ['error type', body.error?.type ?? null]]
  return names
}

function wholeNumbersOf(draft: FactDraft): (readonly [what: string, number: number | null])[] {
  const times = [['moment', draft.atUs] as const, ['time of recording', draft.recordedAtUs ?? null] as const]
  return draft.kind === 'outcome' ? [...times, ['cost', draft.body.costMicroUsd]] : times
}

function assertWhole(number: number | null, what: string): void {
  if (number === null || (Number.isSafeInteger(number) && number >= 0)) return
  throw invalid(`${what} is ${number}, which is no whole number from 0 to ${Number.MAX_SAFE_INTEGER}`)
}

function assertName(name: string | null, what: string): void {
  if (name === null) return
  const { error } = nameSchema.safeParse(name)
  if (error) throw invalid(`${what} ${error.issues[0]!.message}`)
}

/** A scope is a name: what a database cannot tell apart (broken Unicode) must not become one scope. */
export function assertScope(scope: string): void {
  const result = nameSchema.safeParse(scope)
  if (result.success) return
  throw new TacitError('INVALID_INPUT', `The scope ${result.error.issues[0]!.message}. Choose another name.`)
}

/**
 * Appends groups to `target`; what became of each. Nothing is undone here: if it throws, the transaction must be.
 * @throws TacitError INVALID_INPUT for a vector of an execution that is not there.
 */
export function appendGroups(
  target: AppendTarget,
  scope: string,
  groups: readonly (readonly FactDraft[])[],
  vectors: readonly VectorRow[],
  { withHistory = false }: AppendOptions,
): Appended[] {
  const stored = new Set<string>()
  const results = groups.map(group => {
    const appended = appendGroup(target, group, stored)
    return withHistory ? { ...appended, history: historyOf(target, group) } : appended
  })
  const decided = new Set(groups.flat().flatMap(({ kind, id }) => (kind === 'decision' ? [id] : [])))
  for (const vector of vectors) {
    const { executionId } = vector
    if (decided.has(executionId) && !stored.has(executionId)) continue
    if (target.findExecution(executionId) === null) {
      throw invalid(`there is a vector for ${executionId}, but no such execution in the scope ${scope}`)
    }
    target.keepVector(vector)
  }
  return results
}

function historyOf(target: AppendTarget, group: readonly FactDraft[]): Fact[] {
  const executionIds = [...new Set(group.map(({ executionId }) => executionId))]
  const facts = target.factsOf(executionIds).map(({ fact }) => fact)
  return facts.sort(comparePositions)
}

function appendGroup(target: AppendTarget, group: readonly FactDraft[], stored: Set<string>): Appended {
  const earlier = new Map<string, FactDraft | LoggedFact>()
  const pruned = new Map<string, PrunedFact>()
  for (const draft of group) {
    const held = earlier.get(draft.id) ?? target.findFact(draft.id)
    const removed = held === undefined ? target.findPruned?.(draft.id) : undefined
    const other = removed ?? (held === undefined ? draft : 'fact' in held ? held.fact : held)
    if (other.kind !== draft.kind || other.executionId !== draft.executionId) {
      return { status: 'conflict', facts: [], conflictId: draft.id }
    }
    earlier.set(draft.id, held ?? draft)
    if (removed !== undefined) pruned.set(draft.id, removed)
  }
  const executions = new Map<string, Projection>()
  const facts: LoggedFact[] = []
  let isNew = false
  for (const held of earlier.values()) {
    if ('fact' in held) {
      facts.push(held)
      continue
    }
    const removed = pruned.get(held.id)
    // Said again, it is a duplicate of what was pruned; with its time of recording, it comes out of an archive.
    if (removed !== undefined && held.recordedAtUs === undefined) continue
    const logged = removed === undefined ? target.insertFact(held) : target.restoreFact!(held, removed.cursor)
    const { executionId } = logged.fact
    const before = executions.get(executionId) ?? target.findExecution(executionId)
    executions.set(executionId, project(before, logged.fact))
    facts.push(logged)
    stored.add(logged.fact.id)
    isNew = true
  }
  for (const execution of executions.values()) target.keepExecution(execution)
  return { status: isNew ? 'stored' : 'duplicate', facts }
}

/**
 * A draft as it will be read back, with the text that is kept of its body: what is learned now and what is learned on
 * replay must be the same.
 */
export function asRead(draft: FactDraft, recordedAtUs: number): { fact: Fact; body: string } {
  const { id, kind, executionId, origin } = draft
  const body = JSON.stringify(draft.body)
  // Adding 0 makes −0 the 0 that comes back.
  const times = { atUs: draft.atUs + 0, recordedAtUs: recordedAtUs + 0 }
  return { body, fact: { id, kind, executionId, ...times, origin, body: JSON.parse(body) } as Fact }
}

const invalid = (text: string) => new TacitError('INVALID_INPUT', `append: ${text}. Nothing was written.`)
