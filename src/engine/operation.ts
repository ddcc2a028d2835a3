import type { z } from 'zod'
import { parse } from '../records.ts'
import { type OperationName, operationSummaries } from './operation-summaries.ts'
import type { Tacit } from './types.ts'

/** One thing that Tacit can be asked to do; `operations.ts` lists them all. */
export interface Operation<Schema extends z.ZodType = z.ZodType, Output = unknown> {
  readonly name: OperationName
  /** One line. */
  readonly summary: string
  /** What it does and what it answers, in a few sentences. */
  readonly description: string
  readonly input: Schema
  /** True if it leaves the database as it was. */
  readonly readOnly: boolean
  readonly examples: readonly { readonly title: string; readonly input: z.input<Schema> }[]
  /** Takes the input as the caller gave it; call it through `runOperation`, which checks it first. */
  handler(tacit: Tacit, input: z.input<Schema>): Promise<Output>
}

/**
 * Checks `input` and runs the operation.
 * @throws TacitError INVALID_INPUT naming every wrong field, before anything is written.
 */
export async function runOperation<Schema extends z.ZodType, Output>(
  operation: Operation<Schema, Output>,
  tacit: Tacit,
  input: unknown,
): Promise<Output> {
  parse(operation.input, input, operation.name)
  return operation.handler(tacit, input as z.input<Schema>)
}

/** An operation under its name, with the summary that belongs to it. */
export function define<const Name extends OperationName, Schema extends z.ZodType, Output>(
  name: Name,
  operation: Omit<Operation<Schema, Output>, 'name' | 'summary'>,
): Operation<Schema, Output> & { readonly name: Name } {
  return { name, summary: operationSummaries[name], ...operation }
}
