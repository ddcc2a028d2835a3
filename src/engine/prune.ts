import { z } from 'zod'
import { TacitError } from '../errors.ts'
import { type Fact, parse, timeSchema } from '../records.ts'
import type { LoggedFact, Pruned } from '../store/store.ts'
import type { Parts } from './parts.ts'
import { foldRollups } from './rollups.ts'

/** What may be pruned. executions: whole ones, with facts, rows and vectors. */
export const prunable = ['executions', 'steps', 'vectors'] as const
export type Prunable = (typeof prunable)[number]

export interface PruneOptions {
  /** Default `executions`. */
  readonly what?: Prunable
  /** What happened before this moment goes; see `days`. */
  readonly before?: Date | number | string
  /** What is older than this goes. Left out, with `before`, too: the days of `retention` in the configuration. */
  readonly days?: number
  /** Also prune what is not finished: decisions whose outcome is awaited, and outcomes whose decision has not come. */
  readonly unfinished?: boolean
  /** Only count. */
  readonly dryRun?: boolean
  /** Keeps the facts before they go, in canonical order. If it throws, nothing is pruned. */
  readonly archive?: (facts: AsyncIterable<Fact>) => Promise<void>
  /** Called now and then with the number of executions looked at. */
  readonly onProgress?: (executions: number) => void
}

export interface PruneReport extends Omit<Pruned, 'vectors'> {
  /** Null on a dry run: they are not counted one by one. */
  readonly vectors: number | null
  readonly what: Prunable
  /** ISO 8601. */
  readonly before: string
  /** Executions old enough that were kept, since they are not finished. */
  readonly unfinished: number
  readonly dryRun: boolean
}

const dayMs = 86_400_000
const batchSize = 500

const pruneSchema = z
  .strictObject({
    what: z.enum(prunable).default('executions'),
    before: timeSchema.optional(),
    days: z.number().nonnegative().max(36_500).optional(),
    unfinished: z.boolean().default(false),
    dryRun: z.boolean().default(false),
    archive: z.custom<PruneOptions['archive']>(value => typeof value === 'function').optional(),
    onProgress: z.custom<PruneOptions['onProgress']>(value => typeof value === 'function').optional(),
  })
  .refine(({ before, days }) => before === undefined || days === undefined, 'give before or days, not both')
  .refine(
    ({ what, archive }) => what !== 'vectors' || archive === undefined,
    'vectors are computed from the texts, so they have no archive',
  )

/** Which executions go: what they are judged by stays the same from counting to removing. */
interface Rule {
  readonly what: Prunable
  /** The log as far as it was read at the start. */
  readonly cursor: number
  readonly beforeUs: number
  readonly nowUs: number
  readonly unfinished: boolean
}

/**
 * Removes what is old. What was learned from it stays: before anything goes, it is kept as a checkpoint with which replay
 * begins, and summed up in the rollups.
 * @throws TacitError INVALID_INPUT if neither the options nor the configuration say what is old.
 */
export async function prune(parts: Parts, options: PruneOptions): Promise<PruneReport> {
  const { what, before, days, unfinished, dryRun, archive, onProgress } = parse(pruneSchema, options, 'prune')
  const { store, config, synchroniser, now } = parts
  const nowMs = now()
  const beforeUs = before ?? Math.max(0, Math.round((nowMs - daysOf(parts, what, days) * dayMs) * 1000))
  if (beforeUs > nowMs * 1000) {
    throw new TacitError('INVALID_INPUT', 'prune: before lies in the future. Nothing was pruned.')
  }
  if (store.prune === undefined) {
    throw new TacitError('INVALID_INPUT', `prune: ${store.location} cannot be pruned with this version of Tacit.`)
  }
  const cursor = await synchroniser.exclusive(async () => {
    await synchroniser.current()
    return synchroniser.cursor
  })
  const rule: Rule = { what, cursor, beforeUs, nowUs: nowMs * 1000, unfinished }
  const { lastRecordedAtUs, ...counts } = await survey(parts, rule, onProgress)
  const report = { what, before: new Date(beforeUs / 1000).toISOString(), dryRun }
  if (dryRun || counts.executions === 0) return { ...report, ...counts, vectors: null }
  await archive?.(dueFacts(parts, rule, lastRecordedAtUs))
  // What goes must have been counted before.
  if (what === 'executions') await foldRollups(store, config.scope)
  if (what !== 'vectors') await synchroniser.exclusive(() => synchroniser.keepCheckpoint(cursor, lastRecordedAtUs))
  const removed = { executions: 0, facts: 0, vectors: 0 }
  for await (const executions of due(parts, rule, onProgress)) {
    const executionIds = executions.map(([first]) => first!.fact.executionId)
    const { executions: rows, facts, vectors } = await store.prune(config.scope, { executionIds, cursor, what })
    removed.executions += what === 'executions' ? rows : executionIds.length
    removed.facts += facts
    removed.vectors += vectors
  }
  return { ...report, ...removed, unfinished: counts.unfinished }
}

