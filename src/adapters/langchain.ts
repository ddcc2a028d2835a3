/**
 * LangChain and LangGraph: callbacks that keep each run with its steps. Typed by shape (`@langchain/core` 1); nothing of
 * LangChain is imported.
 * @packageDocumentation
 */
import type { Tacit } from '../engine/types.ts'
import { type RunInfo, Runs, runInfoOf, taskOf } from './runs.ts'

export type { RunInfo }

type Metadata = Record<string, unknown> | undefined
/** How LangChain describes what runs. */
interface Serialized {
  readonly id?: readonly string[]
  readonly name?: string
}
interface Result {
  readonly generations: readonly (readonly object[])[]
  readonly llmOutput?: Record<string, unknown>
}

/** Callbacks in the shape of LangChain, and `flush`. */
export interface TacitCallbacks {
  /** They only take notes, so LangChain may wait for them: then none is missing when a run has ended. */
  readonly awaitHandlers: true
  /** The order in which LangChain calls it; its own types name the last ones differently. */
  handleChainStart(
    chain: Serialized,
    inputs: unknown,
    id: string,
    parentId?: string,
    tags?: string[],
    metadata?: Metadata,
    runType?: string,
    name?: string,
  ): void
  handleChainEnd(outputs: unknown, id: string): void
  handleChainError(error: unknown, id: string): void
  handleChatModelStart(
    model: Serialized,
    messages: unknown[][],
    id: string,
    parentId?: string,
    extra?: Record<string, unknown>,
    tags?: string[],
    metadata?: Metadata,
    name?: string,
  ): void
  handleLLMStart(
    model: Serialized,
    prompts: string[],
    id: string,
    parentId?: string,
    extra?: Record<string, unknown>,
    tags?: string[],
    metadata?: Metadata,
    name?: string,
  ): void
  handleLLMEnd(output: Result, id: string): void
  handleLLMError(error: unknown, id: string): void
  handleToolStart(
    tool: Serialized,
    input: string,
    id: string,
    parentId?: string,
    tags?: string[],
    metadata?: Metadata,
    name?: string,
  ): void
  handleToolEnd(output: unknown, id: string): void
  handleToolError(error: unknown, id: string): void
  handleRetrieverStart(
    retriever: Serialized,
    query: string,
    id: string,
    parentId?: string,
    tags?: string[],
    metadata?: Metadata,
    name?: string,
  ): void
  handleRetrieverEnd(documents: unknown, id: string): void
  handleRetrieverError(error: unknown, id: string): void
  /** Settles when all runs that have ended are written, or counted as failed. */
  flush(): Promise<void>
}

/**
 * `graph.invoke(input, { callbacks: [tacitCallbacks(tacit)] })`: the run becomes an execution; model calls, tools, retrievers and
 * the nodes of a graph become its steps. `metadata: { tacit: { arm, task, taskType … } }` of the call says more about it; with a
 * prepared task there (`await tacit.hooks.preTask(…)`) the steps are added to that task, whose outcome is the caller's.
 */
