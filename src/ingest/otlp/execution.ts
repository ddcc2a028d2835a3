import type { FactOf, OutcomeInput, RecordInput } from '../../records.ts'
import type { TraceNote } from './step.ts'

type Step = FactOf<'step'>

/** What the steps of a trace tell about the whole: the record of an execution that nobody chose by Tacit. */
export interface TraceSummary {
  readonly task: RecordInput
  readonly outcome: OutcomeInput & { readonly arm: { readonly id: string } }
}

const ranks = ['agent', 'workflow', 'chain', 'model']

/** Null as long as no step says who did the work. */
export function summarise(steps: readonly Step[]): TraceSummary | null {
  const ordered = steps.filter(step => noteOf(step) !== null).sort(byStart)
  const root = ordered.find(({ body }) => ranks.includes(body.kind))
  if (root === undefined) return null
  const actor = ranks.map(rank => ordered.find(({ body }) => body.kind === rank)).find(step => step !== undefined)!
  const { note, model, told } = { note: noteOf(root)!, model: modelOf(actor, ordered), told: toldBy(ordered, root) }
  const agents = [...new Set(ordered.flatMap(({ body }) => (body.kind === 'agent' ? [body.name!] : [])))].slice(0, 64)
  const isModel = actor.body.kind === 'model'
  const arm = {
    id: actor.body.name!,
    facets: {
      ...(!isModel && { agent: actor.body.name! }),
      ...(model !== null && { model }),
      ...(agents.length > 1 && { team: agents }),
    },
  }
  const { error } = root.body
  const { fingerprint: _ours, ...failure } = error ?? {}
  const usage = usageOf(ordered, root)
  return {
    task: {
      task: told('task') ?? note.name,
      arm,
      ...optional('taskType', told('taskType')),
      ...optional('userId', told('userId')),
      ...optional('sessionId', told('sessionId')),
      at: root.body.startedAtUs! / 1000,
      metadata: { source: 'otel', ...optional('service', note.service), spanName: note.name },
    },
    outcome: {
      arm,
      // A span that ended without an error has the status unset: instrumentations leave "ok" to the application.
      success: root.body.status !== 'error',
      provenance: 'proxy',
      ...optional('durationMs', root.body.durationMs ?? null),
      ...optional('costUsd', usage.costUsd),
      resources: { ...optional('inputTokens', usage.inputTokens), ...optional('outputTokens', usage.outputTokens) },
      ...(error !== undefined && { error: failure as NonNullable<OutcomeInput['error']> }),
      at: (root.body.startedAtUs! + Math.round((root.body.durationMs ?? 0) * 1000)) / 1000,
    },
  }
}

/** The first to say it, from the outermost step inwards. */
function toldBy(ordered: readonly Step[], root: Step) {
  const inOrder = [root, ...ordered.filter(step => step !== root)]
  return (name: 'task' | 'taskType' | 'userId' | 'sessionId'): string | null => {
    for (const step of inOrder) {
      const value = noteOf(step)![name]
      if (value !== null && (name !== 'task' || ranks.includes(step.body.kind))) return value
    }
    return null
  }
}

function modelOf(actor: Step, ordered: readonly Step[]): string | null {
  const calls = ordered.filter(({ body }) => body.kind === 'model').map(step => noteOf(step)!.model)
  return noteOf(actor)!.model ?? calls.find(model => model !== null) ?? null
}

/** Sums over the calls of models, each counted once where one call holds another; else what the outermost step says. */
function usageOf(ordered: readonly Step[], root: Step) {
  const calls = ordered.filter(({ body }) => body.kind === 'model' || body.kind === 'embedding')
  const ids = new Set(calls.map(({ id }) => id))
  const parents = new Map(ordered.map(({ id, body }) => [id, body.parentStepId]))
  const outer = calls.filter(({ body }) => {
    for (let id = body.parentStepId, steps = 0; id !== undefined && steps < ordered.length; steps++) {
      if (ids.has(id)) return false
      id = parents.get(id)
    }
    return true
  })
  const sum = (name: 'inputTokens' | 'outputTokens' | 'costUsd') => {
    const told = outer.map(step => noteOf(step)![name]).filter(value => value !== null)
    // A sum of which parts are not known is not known.
    if (told.length > 0 && told.length === outer.length) return told.reduce((total, value) => total + value, 0)
    return noteOf(root)![name]
  }
  return { inputTokens: sum('inputTokens'), outputTokens: sum('outputTokens'), costUsd: sum('costUsd') }
}

const byStart = (a: Step, b: Step) =>
  a.body.startedAtUs! - b.body.startedAtUs! ||
  (b.body.durationMs ?? 0) - (a.body.durationMs ?? 0) ||
  (a.id < b.id ? -1 : 1)

/** What a step keeps of its span; null for a step that came another way. */
function noteOf({ body }: Step): TraceNote | null {
  const note = body.metadata?.trace
  return note !== null && typeof note === 'object' && body.startedAtUs !== undefined
    ? (note as unknown as TraceNote)
    : null
}

const optional = <Name extends string, Value>(name: Name, value: Value | null) =>
  (value === null ? {} : { [name]: value }) as { [name in Name]?: Value }
