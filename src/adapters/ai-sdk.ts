/**
 * Vercel AI SDK: a language model middleware that chooses the model of each call and learns from how it went.
 * Typed by shape (specification v4, `ai` 7); nothing of the SDK is imported.
 * @packageDocumentation
 */
import type { PreparedTask, Tacit, WrapContext, WrapInfo } from '../engine/types.ts'
import { TacitError } from '../errors.ts'
import type { OutcomeInput } from '../records.ts'
import { failureOf, taskOf } from './runs.ts'
import { watchStream } from './watch-stream.ts'

/** What is used of a language model of the SDK. */
interface Model {
  doGenerate(params: never): PromiseLike<Finish>
  doStream(params: never): PromiseLike<{ readonly stream: ReadableStream<{ readonly type: string }> }>
}
type Params<M extends Model> = Parameters<M['doGenerate']>[0]
type Resolved<F> = F extends (params: never) => PromiseLike<infer R> ? R : never
type Generated<M extends Model> = Resolved<M['doGenerate']>
type Streamed<M extends Model> = Resolved<M['doStream']>

interface Finish {
  readonly finishReason: { readonly unified: string; readonly raw: string | undefined }
  readonly usage: {
    readonly inputTokens: { readonly total: number | undefined }
    readonly outputTokens: { readonly total: number | undefined }
  }
  readonly providerMetadata?: Readonly<Record<string, object>>
}

interface CallParams {
  readonly prompt: readonly { readonly role: string; readonly content: unknown }[]
  readonly abortSignal?: AbortSignal
  readonly providerOptions?: Readonly<Record<string, unknown>>
}

export interface AiSdkOptions<M> {
  /** The models to choose from, by arm. */
  readonly models: Readonly<Record<string, M>>
  /** What is known of every call; `providerOptions.tacit` of a call adds to it. */
  readonly info?: Partial<Omit<WrapInfo, 'arms' | 'signal'>>
  /** What a call cost, from its tokens (null: not told). */
  readonly costUsd?: (arm: string, usage: { inputTokens: number | null; outputTokens: number | null }) => number
}

/** The middleware, in the shape of the SDK. */
export interface TacitMiddleware<M extends Model> {
  readonly specificationVersion: 'v4'
  overrideSupportedUrls(): Record<string, never>
  wrapGenerate(call: { params: Params<M> }): Promise<Generated<M>>
  wrapStream(call: { params: Params<M> }): Promise<Streamed<M>>
}

/**
 * `wrapLanguageModel({ model, middleware: tacitMiddleware(tacit, { models }) })`: each call goes to one of `models`, and is one
 * execution; its id is in `providerMetadata.tacit.decisionId`. A call with a prepared task (`providerOptions: { tacit: await
 * tacit.hooks.preTask(…) }`) goes to the model chosen for that task and becomes a step of it; its outcome is the caller's.
 */
export function tacitMiddleware<M extends Model>(tacit: Tacit, options: AiSdkOptions<M>): TacitMiddleware<M> {
  const arms = Object.keys(options.models)
  if (arms.length === 0) throw new TacitError('NO_ARMS', 'tacitMiddleware: models is empty. Give at least one model.')
  const generate = async (model: M, params: CallParams, end: End) => {
    const result = await model.doGenerate(params as never)
    return { ...result, providerMetadata: end(result) } as Generated<M>
  }
  const stream = async (model: M, params: CallParams, end: End, settle: Settle) => {
    const result = await model.doStream(params as never)
    let isBroken = false
    const onPart = <P extends { readonly type: string }>(part: P): P => {
      if (part.type === 'error') {
        isBroken = true
        settle.failed((part as unknown as { error: unknown }).error)
      }
      if (part.type !== 'finish' || isBroken) return part
      return { ...part, providerMetadata: end(part as unknown as Finish) }
    }
    return { ...result, stream: watchStream(result.stream, onPart, settle) } as Streamed<M>
  }
  const call = <R>(params: CallParams, run: (model: M, end: End, settle: Settle) => Promise<R>, isStream: boolean) => {
    const given = (params.providerOptions?.tacit ?? {}) as Partial<PreparedTask> & Partial<WrapInfo>
    const job = { tacit, options, params, run, isStream }
    return typeof given.arm === 'string' ? asStep(job, given as PreparedTask) : asExecution(job, given, arms)
  }
  return {
    specificationVersion: 'v4',
    // What one model can fetch by itself another cannot; without any, the SDK fetches it for all.
    overrideSupportedUrls: () => ({}),
    wrapGenerate: ({ params }) => call<Generated<M>>(params, (model, end) => generate(model, params, end), false),
    wrapStream: ({ params }) =>
      call<Streamed<M>>(params, (model, end, settle) => stream(model, params, end, settle), true),
  }
}

