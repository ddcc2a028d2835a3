import { z } from 'zod'
import { compatScorers } from '../../analyse/compat/registry.ts'
import type { CompatScorer, Scored } from '../../analyse/compat/scorer.ts'
import { TacitError } from '../../errors.ts'
import { nameSchema, parse, taskTypeSchema } from '../../records.ts'
import type { ExecutionRow } from '../../store/store.ts'
import { described } from '../operation-inputs.ts'
import type { Parts } from '../parts.ts'

/** The scores of earlier systems, from what is on record. Nothing is chosen by them. */
export interface CompatView {
  /** Every score that can be reproduced, with its formula and what is wrong with it. */
  list(): readonly CompatScorerInfo[]
  /** One score, for each arm or task type on record; or for a plain record given as `values`. Writes nothing. */
  score(id: string, options?: CompatScoreOptions): Promise<CompatScores>
}

export type CompatScorerInfo = Pick<CompatScorer, 'id' | 'formula' | 'source' | 'warning' | 'example' | 'readsLog'>

export interface CompatScoreOptions {
  /** One score per arm (default) or per task type. */
  readonly by?: 'arm' | 'taskType'
  /** Only executions of this task type. */
  readonly taskType?: string
  /** Task type that scores "in their domain" are asked for; without it they take their default. */
  readonly domain?: string
  readonly daysBack?: number
  /** Only the latest so many executions (default and at most 100,000). */
  readonly last?: number
  /** A plain record to score instead of what is on record; see the scorer's example. */
  readonly values?: Readonly<Record<string, unknown>>
}

export interface CompatScores {
  readonly scorer: CompatScorerInfo
  /** Executions with a known success that were looked at; null for a plain record. */
  readonly executions: number | null
  /** The highest score first, those without one last. */
  readonly scores: readonly CompatGroupScore[]
}

export interface CompatGroupScore extends Scored {
  /** The arm or the task type; null for executions without one, and for a plain record. */
  readonly group: string | null
  readonly executions: number | null
  /** Why there is no score. */
  readonly reason: string | null
}

const dayMs = 86_400_000
const mostExecutions = 100_000

export const compatListInput = z.strictObject({})
export const compatScoreInput = described(
  {
    id: nameSchema,
    by: z.enum(['arm', 'taskType']).optional(),
    taskType: taskTypeSchema.optional(),
    domain: taskTypeSchema.optional(),
    daysBack: z.number().positive().max(36_500).optional(),
    last: z.int().min(1).max(mostExecutions).optional(),
    values: z.record(z.string(), z.json()).optional(),
  },
  {
    id: 'The score; "tacit compat list" names them',
    by: 'One score per arm (default) or per taskType',
    taskType: 'Only this kind of task',
    domain: 'Kind of task that scores "in their domain" are asked for',
    daysBack: 'Only the last so many days',
    last: 'Only the latest so many executions (default: 100000)',
    values: 'A plain record to score instead of what is on record, as a JSON object',
  },
)

export function compatView(parts: Parts, assertOpen: () => void): CompatView {
  return {
    list: () => compatScorers.map(infoOf),
    score: async (id, options = {}) => {
      assertOpen()
      return score(parts, id, options)
    },
  }
}

async function score({ store, config, now }: Parts, id: string, options: CompatScoreOptions): Promise<CompatScores> {
  const {
    by = 'arm',
    taskType,
    domain = null,
    daysBack,
    last = mostExecutions,
    values,
  } = parse(compatScoreInput, { ...options, id }, 'compat score')
  const scorer = scorerOf(id)
  const info = infoOf(scorer)
  if (values !== undefined) {
    const only = { group: null, executions: null, reason: null, ...scorer.score(values) }
    return { scorer: info, executions: null, scores: [only] }
  }
  if (!scorer.readsLog) {
    const example = JSON.stringify(scorer.example.input)
    throw new TacitError(
      'INVALID_INPUT',
      `${id} cannot be computed from executions. Give values, for example ${example}.`,
    )
  }
  const rows = await store.executions(config.scope, {
    withOutcome: true,
    limit: last,
    ...(taskType === undefined ? {} : { taskType }),
    ...(daysBack === undefined ? {} : { sinceUs: Math.max(0, Math.round((now() - daysBack * dayMs) * 1000)) }),
  })
  // They come with the latest first; the formulas go from the oldest to the latest.
  const known = rows.filter(row => row.decidedAtUs !== null && row.success !== null).reverse()
  const scores = [...groupsOf(known, by)].map(([group, executions]) => {
    const idleDays = Math.max(0, now() - executions.at(-1)!.decidedAtUs! / 1000) / dayMs
    return {
      group,
      executions: executions.length,
      ...scorer.scoreGroup({ executions, domain, idleDays }),
    }
  })
  return { scorer: info, executions: known.length, scores: scores.sort(byScore) }
}

/** @throws TacitError NOT_FOUND */
function scorerOf(id: string): CompatScorer {
  const found = compatScorers.find(scorer => scorer.id === id)
  if (found !== undefined) return found
  throw new TacitError('NOT_FOUND', `There is no score ${JSON.stringify(id)}. "tacit compat list" names them.`)
}

function groupsOf(rows: readonly ExecutionRow[], by: 'arm' | 'taskType'): Map<string | null, ExecutionRow[]> {
  const groups = new Map<string | null, ExecutionRow[]>()
  for (const row of rows) {
    const group = groups.get(row[by])
    if (group === undefined) groups.set(row[by], [row])
    else group.push(row)
  }
  return groups
}

function byScore(a: CompatGroupScore, b: CompatGroupScore): number {
  if (a.score === null || b.score === null) return Number(a.score === null) - Number(b.score === null)
  return b.score - a.score
}

function infoOf({ id, formula, source, warning, example, readsLog }: CompatScorer): CompatScorerInfo {
  return { id, formula, source, warning, example, readsLog }
}