export function tacitCallbacks(tacit: Tacit, defaults: Omit<RunInfo, 'decisionId'> = {}): TacitCallbacks {
  const runs = new Runs(tacit)
  const start = (
    id: string,
    parentId: string | undefined,
    metadata: Metadata,
    { kind, name, input, isStep = true }: { kind: string; name: string; input: unknown; isStep?: boolean },
  ) => {
    if (parentId !== undefined && runs.has(parentId))
      return runs.beginPart(id, parentId, isStep ? { kind, name: nameOf(name) } : null)
    const info = { ...defaults, ...runInfoOf(metadata?.tacit) }
    const task = info.task ?? taskOf(input)
    runs.begin(id, { ...info, ...(task !== undefined && { task }) }, nameOf(name))
    // A model or tool that is called by itself is a run of one step.
    if (kind !== 'agent') runs.beginPart(stepOfRoot(id), id, { kind, name: nameOf(name) })
  }
  const end = (id: string, how: Parameters<Runs['end']>[1]) => {
    runs.end(stepOfRoot(id), how)
    runs.end(id, how)
  }
  const ok = (_output: unknown, id: string) => end(id, {})
  const failed = (error: unknown, id: string) =>
    end(id, isInterruption(error) ? { isCancelled: true } : { error: error ?? 'unknown' })
  return {
    awaitHandlers: true,
    handleChainStart: (chain, input, id, parentId, _tags, metadata, _runType, name) =>
      start(id, parentId, metadata, {
        kind: 'agent',
        name: name ?? lastOf(chain) ?? 'chain',
        input,
        // Of the many chains inside a graph its nodes are what a reader knows by name; __start__ is no work of anybody's.
        isStep: name !== undefined && metadata?.langgraph_node === name && !name.startsWith('__'),
      }),
    handleChainEnd: ok,
    handleChainError: failed,
    handleChatModelStart: (model, messages, id, parentId, extra, _tags, metadata, name) =>
      start(id, parentId, metadata, { kind: 'model', name: modelOf(model, extra, metadata, name), input: messages[0] }),
    handleLLMStart: (model, prompts, id, parentId, extra, _tags, metadata, name) =>
      start(id, parentId, metadata, { kind: 'model', name: modelOf(model, extra, metadata, name), input: prompts }),
    handleLLMEnd: (output, id) => end(id, tokensOf(output)),
    handleLLMError: failed,
    handleToolStart: (tool, input, id, parentId, _tags, metadata, name) =>
      start(id, parentId, metadata, { kind: 'tool', name: name ?? lastOf(tool) ?? 'tool', input }),
    handleToolEnd: ok,
    handleToolError: failed,
    handleRetrieverStart: (retriever, input, id, parentId, _tags, metadata, name) =>
      start(id, parentId, metadata, { kind: 'retrieval', name: name ?? lastOf(retriever) ?? 'retriever', input }),
    handleRetrieverEnd: ok,
    handleRetrieverError: failed,
    flush: () => runs.flush(),
  }
}

const stepOfRoot = (id: string) => `${id}/step`
const nameOf = (name: string) =>
  name
    .replace(/\p{Cc}/gu, ' ')
    .toWellFormed()
    .slice(0, 256) || 'unnamed'
const lastOf = ({ name, id }: Serialized = {}) => name ?? id?.at(-1)

function modelOf(model: Serialized, extra: Metadata, metadata: Metadata, name: string | undefined): string {
  const invocation = extra?.invocation_params as { model?: unknown; model_name?: unknown } | undefined
  const told = [metadata?.ls_model_name, invocation?.model, invocation?.model_name, name]
  return told.find(value => typeof value === 'string') ?? lastOf(model) ?? 'model'
}

/** An interruption asks a human, an abort is somebody's wish: neither is a failure. */
const isInterruption = (error: unknown) =>
  error instanceof Error && ['GraphInterrupt', 'NodeInterrupt', 'AbortError'].includes(error.name)

/** Tokens as messages tell them, or else as the provider's answer as a whole does. */
function tokensOf({ generations, llmOutput }: Result) {
  const told = generations.flat().map(generation => (generation as { message?: object }).message)
  const usages = told.flatMap(message => (message as { usage_metadata?: Usage } | undefined)?.usage_metadata ?? [])
  if (usages.length > 0) return { inputTokens: sum(usages, 'input_tokens'), outputTokens: sum(usages, 'output_tokens') }
  const { promptTokens, completionTokens } = (llmOutput?.tokenUsage ?? {}) as Record<string, unknown>
  return {
    ...(typeof promptTokens === 'number' && { inputTokens: promptTokens }),
    ...(typeof completionTokens === 'number' && { outputTokens: completionTokens }),
  }
}

interface Usage {
  readonly input_tokens: number
  readonly output_tokens: number
}
const sum = (usages: readonly Usage[], key: keyof Usage) => usages.reduce((total, usage) => total + usage[key], 0)
