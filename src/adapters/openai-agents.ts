/**
 * OpenAI Agents SDK: a trace processor that keeps each trace with its steps. Typed by shape (`@openai/agents` 0.20); nothing of
 * the SDK is imported.
 * @packageDocumentation
 */
import type { PreparedTask, Tacit } from '../engine/types.ts'
import { type RunInfo, Runs, runInfoOf, taskOf } from './runs.ts'

export type { RunInfo }

/** What is used of a trace of the SDK. */
interface Trace {
  readonly traceId: string
  readonly name: string
  readonly metadata?: Record<string, unknown>
}
/** What is used of a span of the SDK. */
interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | null
  readonly spanData: { readonly type: string }
  readonly error: { readonly message: string; readonly data?: Record<string, unknown> } | null
  readonly startedAt: string | null
  readonly endedAt: string | null
}

/** The processor, in the shape of the SDK. */
export interface TacitTraceProcessor {
  onTraceStart(trace: Trace): Promise<void>
  onTraceEnd(trace: Trace): Promise<void>
  onSpanStart(span: Span): Promise<void>
  onSpanEnd(span: Span): Promise<void>
  forceFlush(): Promise<void>
  shutdown(): Promise<void>
}

/** What the metadata of a trace, which are texts, say about a run: `run(…, { traceMetadata: traceMetadata(job) })`. */
export const traceMetadata = (about: RunInfo | PreparedTask): { tacit: string } => ({ tacit: JSON.stringify(about) })

/**
 * `addTraceProcessor(tacitTraceProcessor(tacit))`: each trace becomes an execution; agents, tools, hand-offs, guardrails and model
 * calls become its steps. The arm is the agent that began, unless `traceMetadata` names another; with a prepared task there, the
 * steps are added to that task, whose outcome is the caller's.
 */
export function tacitTraceProcessor(tacit: Tacit, defaults: Omit<RunInfo, 'decisionId'> = {}): TacitTraceProcessor {
  const runs = new Runs(tacit)
  return {
    async onTraceStart({ traceId, name, metadata }) {
      const { arm, ...info } = { ...defaults, ...runInfoOf(metadata?.tacit) }
      runs.begin(traceId, { ...info, ...(arm !== undefined && { arm }) }, name)
    },
    async onTraceEnd({ traceId }) {
      runs.end(traceId)
    },
    async onSpanStart({ traceId, spanId, parentId, spanData, startedAt }) {
      const { type, name } = dataOf(spanData)
      if (type === 'agent') runs.describe(traceId, { arm: name })
      const kind = kinds[type]
      runs.beginPart(spanId, parentId ?? traceId, kind === undefined ? null : { kind, name }, timeOf(startedAt))
    },
    async onSpanEnd({ traceId, spanId, parentId, spanData, endedAt, error }) {
      const { input, usage } = dataOf(spanData)
      const task = taskOf(input)
      if (task !== undefined) runs.describe(traceId, { task })
      const how = error === null ? {} : { error: new Error(String(error.data?.error ?? error.message)) }
      runs.end(spanId, { ...how, ...usage, ...(endedAt !== null && { endedAtMs: timeOf(endedAt) }) })
      // The SDK does not tell the end of a trace in which something was thrown.
      if (parentId === null && error !== null) runs.end(traceId, how)
    },
    forceFlush: () => runs.flush(),
    shutdown: () => runs.flush(),
  }
}

/** Steps by type of span; of others only the parts are kept. Tokens are those of the turns, which the SDK counts itself. */
const kinds: Readonly<Record<string, string>> = {
  agent: 'agent',
  turn: 'turn',
  function: 'tool',
  generation: 'model',
  response: 'model',
  handoff: 'hand-off',
  guardrail: 'guardrail',
}

const timeOf = (iso: string | null) => (iso === null ? undefined : Date.parse(iso))

/** The data of a span in one shape; the SDK tells its own kinds of span as custom ones. */
function dataOf(spanData: { readonly type: string }) {
  const given = spanData as Record<string, unknown>
  const inner = (given.type === 'custom' ? given.data : undefined) as Record<string, unknown> | undefined
  const data = { ...given, ...inner, type: String(inner?.sdk_span_type ?? given.type) }
  const { type, name, agent_name, model, to_agent, input, _input, usage } = data as Record<string, unknown>
  const called = [name, agent_name, model, to_agent].find(value => typeof value === 'string' && value !== '')
  const { input_tokens, output_tokens } = (type === 'turn' ? (usage ?? {}) : {}) as Record<string, unknown>
  return {
    type: String(type),
    name: String(called ?? type).slice(0, 256),
    // Only a model is asked what the user said; the input of a tool is not the task.
    input: type === 'generation' || type === 'response' ? (input ?? _input) : undefined,
    usage: {
      ...(typeof input_tokens === 'number' && { inputTokens: input_tokens }),
      ...(typeof output_tokens === 'number' && { outputTokens: output_tokens }),
    },
  }
}
