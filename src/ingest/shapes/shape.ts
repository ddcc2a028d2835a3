import { hash53 } from '../../math/hash.ts'
import type { FeedbackInput, RecordInput } from '../../records.ts'
import { type Fields, Unusable } from './fields.ts'

/** What one row of an earlier system's table becomes. */
export type Taken =
  | { readonly record: RecordInput }
  | { readonly executionId: string; readonly feedback: FeedbackInput }

/** A table of an earlier system. */
export interface TableShape {
  readonly name: string
  /** Tells a table without a name by its columns. */
  recognises(columns: ReadonlySet<string>): boolean
  /** The facts in one row; or, as a text, why nothing of this table can be taken. May throw `Unusable`. */
  readonly take: string | ((row: Fields) => Taken[])
}

/** The form in which an earlier system kept its history. */
export interface Shape {
  readonly id: string
  /** Which system, and what of it. */
  readonly title: string
  readonly tables: readonly TableShape[]
}

/**
 * An id that is the same whenever the same row is taken in, and another one for a row of another instance that happens to
 * have the same number: what identifies the row is hashed along.
 */
export function idOf(shape: string, id: string | null, ...identity: readonly (string | number | null)[]): string {
  const hash = hash53(JSON.stringify([id, ...identity])).toString(36)
  return id === null ? `${shape}/${hash}` : `${shape}/${id.slice(0, 120)}/${hash}`
}

/** The words of the task; where there are none, its type is all that is known of it. */
export function taskOf(description: string | null, taskType: string | null): { task: string; taskType?: string } {
  const task = description ?? taskType
  if (task === null) throw new Unusable('neither a description nor a type of the task')
  return { task, ...(taskType !== null && { taskType }) }
}

const knownErrors = new Set(['timeout', 'quality_gate', 'crash', 'validation', 'unknown'])

/** A failure as it is kept; nothing where neither a type nor a message is known. */
export function errorOf(type: string | null, message: string | null): Pick<RecordInput, 'error'> {
  if (type === null && message === null) return {}
  const name = type?.toLowerCase() ?? 'unknown'
  const error = { type: knownErrors.has(name) ? name : `other:${name}` } as NonNullable<RecordInput['error']>
  return { error: message === null ? error : { ...error, message: message.slice(0, 65_536) } }
}

/** Leaves out what is unknown. */
export function known<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>
  }
}

/** Nothing for an object without properties. */
export const filled = <T extends object>(value: T): T | null => (Object.keys(value).length === 0 ? null : value)

export function required(value: string | null, name: string): string {
  if (value !== null) return value
  throw new Unusable(`no ${name}`)
}