function daysOf({ config }: Parts, what: Prunable, days: number | undefined): number {
  const { executionsDays, stepsDays, vectorsDays } = config.retention
  const kept = days ?? { executions: executionsDays, steps: stepsDays, vectors: vectorsDays }[what]
  if (kept !== null) return kept
  throw new TacitError(
    'INVALID_INPUT',
    `prune: nothing says how old ${what} may get. Give before or days, or set retention.${what}Days.`,
  )
}

/** What would go, and the last moment at which any of it was recorded. */
async function survey(parts: Parts, rule: Rule, onProgress: PruneOptions['onProgress']) {
  const counts = { executions: 0, facts: 0, unfinished: 0, lastRecordedAtUs: 0 }
  const awaited = () => void counts.unfinished++
  for await (const executions of due(parts, rule, onProgress, awaited)) {
    for (const execution of executions) {
      const facts = affected(rule, execution)
      counts.executions++
      counts.facts += facts.length
      for (const { fact } of facts) counts.lastRecordedAtUs = Math.max(counts.lastRecordedAtUs, fact.recordedAtUs)
    }
  }
  return counts
}

/** The facts of executions that are due, batch by batch. */
async function* due(
  { store, config }: Parts,
  rule: Rule,
  onProgress?: (executions: number) => void,
  onAwaited?: () => void,
): AsyncGenerator<LoggedFact[][]> {
  let ids: string[] = []
  let seen = 0
  const judged = async () => {
    const found = await store.facts(config.scope, ids)
    ids = []
    onProgress?.(seen)
    return [...found.values()].filter(execution => {
      const verdict = judge(rule, execution)
      if (verdict === 'unfinished') onAwaited?.()
      return verdict === 'due'
    })
  }
  // What waits for its decision has no date to filter by.
  const filter = rule.unfinished ? {} : { untilUs: Math.max(0, rule.beforeUs - 1) }
  for await (const { id, decidedAtUs } of store.scan(config.scope, filter)) {
    if (decidedAtUs !== null && decidedAtUs >= rule.beforeUs) continue
    seen++
    ids.push(id)
    if (ids.length >= batchSize) yield await judged()
  }
  if (ids.length > 0) yield await judged()
}

function judge(rule: Rule, execution: readonly LoggedFact[]): 'due' | 'unfinished' | 'kept' {
  if (execution.some(({ fact, cursor }) => fact.atUs >= rule.beforeUs || cursor > rule.cursor)) return 'kept'
  if (affected(rule, execution).length === 0 && rule.what !== 'vectors') return 'kept'
  return rule.unfinished || isFinished(execution, rule.nowUs) ? 'due' : 'unfinished'
}

/** It has its outcome, or nobody waits for one any longer. */
function isFinished(execution: readonly LoggedFact[], nowUs: number): boolean {
  const decision = execution.map(({ fact }) => fact).find(fact => fact.kind === 'decision')
  if (decision === undefined) return false
  if (execution.some(({ fact }) => fact.kind === 'outcome')) return true
  const { joinDeadlineMs } = decision.body
  return joinDeadlineMs === null || decision.recordedAtUs + joinDeadlineMs * 1000 <= nowUs
}

function affected({ what }: Rule, execution: readonly LoggedFact[]): readonly LoggedFact[] {
  if (what === 'executions') return execution
  return what === 'steps' ? execution.filter(({ fact }) => fact.kind === 'step') : []
}

/** The facts that will go, in canonical order. */
async function* dueFacts({ store, config }: Parts, rule: Rule, lastRecordedAtUs: number): AsyncGenerator<Fact> {
  let after: Fact | null = null
  for (;;) {
    const page: LoggedFact[] = await store.log(config.scope, after, batchSize)
    const executions = await store.facts(config.scope, [...new Set(page.map(({ fact }) => fact.executionId))])
    const isDue = new Map([...executions].map(([id, facts]) => [id, judge(rule, facts) === 'due']))
    for (const { fact } of page) {
      if (fact.recordedAtUs > lastRecordedAtUs) return
      if (isDue.get(fact.executionId) && (rule.what === 'executions' || fact.kind === 'step')) yield fact
    }
    if (page.length < batchSize) return
    after = page.at(-1)!.fact
  }
}
