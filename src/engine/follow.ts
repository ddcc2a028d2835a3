import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { type Fact, parse } from '../records.ts'
import type { LoggedFact } from '../store/store.ts'
import type { Parts } from './parts.ts'

/** Where nothing tells of changes, the log is looked at again after so long. */
const pollMs = 250
const pageSize = 500
const longestText = 200

/** One fact as it was added to the log, in a few words. What a kind of fact does not have is absent. */
export const logEventSchema = z.object({
  cursor: z.int().describe('Place in the log; to go on from here, give it as "after"'),
  kind: z.enum(['decision', 'step', 'outcome', 'feedback']),
  id: z.string(),
  executionId: z.string(),
  at: z.string().describe('When it happened, ISO 8601, UTC'),
  task: z.string().optional().describe('The beginning of its words'),
  taskType: z.string().nullable().optional(),
  arm: z.string().nullable().optional(),
  propensity: z.number().nullable().optional().describe('Null for recorded history'),
  explored: z.boolean().nullable().optional(),
  success: z.boolean().nullable().optional(),
  quality: z.number().nullable().optional(),
  durationMs: z.number().nullable().optional(),
  costUsd: z.number().nullable().optional(),
  errorType: z.string().nullable().optional(),
  dimension: z.string().optional(),
  value01: z.number().optional(),
  stepKind: z.string().optional(),
  name: z.string().nullable().optional(),
  status: z.string().optional(),
})
export type LogEvent = z.output<typeof logEventSchema>

/** What was added to the log, in the order of arrival; nothing, while nothing comes. */
export interface LogPage {
  readonly events: readonly LogEvent[]
  /** Give it as `after` to go on behind this page. */
  readonly next: number
}

export interface FollowOptions {
  /** Go on after this place in the log; 0: from its start. Left out: only what comes from now on. */
  readonly after?: number
  /** Ends the following. */
  readonly signal?: AbortSignal
}

const followOptions = z.strictObject({
  after: z.int().min(0).optional(),
  signal: z.custom<AbortSignal>(value => value instanceof AbortSignal).optional(),
})

/** Everything that is added to the log, by this process or another. An empty page says that nothing came for a while. */
export async function* follow(parts: Parts, options: FollowOptions): AsyncGenerator<LogPage> {
  const { after, signal } = parse(followOptions, options, 'follow')
  const { store, config } = parts
  let cursor = after ?? (await headOf(parts))
  while (!signal?.aborted) {
    const page: LoggedFact[] = await store.tail(config.scope, cursor, pageSize)
    cursor = page.at(-1)?.cursor ?? cursor
    yield { events: page.map(eventOf), next: cursor }
    if (page.length < pageSize) await pause(signal)
  }
}

const headOf = ({ synchroniser }: Parts) =>
  synchroniser.exclusive(async () => {
    await synchroniser.current()
    return synchroniser.cursor
  })

async function pause(signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(pollMs, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    if (!signal?.aborted) throw error
  }
}

function eventOf({ fact, cursor }: LoggedFact): LogEvent {
  const { id, executionId, atUs } = fact
  const envelope = { cursor, id, executionId, at: new Date(atUs / 1000).toISOString() }
  return { ...envelope, ...contentOf(fact) }
}

function contentOf(fact: Fact): { kind: Fact['kind'] } & Partial<LogEvent> {
  const { kind } = fact
  switch (kind) {
    case 'decision': {
      const { task, taskType, arm, propensity, explored } = fact.body
      return { kind, task: beginningOf(task), taskType, arm, propensity, explored }
    }
    case 'outcome': {
      const { success, quality, durationMs, costMicroUsd, error, arm } = fact.body
      const costUsd = costMicroUsd === null ? null : costMicroUsd / 1e6
      return { kind, success, quality, durationMs, costUsd, errorType: error?.type ?? null, arm: arm?.id ?? null }
    }
    case 'step':
      return { kind, stepKind: fact.body.kind, name: fact.body.name ?? null, status: fact.body.status }
    case 'feedback':
      return { kind, dimension: fact.body.dimension, value01: fact.body.value01 }
  }
}

const beginningOf = (text: string) =>
  text.length <= longestText ? text : `${text.slice(0, longestText).toWellFormed()}…`
