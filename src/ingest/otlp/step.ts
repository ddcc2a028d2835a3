import type { Failure, FeedbackInput, StepInput } from '../../records.ts'
import { evaluationEvent, type FieldName, fieldNames, kindRules, kindSigns, type SpanKind } from './conventions.ts'
import type { Attributes, Span, Value } from './spans.ts'
import { taskText } from './task-text.ts'

/** What a step keeps of its span beside the fields of steps: enough to tell later what the whole trace was. */
export interface TraceNote {
  readonly parentSpanId: string | null
  readonly name: string
  readonly model: string | null
  readonly agent: string | null
  readonly task: string | null
  readonly taskType: string | null
  readonly userId: string | null
  readonly sessionId: string | null
  readonly inputTokens: number | null
  readonly outputTokens: number | null
  readonly costUsd: number | null
  readonly service: string | null
}

export interface TraceStep {
  readonly traceId: string
  readonly step: Omit<StepInput, 'metadata'> & {
    readonly stepId: string
    readonly metadata: { readonly trace: TraceNote }
  }
  readonly feedback: readonly FeedbackInput[]
}

export const executionIdOf = (traceId: string): string => `otel/${traceId}`
const stepIdOf = (traceId: string, spanId: string) => `${executionIdOf(traceId)}/${spanId}`

const maxTask = 16_000
const maxAttribute = 4000
const maxAttributes = 24_000
const maxMessage = 4000
const maxFeedback = 100

/**
 * The steps among spans. Spans about other things (HTTP, databases) are left out; a step whose parent is one of them hangs
 * on the nearest step above, as far as the spans at hand tell.
 */
export function stepsOf(spans: readonly Span[]): TraceStep[] {
  const byId = new Map(spans.map(span => [`${span.traceId}/${span.spanId}`, span]))
  return spans.flatMap(span => {
    const kind = kindOf(span.attributes)
    return kind === null ? [] : [stepOf(span, kind, parentOf(span, byId))]
  })
}

function parentOf(span: Span, byId: ReadonlyMap<string, Span>): string | null {
  const seen = new Set<string>()
  for (let id = span.parentSpanId; id !== null && !seen.has(id); ) {
    seen.add(id)
    const parent = byId.get(`${span.traceId}/${id}`)
    if (parent === undefined || kindOf(parent.attributes) !== null) return id
    id = parent.parentSpanId
  }
  return null
}

function kindOf(attributes: Attributes): SpanKind | null {
  for (const { attribute, values } of kindRules) {
    const value = text(attributes.get(attribute))?.replaceAll('"', '').toLowerCase()
    if (value !== undefined && Object.hasOwn(values, value)) return values[value]!
  }
  return kindSigns.find(({ attribute }) => attributes.has(attribute))?.kind ?? null
}

function stepOf(span: Span, kind: SpanKind, parentSpanId: string | null): TraceStep {
  const { traceId, spanId, attributes } = span
  const field = (name: FieldName) => text(first(attributes, name))
  const tokens = { input: count(first(attributes, 'inputTokens')), output: count(first(attributes, 'outputTokens')) }
  const costUsd = amount(first(attributes, 'costUsd'))
  const model = named(field('model'))
  const isActor = kind === 'agent' || kind === 'workflow' || kind === 'chain'
  const agent = named(isActor ? field('agent') : text(attributes.get('gen_ai.agent.name')))
  const error = failureOf(span)
  const note: TraceNote = {
    parentSpanId,
    name: named(span.name) ?? kind,
    model,
    agent,
    task: taskOf(span)?.slice(0, maxTask).toWellFormed() ?? null,
    taskType: named(field('taskType')),
    userId: named(field('user')),
    sessionId: named(field('session')),
    inputTokens: tokens.input,
    outputTokens: tokens.output,
    costUsd,
    service: named(span.service),
  }
  const isCall = kind === 'model' || kind === 'embedding'
  return {
    traceId,
    step: {
      stepId: stepIdOf(traceId, spanId),
      ...(parentSpanId !== null && { parentStepId: stepIdOf(traceId, parentSpanId) }),
      kind,
      name: nameOf(kind, note, named(field('tool'))),
      ...(agent !== null && { agent }),
      status: error === null ? 'ok' : 'error',
      startedAt: span.startMs,
      durationMs: span.durationMs,
      ...(error !== null && { error }),
      // Whoever reports totals of its calls would count them twice.
      ...(isCall && tokens.input !== null && { inputTokens: tokens.input }),
      ...(isCall && tokens.output !== null && { outputTokens: tokens.output }),
      ...(isCall && costUsd !== null && { costUsd }),
      metadata: { trace: note, ...keptAttributes(span) },
    },
    feedback: evaluationsOf(span),
  }
}

