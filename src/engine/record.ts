import { TacitError } from '../errors.ts'
import { parse, type RecordInput, recordSchema } from '../records.ts'
import type { Appended, FactDraft } from '../store/store.ts'
import { newId, recordDrafts } from './drafts.ts'
import { conflictError, frameOf, isEnabled, type Parts } from './parts.ts'
import type { Written } from './types.ts'

const batchSize = 500

export type Recorded =
  | ({ readonly index: number } & Written)
  | { readonly index: number; readonly status: 'error'; readonly error: TacitError }

interface Group {
  readonly index: number
  readonly drafts: readonly FactDraft[]
}

/** Writes executions of the past, batch by batch; each is kept whole or reported with its error. */
export async function recordAll(parts: Parts, executions: readonly RecordInput[], where: string): Promise<Recorded[]> {
  if (!Array.isArray(executions)) {
    throw new TacitError('INVALID_INPUT', `${where}: executions must be an array. Nothing was written.`)
  }
  const results: Recorded[] = []
  for (let start = 0; start < executions.length; start += batchSize) {
    const groups: Group[] = []
    for (const [i, execution] of executions.slice(start, start + batchSize).entries()) {
      const index = start + i
      try {
        const record = parse(recordSchema, execution, where === 'record' ? where : `${where}[${index}]`)
        groups.push({ index, drafts: recordDrafts(record, frameOf(parts, record.executionId ?? newId())) })
      } catch (error) {
        if (!(error instanceof TacitError)) throw error
        results.push({ index, status: 'error', error })
      }
    }
    results.push(...(await write(parts, groups)))
  }
  return results.sort((a, b) => a.index - b.index)
}

async function write(parts: Parts, groups: readonly Group[]): Promise<Recorded[]> {
  if (groups.length === 0) return []
  if (!isEnabled(parts.config)) return groups.map(group => result(group, 'disabled'))
  const { store, config, embedder, synchroniser } = parts
  const decisions = groups.map(({ drafts }) => drafts[0] as FactDraft & { kind: 'decision' })
  const vectors = await embedder.embed(decisions.map(({ body }) => body.task))
  const rows = decisions.map(({ id }, i) => ({ executionId: id, embedder: embedder.id, vector: vectors[i]! }))
  // Outside the lane, so that calls that come at the same moment are committed together.
  return synchroniser.beside(async () => {
    const drafts = groups.map(group => group.drafts)
    const appended = await store.append(config.scope, drafts, rows, { withHistory: true })
    synchroniser.appended(appended)
    await synchroniser.exclusive(() => synchroniser.learn())
    return groups.map((group, i) => judge(group, appended[i]!))
  })
}

function judge(group: Group, appended: Appended): Recorded {
  if (appended.status !== 'conflict') return result(group, appended.status)
  return { index: group.index, status: 'error', error: conflictError(appended) }
}

const result = ({ index, drafts }: Group, status: Written['status']): Recorded => ({
  index,
  id: drafts[0]!.id,
  executionId: drafts[0]!.executionId,
  status,
})
