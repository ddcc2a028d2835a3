import type { PreparedTask, Tacit } from '../engine/types.ts'
import type { RecordInput, StepInput } from '../records.ts'

/** What the caller of a framework may say about a run, beside a prepared task. */
export interface RunInfo extends Partial<Pick<RecordInput, 'task' | 'taskType' | 'context' | 'metadata'>> {
  readonly arm?: string
  /** Of a prepared task: what happens then becomes steps of it. */
  readonly decisionId?: PreparedTask['decisionId']
}

/** How a run, or a part of one, ended. */
export interface RunEnd {
  /** What was thrown, if it failed. */
  readonly error?: unknown
  /** Given up from outside, so that nobody knows whether it would have succeeded. */
  readonly isCancelled?: boolean
  readonly inputTokens?: number
  readonly outputTokens?: number
  /** When it ended, in milliseconds since 1970, if not now. */
  readonly endedAtMs?: number
}

interface Part {
  readonly run: Run
  /** Null for what is not worth a step: its parts hang on its parent. */
  readonly step: { readonly kind: string; readonly name: string } | null
  /** The step that this is a part of. */
  readonly parentStepId: string | undefined
  readonly startedAtMs: number
}

interface Run {
  readonly id: string
  info: RunInfo
  /** What to call the arm if nobody says. */
  readonly name: string
  readonly startedAtMs: number
  readonly parts: Set<string>
  readonly steps: StepInput[]
  stepsLeftOut: number
  tokens: { inputTokens?: number; outputTokens?: number }
}

/** What frameworks may begin and never end is bounded: the oldest run is then kept as it is, its success unknown. */
const maxOpenRuns = 1000
const maxParts = 10_000

/**
 * Turns the runs that a framework reports, each a tree of parts that begin and end, into executions with steps; or into steps
 * alone, where the task was prepared and its outcome is the caller's.
 */
export class Runs {
  readonly #tacit: Tacit
  readonly #runs = new Map<string, Run>()
  readonly #parts = new Map<string, Part>()

  constructor(tacit: Tacit) {
    this.#tacit = tacit
  }

  has(id: string): boolean {
    return this.#runs.has(id) || this.#parts.has(id)
  }

  begin(id: string, info: RunInfo, name: string, startedAtMs = Date.now()): void {
    const [oldest] = this.#runs.size < maxOpenRuns ? [] : this.#runs.values()
    if (oldest !== undefined) this.#finish(oldest, { isCancelled: true })
    this.#runs.set(id, { id, info, name, startedAtMs, parts: new Set(), steps: [], stepsLeftOut: 0, tokens: {} })
  }

  /** Adds what comes to be known of a run after its begin; what was said before stands. */
  describe(id: string, info: RunInfo): void {
    const run = this.#runs.get(id)
    if (run !== undefined) run.info = { ...info, ...run.info }
  }

  beginPart(id: string, parentId: string, step: Part['step'], startedAtMs = Date.now()): void {
    const parent = this.#parts.get(parentId)
    const run = parent?.run ?? this.#runs.get(parentId)
    if (run === undefined) return
    if (run.parts.size >= maxParts) {
      run.stepsLeftOut++
      return
    }
    const parentStepId = parent?.step ? parentId : parent?.parentStepId
    this.#parts.set(id, { run, step, parentStepId, startedAtMs })
    run.parts.add(id)
  }

  /** Ends a run or a part of one; what never began is passed over. */
  end(id: string, end: RunEnd = {}): void {
    const part = this.#parts.get(id)
    if (part !== undefined) this.#endPart(id, part, end)
    const run = this.#runs.get(id)
    if (run !== undefined) this.#finish(run, end)
  }

  /** Settles when all runs that have ended are written, or counted as failed. */
  flush(): Promise<void> {
    return this.#tacit.hooks.flush()
  }