function nameOf(kind: SpanKind, { name, agent, model }: TraceNote, tool: string | null): string {
  if (kind === 'tool') return tool ?? name
  if (kind === 'agent' || kind === 'workflow') return agent ?? name
  return kind === 'model' || kind === 'embedding' ? (model ?? name) : name
}

function taskOf({ attributes, events }: Span): string | null {
  for (const { attribute } of fieldNames.task) {
    const found = taskText(attributes.get(attribute))
    if (found !== null) return found
  }
  // Older versions of the GenAI conventions tell the messages by events.
  const asked = events.findLast(({ name }) => name === 'gen_ai.user.message')
  const details = events.findLast(event => event.attributes.has('gen_ai.input.messages'))
  return taskText(asked?.attributes.get('content')) ?? taskText(details?.attributes.get('gen_ai.input.messages'))
}

function failureOf({ isError, statusMessage, attributes, events }: Span): Failure | null {
  const type = text(first(attributes, 'errorType'))
  if (!isError && type === null) return null
  const exception = events.findLast(({ name }) => name === 'exception')?.attributes
  const name = named(type ?? text(exception?.get('exception.type')))
  const message = statusMessage ?? text(exception?.get('exception.message'))
  return {
    type: name === null ? 'unknown' : /time.?out/i.test(name) ? 'timeout' : `other:${name}`,
    ...(message !== null && { message: message.slice(0, maxMessage).toWellFormed() }),
  }
}

/** Results of evaluations with a score on 0..1, or with a verdict. Other scales are not known, so these are left out. */
function evaluationsOf({ traceId, spanId, events, startMs, durationMs }: Span): FeedbackInput[] {
  const results = events.filter(({ name }) => name === evaluationEvent.name).slice(0, maxFeedback)
  return results.flatMap(({ attributes }, i) => {
    const value = verdictOf(attributes)
    const comment = text(attributes.get(evaluationEvent.explanation))
    if (value === null) return []
    return [
      {
        feedbackId: `${stepIdOf(traceId, spanId)}/evaluation/${i}`,
        source: 'judge' as const,
        dimension: named(text(attributes.get(evaluationEvent.dimension))) ?? 'overall',
        value,
        ...(comment !== null && { comment: comment.slice(0, maxMessage).toWellFormed() }),
        at: startMs + durationMs,
      },
    ]
  })
}

function verdictOf(attributes: Attributes): number | boolean | null {
  const score = attributes.get(evaluationEvent.score)
  if (typeof score === 'number') return score >= 0 && score <= 1 ? score : null
  const label = text(attributes.get(evaluationEvent.label))?.toLowerCase() ?? ''
  return /^(pass|passed|true|yes)$/.test(label) ? true : /^(fail|failed|false|no)$/.test(label) ? false : null
}

// ---- attributes ----------------------------------------------------------------------------------------------------

/** People and texts of tasks are kept by their own fields, where privacy is looked after. */
const keptElsewhere: ReadonlySet<string> = new Set(
  (['user', 'session', 'task'] as const).flatMap(name => fieldNames[name].map(({ attribute }) => attribute)),
)

/** The attributes within a bound; how many did not fit is said. */
function keptAttributes({ attributes, library }: Span) {
  const kept: [string, Value][] = []
  let left = maxAttributes
  let dropped = 0
  for (const [key, value] of attributes) {
    if (keptElsewhere.has(key)) continue
    const short = shortened(value)
    const size = key.length + JSON.stringify(short).length
    if (key === '__proto__' || size > left) dropped += 1
    else {
      left -= size
      kept.push([key, short])
    }
  }
  return {
    attributes: Object.fromEntries(kept),
    ...(dropped > 0 && { droppedAttributes: dropped }),
    ...(library !== null && { library: library.slice(0, 200) }),
  }
}

const shortened = (value: Value) =>
  typeof value === 'string' && value.length > maxAttribute ? `${value.slice(0, maxAttribute).toWellFormed()}…` : value

function first(attributes: Attributes, name: FieldName): Value | undefined {
  const found = fieldNames[name].find(({ attribute }) => (attributes.get(attribute) ?? '') !== '')
  return found && attributes.get(found.attribute)
}

const text = (value: Value | undefined) => (typeof value === 'string' && value !== '' ? value : null)
const amount = (value: Value | undefined) => (typeof value === 'number' && value >= 0 && value <= 1e9 ? value : null)
const count = (value: Value | undefined) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null

/** A text as a name: printable and short. */
function named(value: string | null): string | null {
  const name =
    value
      ?.toWellFormed()
      .replace(/\p{Cc}+/gu, ' ')
      .slice(0, 180)
      .toWellFormed()
      .trim() ?? ''
  return name === '' ? null : name
}
