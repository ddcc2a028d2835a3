import { TacitError } from '../errors.ts'
import { summarise, type TraceSummary } from '../ingest/otlp/execution.ts'
import type { Span } from '../ingest/otlp/spans.ts'
import { executionIdOf, stepsOf, type TraceStep } from '../ingest/otlp/step.ts'
import { hash53 } from '../math/hash.ts'
import { type Fact, type FactOf, feedbackSchema, outcomeSchema, parse, recordSchema, stepSchema } from '../records.ts'
import { canonicalJson } from '../store/log-hash.ts'
import type { FactDraft } from '../store/store.ts'
import { feedbackDraft, outcomeDraft, recordDrafts, stepDraft } from './drafts.ts'
import { frameOf, isEnabled, type Parts } from './parts.ts'

export { encodeAnswer } from '../ingest/otlp/proto.ts'
export { type ReadSpans, readSpans, type Span } from '../ingest/otlp/spans.ts'

/** What has become of spans. */
export interface TracesTaken {
  /** Steps that are new, and those that were on record already. */
  readonly stored: number
  readonly duplicates: number
  /** Spans that are about something else than agents, models and tools. */
  readonly ignored: number
  /** Spans that cannot be kept, with what is wrong with the first. */
  readonly rejected: number
  readonly reason: string | null
  /** Traces that have steps and no root yet: `settle` them when nothing more comes. */
  readonly open: readonly string[]
}

/** Spans of OpenTelemetry as executions: one for each trace, however it is cut up, mixed up or repeated. */
export interface TracesView {
  /**
   * Keeps spans as steps. A trace whose root has ended becomes an execution; what comes later adds to it.
   * @throws TacitError DISABLED
   */
  add(spans: readonly Span[]): Promise<TracesTaken>
  /** Makes executions of traces of which no root has come, by the outermost step that did. */
  settle(traceIds: readonly string[]): Promise<void>
}

export function tracesView(parts: Parts, assertOpen: () => void): TracesView {
  return {
    async add(spans) {
      assertReady(parts, assertOpen)
      const steps = stepsOf(spans)
      const { drafts, rejected, reason } = draftsOf(parts, steps)
      const { stored, conflicts } = await append(parts, drafts)
      const touched = new Set(steps.map(({ traceId }) => traceId))
      const ended = new Set(spans.flatMap(({ traceId, parentSpanId }) => (parentSpanId === null ? [traceId] : [])))
      const open = await conclude(parts, [...new Set([...touched, ...ended])], ended)
      return {
        stored,
        duplicates: steps.length - rejected - stored - conflicts,
        ignored: spans.length - steps.length,
        rejected: rejected + conflicts,
        reason: reason ?? (conflicts > 0 ? 'The id of a span is taken by another fact.' : null),
        open,
      }
    },
    async settle(traceIds) {
      assertReady(parts, assertOpen)
      await conclude(parts, traceIds, new Set(traceIds))
    },
  }
}

function assertReady({ config }: Parts, assertOpen: () => void): void {
  assertOpen()
  if (!isEnabled(config)) throw new TacitError('DISABLED', 'traces: Tacit is switched off. Set enabled to true.')
}

/** Each step in a group of its own, its evaluations with it; those that cannot be kept are told. */
function draftsOf(parts: Parts, steps: readonly TraceStep[]) {
  const drafts: FactDraft[][] = []
  let rejected = 0
  let reason: string | null = null
  for (const { traceId, step, feedback } of steps) {
    try {
      const frame = frameOf(parts, executionIdOf(traceId))
      const { trace, ...metadata } = step.metadata
      const people = { userId: person(parts, trace.userId), sessionId: person(parts, trace.sessionId) }
      const kept = { ...step, metadata: { ...metadata, trace: { ...trace, ...people } } }
      drafts.push([
        stepDraft(parse(stepSchema, kept, `span ${step.stepId}`), frame),
        ...feedback.map(each => feedbackDraft(parse(feedbackSchema, each, `span ${step.stepId}`), frame)),
      ])
    } catch (error) {
      if (!(error instanceof TacitError)) throw error
      rejected += 1
      reason ??= error.message
    }
  }
  return { drafts, rejected, reason }
}

