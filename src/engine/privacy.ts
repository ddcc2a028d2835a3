import { createHash, createHmac } from 'node:crypto'
import type { Config } from '../config.ts'
import { TacitError } from '../errors.ts'

/** What is done to texts and ids before anything is chosen, written or learned: the log never holds the original. */
export interface Guard {
  /** A free text without what the patterns match. */
  text(value: string): string
  /** The words of a task, or their hash where words may not be kept. */
  task(value: string): string
  /** A pseudonym that is the same within one database and tells nothing outside it. */
  person(value: string | undefined): string | null
}

const replacement = '[redacted]'

/**
 * @param origin identity of the database, the salt of its pseudonyms.
 * @throws TacitError INVALID_CONFIG for a pattern that is no regular expression.
 */
export function createGuard({ redact, taskText, pseudonymise }: Config['privacy'], origin: string): Guard {
  const patterns = redact.map(compile)
  const text = (value: string) => patterns.reduce((kept, pattern) => kept.replaceAll(pattern, replacement), value)
  return {
    text,
    task: value => (taskText === 'keep' ? text(value) : hashedTask(value)),
    person(value) {
      if (value === undefined) return null
      return pseudonymise ? createHmac('sha256', origin).update(value).digest('hex').slice(0, 32) : value
    },
  }
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
