import { createHash, createHmac } from 'node:crypto'
import type { Config } from '../config.ts'
import { TacitError } from '../errors.ts'
import type { Fact, StoredContext } from '../records.ts'

/** Where a text stands, with the most characters that are kept there. */
const places = {
  task: 1_048_576,
  context: 1024,
  error: 65_536,
  solution: 65_536,
  step: 256,
  comment: 65_536,
  suggestion: 65_536,
  metadata: 65_536,
} as const
export type TextPlace = keyof typeof places

/**
 * A redaction of the caller's own: returns the text as it may be kept. It runs after the patterns of the configuration
 * and before anything is learned or written; if it throws, nothing is written.
 */
export type Redact = (text: string, where: TextPlace) => string

/** What is done to texts and ids before anything is chosen, written or learned: the log never holds the original. */
export interface Guard {
  /** A free text without what the patterns match. */
  text(value: string, where: TextPlace): string
  /** The words of a task, or their hash where words may not be kept. */
  task(value: string): string
  /** The same for every text within a value, keys included. */
  metadata<T>(value: T): T
  /** The same for the texts among the features of a context. */
  context<T extends Pick<StoredContext, 'features'>>(value: T): T
  /** A pseudonym that is the same within one database and tells nothing outside it. */
  person(value: string | undefined): string | null
}

const mark = '[redacted]'
const hashed = /^sha256:[0-9a-f]{64}$/

/**
 * @param origin identity of the database, the salt of its pseudonyms.
 * @throws TacitError INVALID_CONFIG for a pattern that is no regular expression.
 */
export function createGuard(
  { redact, replacement, taskText, pseudonymise }: Config['privacy'],
  origin: string,
  hook?: Redact,
): Guard {
  const patterns = redact.map(compile)
  const pseudonymOf = (value: string) => createHmac('sha256', origin).update(value).digest('hex').slice(0, 32)
  const replace = (match: string) => (replacement === 'mark' ? mark : `[${pseudonymOf(match).slice(0, 12)}]`)
  const text = (value: string, where: TextPlace) => {
    const kept = patterns.reduce(
      (kept, pattern) => kept.replaceAll(pattern, match => (match === '' ? '' : replace(match))),
      value,
    )
    const final = hook === undefined ? kept : asked(hook, kept, where)
    return final === value ? value : final.slice(0, places[where])
  }
  const within = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value, 'metadata')
    if (Array.isArray(value)) return value.map(within)
    if (value === null || typeof value !== 'object') return value
    return withDistinctKeys(Object.entries(value).map(([key, child]) => [text(key, 'metadata'), within(child)]))
  }
  const isIdle = patterns.length === 0 && hook === undefined
  return {
    text,
    task: value => (taskText === 'keep' ? text(value, 'task') : hashed.test(value) ? value : hashedTask(value)),
    metadata: value => (isIdle || value === null || value === undefined ? value : (within(value) as typeof value)),
    context(context) {
      if (isIdle || context.features === undefined) return context
      const features = Object.entries(context.features).map(
        ([name, value]) => [name, typeof value === 'string' ? text(value, 'context') : value] as const,
      )
      return { ...context, features: Object.fromEntries(features) }
    },
    person: value => (value === undefined ? null : pseudonymise ? pseudonymOf(value) : value),
  }
}

/**
 * A fact from elsewhere as it may be kept here: redacting is done once more, since the other database may have kept what
 * this one may not. Its people are pseudonyms already.
 */
export function guarded(guard: Guard, fact: Fact): Fact {
  const { body } = fact
  const metadata = 'metadata' in body && body.metadata !== undefined && { metadata: guard.metadata(body.metadata) }
  if (fact.kind === 'decision') {
    const { task, context } = fact.body
    return {
      ...fact,
      body: { ...fact.body, ...metadata, task: guard.task(task), context: guard.context(context) },
    } as Fact
  }
  if (fact.kind === 'feedback') {
    const { comment, suggestions } = fact.body
    const texts = {
      ...(comment !== undefined && { comment: guard.text(comment, 'comment') }),
      ...(suggestions && { suggestions: suggestions.map(text => guard.text(text, 'suggestion')) }),
    }
    return { ...fact, body: { ...fact.body, ...metadata, ...texts } } as Fact
  }
  const { error } = fact.body
  const message = error?.message !== undefined && { error: { ...error, message: guard.text(error.message, 'error') } }
  const name = 'name' in body && body.name !== undefined && { name: stepName(guard, body.name) }
  const solution = 'solutionSummary' in body &&
    body.solutionSummary !== undefined && { solutionSummary: guard.text(body.solutionSummary, 'solution') }
  return { ...fact, body: { ...body, ...metadata, ...message, ...name, ...solution } } as Fact
}

/** A name cannot be empty. */
export const stepName = (guard: Guard, name: string): string => guard.text(name, 'step') || mark

function asked(hook: Redact, value: string, where: TextPlace): string {
  let answer: unknown
  try {
    answer = hook(value, where)
  } catch (cause) {
    throw new TacitError('INVALID_INPUT', `redact: it threw at a text of ${where}. Nothing was written.`, { cause })
  }
  if (typeof answer === 'string') return answer
  throw new TacitError('INVALID_INPUT', `redact: it gave no text for a text of ${where}. Nothing was written.`)
}

/** Keys that became the same are told apart by a number, so that no value is lost. */
function withDistinctKeys(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const distinct = new Map<string, unknown>()
  for (const [key, value] of entries) {
    let name = key
    for (let number = 2; distinct.has(name); number++) name = `${key} ${number}`
    distinct.set(name, value)
  }
  return Object.fromEntries(distinct)
}

/** The same text gives the same hash, so that a task met before is still known again. */
const hashedTask = (value: string) => `sha256:${createHash('sha256').update(value).digest('hex')}`

function compile(source: string): RegExp {
  try {
    return new RegExp(source, 'gu')
  } catch (cause) {
    throw new TacitError(
      'INVALID_CONFIG',
      `Option privacy.redact: /${source}/ is not a regular expression. Correct it.`,
      {
        cause,
      },
    )
  }
}