  #endPart(id: string, { run, step, parentStepId, startedAtMs }: Part, end: RunEnd): void {
    this.#parts.delete(id)
    for (const key of ['inputTokens', 'outputTokens'] as const)
      if (end[key] !== undefined) run.tokens[key] = (run.tokens[key] ?? 0) + end[key]
    if (step === null) return
    const written: StepInput = {
      ...step,
      stepId: id,
      ...(parentStepId !== undefined && { parentStepId }),
      startedAt: startedAtMs,
      durationMs: Math.max(0, (end.endedAtMs ?? Date.now()) - startedAtMs),
      status: end.isCancelled ? 'cancelled' : end.error === undefined ? 'ok' : 'error',
      ...(end.error !== undefined && { error: failureOf(end.error) }),
      ...(end.inputTokens !== undefined && { inputTokens: end.inputTokens }),
      ...(end.outputTokens !== undefined && { outputTokens: end.outputTokens }),
    }
    if (run.info.decisionId == null) run.steps.push(written)
    else void this.#tacit.hooks.step(run.info.decisionId, written)
  }

  #finish(run: Run, end: RunEnd): void {
    for (const id of run.parts) this.#parts.delete(id)
    this.#runs.delete(run.id)
    const { decisionId, ...info } = run.info
    if (decisionId !== undefined) return
    void this.#tacit.hooks.record({
      ...info,
      arm: info.arm ?? run.name,
      task: info.task ?? '(no words)',
      executionId: run.id,
      at: run.startedAtMs,
      success: end.isCancelled ? null : end.error === undefined,
      durationMs: Math.max(0, (end.endedAtMs ?? Date.now()) - run.startedAtMs),
      ...(end.error !== undefined && { error: failureOf(end.error) }),
      ...(Object.keys(run.tokens).length > 0 && { resources: run.tokens }),
      steps: run.steps.map((step, seq) => ({ ...step, seq })),
      ...(run.stepsLeftOut > 0 && { metadata: { ...info.metadata, stepsLeftOut: run.stepsLeftOut } }),
    })
  }
}

/** What was thrown, as steps and outcomes tell it. */
export function failureOf(thrown: unknown) {
  const { name, message } = thrown instanceof Error ? thrown : { name: '', message: String(thrown) }
  return {
    type: name === 'TimeoutError' ? ('timeout' as const) : ('crash' as const),
    message: message.slice(0, 65_536),
  }
}

/** What the caller said about a run, from data that came through a framework: anything may stand there. */
export function runInfoOf(value: unknown): RunInfo {
  if (typeof value === 'string') return runInfoOf(parsed(value))
  if (value === null || typeof value !== 'object') return {}
  // The rest of a prepared task is on record already.
  const { propensity: _propensity, startedAtMs: _startedAtMs, ...info } = value as RunInfo & Partial<PreparedTask>
  return info
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    // Somebody else's words under our name: they say nothing about the run.
    return null
  }
}

const maxTaskLength = 1_048_576

/** The task in words, from whatever a run was started with: text, messages, or an object that has one of them. */
export function taskOf(input: unknown): string | undefined {
  return wordsOf(input, 0)?.trim().slice(0, maxTaskLength) || undefined
}

function wordsOf(input: unknown, depth: number): string | undefined {
  if (typeof input === 'string') return input
  if (input === null || typeof input !== 'object' || depth > 4) return undefined
  if (Array.isArray(input)) return wordsOfList(input, depth)
  const { content, text, input: inner, messages, question, query, prompt } = input as Record<string, unknown>
  for (const candidate of [content, text, inner, messages, question, query, prompt]) {
    const words = wordsOf(candidate, depth + 1)
    if (words !== undefined) return words
  }
  return undefined
}

/** Of messages the last that a user wrote; of parts of a message all texts. */
function wordsOfList(list: readonly unknown[], depth: number): string | undefined {
  const isByUser = (item: unknown) => ['user', 'human'].includes(roleOf(item) ?? '')
  const message = list.findLast(isByUser)
  if (message !== undefined) return wordsOf(message, depth + 1)
  const texts = list.map(item => wordsOf(item, depth + 1)).filter(words => words !== undefined)
  return texts.length === 0 ? undefined : texts.join('\n')
}

function roleOf(item: unknown): string | undefined {
  if (item === null || typeof item !== 'object') return undefined
  const { role, type, getType } = item as { role?: unknown; type?: unknown; getType?: unknown }
  const given = role ?? type ?? (typeof getType === 'function' ? getType.call(item) : undefined)
  return typeof given === 'string' ? given : undefined
}
