import type { z } from 'zod'
import { parse } from '../records.ts'
import { type OperationName, operationSummaries } from './operation-summaries.ts'
import type { Tacit } from './types.ts'

/** What a caller may be allowed to do; `admin` allows everything. */
export const accessLevels = ['read', 'record', 'decide', 'admin'] as const
export type Access = (typeof accessLevels)[number]

/** What calling an operation does to the database, and who may. */
interface Effect {
  /** What a key must allow. */
  readonly access: Access
  /** True if it leaves the database as it was. */
  readonly readOnly: boolean
  /** True if a second call with the same input adds nothing to the first. */
  readonly idempotent: boolean
  /** True if it may remove or overwrite what is on record. */
  readonly destructive: boolean
}

/** Questions: nothing is written. */
export const asks = { access: 'read', readOnly: true, idempotent: true, destructive: false } as const
/** Adds facts to the log; without an id of the caller's a repetition adds them again. */
export const adds = (access: Access) => ({ access, readOnly: false, idempotent: false, destructive: false }) as const
/** Computes anew what follows from the log. */
export const rebuilds = { access: 'admin', readOnly: false, idempotent: true, destructive: false } as const

/** One thing that Tacit can be asked to do; `operations.ts` lists them all. */
export interface Operation<
  Schema extends z.ZodType = z.ZodType,
  Output = unknown,
  OutputSchema extends z.ZodType<Output> = z.ZodType<Output>,
> extends Effect {
  readonly name: OperationName
  /** Two to five words, for lists. */
  readonly title: string
  /** One line. */
  readonly summary: string
  /** What it does and what it answers, in a few sentences. */
  readonly description: string
  readonly input: Schema
  /** What it answers. */
  readonly output: OutputSchema
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
export function define<
  const Name extends OperationName,
  Schema extends z.ZodType,
  Output,
  OutputSchema extends z.ZodType<Output>,
>(
  name: Name,
  operation: Omit<Operation<Schema, Output, OutputSchema>, 'name' | 'summary'>,
): Operation<Schema, Output, OutputSchema> & { readonly name: Name } {
  return { name, summary: operationSummaries[name], ...operation }
}
