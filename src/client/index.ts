import type { OperationName } from '../engine/operation-summaries.ts'
import type { OutputOf, operations } from '../engine/operations.ts'
import type {
  BatchItem,
  FollowOptions,
  LogEvent,
  LogPage,
  PolicyEvaluateOptions,
  Tacit,
  Written,
} from '../engine/types.ts'
import type { DecideInput, FeedbackInput, OutcomeInput, RecordInput, StepInput, TaskInput } from '../records.ts'
import { eventsFrom } from './events.ts'
import { type CallOptions, type ClientOptions, Transport } from './transport.ts'

export { type ErrorCode, errorCodes, TacitError } from '../errors.ts'
export type { CallOptions, ClientOptions, FollowOptions, LogEvent, LogPage, OperationName, OutputOf }

/** What an operation takes. */
export type InputOf<Name extends OperationName> = Parameters<(typeof operations)[Name]['handler']>[1]

/** The result of one item of a batch. */
export type BatchResult =
  | { readonly index: number; readonly status: 'done'; readonly output: unknown }
  | {
      readonly index: number
      readonly status: 'error'
      readonly error: { readonly code: string; readonly message: string }
    }

type Options<Name extends 'similar' | 'metrics' | 'pareto' | 'calibration'> = NonNullable<
  Parameters<Tacit[Name]>[Name extends 'similar' ? 1 : 0]
>

/** The calls of an open Tacit that work over the network too. */
type Remote = Pick<
  Tacit,
  | 'decide'
  | 'observe'
  | 'record'
  | 'recordBatch'
  | 'step'
  | 'feedback'
  | 'recommend'
  | 'predict'
  | 'similar'
  | 'metrics'
  | 'pareto'
  | 'calibration'
  | 'policyEvaluate'
  | 'status'
  | 'follow'
>

const mostPerBatch = 1000

/**
 * A Tacit that is served elsewhere (`tacit serve`), under the same names. Needs nothing but `fetch`. Each write carries an
 * id of its own, so that a call is repeated safely when the connection fails or the server is busy.
 * @example
 * const tacit = new TacitClient({ url: 'http://localhost:7345', key: process.env.TACIT_KEY })
 * const { decisionId, arm } = await tacit.decide({ task: 'Speed up the report', arms: ['optimizer', 'architect'] })
 */
export class TacitClient implements Remote {
  readonly #transport: Transport

  /** @throws TacitError INVALID_INPUT if `url` is none. */
  constructor(options: ClientOptions) {
    this.#transport = new Transport(options)
  }

  /**
   * Runs any operation by its name, as `tacit` has it on the command line.
   * @throws TacitError with the code that the server gave; UNREACHABLE or TIMEOUT after the last attempt.
   */
  async call<Name extends OperationName>(
    name: Name,
    input: InputOf<Name>,
    options: CallOptions = {},
  ): Promise<OutputOf<Name>> {
    return (await this.#transport.post(`/v1/${name.replaceAll(' ', '/')}`, input, options)) as OutputOf<Name>
  }

  decide(input: DecideInput, options?: CallOptions) {
    return this.call('decide', input, options)
  }

  observe(decisionId: string, outcome: OutcomeInput, options?: CallOptions) {
    return this.call('observe', { decisionId, ...outcome }, options)
  }

  record(execution: RecordInput, options?: CallOptions) {
    return this.call('record', execution, options)
  }

  /** Any number of executions, a thousand per request; each has its own result, and a bad one does not stop the others. */
  async recordBatch(executions: readonly RecordInput[], options: CallOptions = {}): Promise<BatchItem[]> {
    const items: BatchItem[] = []
    for (let start = 0; start < executions.length; start += mostPerBatch) {
      const part = executions.slice(start, start + mostPerBatch).map(input => ({ operation: 'record', input }) as const)
      const { idempotencyKey: key } = options
      const results = await this.batch(
        part,
        key === undefined ? options : { ...options, idempotencyKey: `${key}/${start}` },
      )
      items.push(...results.map(result => itemOf(result, start)))
    }
    return items
  }

  step(executionId: string, step: StepInput, options?: CallOptions) {
    return this.call('step', { executionId, ...step }, options)
  }

  feedback(executionId: string, feedback: FeedbackInput, options?: CallOptions) {
    return this.call('feedback', { executionId, ...feedback }, options)
  }

  recommend(task: TaskInput & { arms?: DecideInput['arms']; limit?: number }, options?: CallOptions) {
    return this.call('recommend', task, options)
  }

  predict(task: TaskInput & { arms?: DecideInput['arms'] }, options?: CallOptions) {
    return this.call('predict', task, options)
  }

  similar(task: string, about: Options<'similar'> = {}, options?: CallOptions) {
    return this.call('similar', { task, ...about }, options)
  }

  metrics(about: Options<'metrics'> = {}, options?: CallOptions) {
    return this.call('metrics', about as InputOf<'metrics'>, options)
  }

  pareto(about: Options<'pareto'> = {}, options?: CallOptions) {
    return this.call('pareto', about as InputOf<'pareto'>, options)
  }

  calibration(about: Options<'calibration'> = {}, options?: CallOptions) {
    return this.call('calibration', about, options)
  }

  policyEvaluate(about: PolicyEvaluateOptions, options?: CallOptions) {
    return this.call('policy evaluate', about, options)
  }

  status(options?: CallOptions) {
    return this.call('status', {}, options)
  }

  /** Up to 1,000 operations in one request, each with its own result; a failure does not stop the others. */
  async batch(
    items: readonly { readonly operation: OperationName; readonly input: unknown }[],
    options: CallOptions = {},
  ): Promise<BatchResult[]> {
    return ((await this.#transport.post('/v1/batch', { items }, options)) as { results: BatchResult[] }).results
  }

  /** Everything that is added to the log; after a break of the connection it goes on where it was, without a gap. */
  follow(options: FollowOptions = {}): AsyncIterable<LogPage> {
    return eventsFrom(this.#transport, options)
  }
}

function itemOf(result: BatchResult, start: number): BatchItem {
  const index = start + result.index
  return result.status === 'error' ? { ...result, index } : { ...(result.output as Written), index }
}