/** Takes the end of a call; returns what the result tells the caller beside what the provider said. */
type End = (finish: Finish) => Record<string, object>
/** How a stream ended. */
interface Settle {
  done(): void
  failed(error: unknown): void
  cancelled(): void
}
interface Job<M extends Model, R> {
  readonly tacit: Tacit
  readonly options: AiSdkOptions<M>
  readonly params: CallParams
  readonly run: (model: M, end: End, settle: Settle) => Promise<R>
  readonly isStream: boolean
}

/** The call is an execution of its own: chosen, run to its end (of the stream), observed. */
function asExecution<M extends Model, R>(job: Job<M, R>, given: Partial<WrapInfo>, arms: string[]): Promise<R> {
  const { tacit, options, params, run, isStream } = job
  const cancel = new AbortController()
  const signal = params.abortSignal === undefined ? cancel.signal : AbortSignal.any([params.abortSignal, cancel.signal])
  const started = Promise.withResolvers<R>()
  const task = async ({ arm, decisionId, report }: WrapContext) => {
    const ended = Promise.withResolvers<void>()
    const end: End = finish => {
      report(outcomeOf(finish, arm, options))
      return { ...finish.providerMetadata, tacit: { decisionId, arm } }
    }
    const settle = { done: ended.resolve, failed: ended.reject, cancelled: () => cancel.abort() }
    const result = await run(modelOf(options, arm), end, settle)
    started.resolve(result)
    if (isStream) await ended.promise
    return result
  }
  const info = { task: taskOf(params.prompt) ?? '(no words)', ...options.info, ...given, arms, signal }
  const finished = tacit.wrap(task, info)
  if (!isStream) return finished
  // A stream is handed on when it begins; what fails later reaches the caller through the stream.
  finished.catch(started.reject)
  return started.promise
}

/** The call is a step of an execution that the caller began and will end. */
async function asStep<M extends Model, R>({ tacit, options, run, isStream }: Job<M, R>, task: PreparedTask) {
  const { arm, decisionId } = task
  const startedAt = new Date()
  let told: Partial<StepEnd> = {}
  const end: End = finish => {
    const { success, resources, costUsd, error } = outcomeOf(finish, arm, options)
    told = { ...resources, ...(costUsd != null && { costUsd }), ...(success === false && { status: 'error', error }) }
    return { ...finish.providerMetadata, tacit: { decisionId, arm } }
  }
  const write = (how: Partial<StepEnd>) => {
    if (decisionId == null) return
    const durationMs = Math.max(0, Date.now() - startedAt.getTime())
    void tacit.hooks.step(decisionId, { kind: 'model', name: arm, startedAt, durationMs, ...told, ...how })
  }
  const failed = (thrown: unknown) => write({ status: 'error', error: failureOf(thrown) })
  try {
    const result = await run(modelOf(options, arm), end, {
      done: () => write({}),
      failed,
      cancelled: () => write({ status: 'cancelled' }),
    })
    if (!isStream) write({})
    return result
  } catch (error) {
    failed(error)
    throw error
  }
}

type StepEnd = Pick<Parameters<Tacit['step']>[1], 'status' | 'error' | 'inputTokens' | 'outputTokens' | 'costUsd'>

function modelOf<M>({ models }: AiSdkOptions<M>, arm: string): M {
  const model = Object.hasOwn(models, arm) ? models[arm] : undefined
  if (model !== undefined) return model
  throw new TacitError('INVALID_INPUT', `tacitMiddleware: there is no model "${arm}" among ${Object.keys(models)}.`)
}

/** That a model stopped by itself is a success until better is known; a cut answer says nothing. */
function outcomeOf<M>({ finishReason, usage }: Finish, arm: string, { costUsd }: AiSdkOptions<M>): OutcomeInput {
  const inputTokens = usage.inputTokens.total
  const outputTokens = usage.outputTokens.total
  const { unified: reason } = finishReason
  return {
    success: reason === 'stop' || reason === 'tool-calls' ? true : isFailure(reason) ? false : null,
    ...(isFailure(reason) && { error: { type: `other:${reason}` } }),
    resources: {
      ...(inputTokens !== undefined && { inputTokens }),
      ...(outputTokens !== undefined && { outputTokens }),
    },
    ...(costUsd && { costUsd: costUsd(arm, { inputTokens: inputTokens ?? null, outputTokens: outputTokens ?? null }) }),
  }
}

const isFailure = (reason: string) => reason === 'error' || reason === 'content-filter'