const person = ({ guard }: Parts, value: string | null) => guard.person(value ?? undefined)

/** How many groups were new, and of how many the id was taken. */
async function append(parts: Parts, groups: readonly FactDraft[][]) {
  if (groups.length === 0) return { stored: 0, conflicts: 0 }
  const { store, config, embedder, synchroniser } = parts
  const decisions = groups.flat().filter(draft => draft.kind === 'decision')
  const vectors = await embedder.embed(decisions.map(({ body }) => body.task))
  const rows = decisions.map(({ id }, i) => ({ executionId: id, embedder: embedder.id, vector: vectors[i]! }))
  return synchroniser.exclusive(async () => {
    const appended = await store.append(config.scope, groups, rows)
    synchroniser.noteAppended()
    await synchroniser.current()
    await synchroniser.saveIfDue()
    const count = (wanted: string) => appended.filter(({ status }) => status === wanted).length
    return { stored: count('stored'), conflicts: count('conflict') }
  })
}

/**
 * Records the executions of traces that have ended, and corrects those on record by what came later.
 * @returns the traces that have not ended.
 */
async function conclude(
  parts: Parts,
  traceIds: readonly string[],
  ended: ReadonlySet<string>,
  isFirst = true,
): Promise<string[]> {
  const found = await parts.store.facts(parts.config.scope, traceIds.map(executionIdOf))
  const groups: FactDraft[][] = []
  const open: string[] = []
  for (const traceId of traceIds) {
    const facts = found.get(executionIdOf(traceId))?.map(({ fact }) => fact) ?? []
    const isKnown = facts.some(({ kind }) => kind === 'decision')
    const summary = summarise(facts.filter(fact => fact.kind === 'step'))
    if (!isKnown && !ended.has(traceId)) open.push(traceId)
    else if (summary !== null)
      groups.push(isKnown ? correction(parts, traceId, summary, facts) : whole(parts, traceId, summary))
  }
  const news = groups.filter(group => group.length > 0)
  // Looked at once more: another process may have added to the same trace between our reading and writing.
  if ((await append(parts, news)).stored > 0 && isFirst) await conclude(parts, traceIds, ended, false)
  return open
}

function whole(parts: Parts, traceId: string, { task, outcome }: TraceSummary): FactDraft[] {
  const executionId = executionIdOf(traceId)
  const record = parse(recordSchema, { ...task, executionId }, 'trace')
  const [decision] = recordDrafts(record, frameOf(parts, executionId)) as [FactDraft & { kind: 'decision' }]
  // People in steps are pseudonyms already.
  const body = { ...decision.body, userId: task.userId ?? null, sessionId: task.sessionId ?? null }
  return [{ ...decision, body }, outcomeOf(parts, executionId, outcome)]
}

/** What is known now of an execution on record, if that is not what its last outcome says. */
function correction(parts: Parts, traceId: string, { outcome }: TraceSummary, facts: readonly Fact[]): FactDraft[] {
  const draft = outcomeOf(parts, executionIdOf(traceId), outcome)
  const last = facts.findLast((fact): fact is FactOf<'outcome'> => fact.kind === 'outcome')
  // One that was reported otherwise is better known than what a trace tells.
  const isOurs = last === undefined || last.id.startsWith(`${executionIdOf(traceId)}/outcome/`)
  return !isOurs || last?.id === draft.id ? [] : [draft]
}

/** Its id follows from what it says, so that the same is never said twice in a row. */
function outcomeOf(parts: Parts, executionId: string, outcome: TraceSummary['outcome']): FactDraft {
  const id = `${executionId}/outcome/${hash53(canonicalJson(outcome)).toString(36)}`
  return outcomeDraft(parse(outcomeSchema, outcome, 'trace'), frameOf(parts, executionId), id)
}
