import { createHash } from 'node:crypto'
import type { OperationName } from '../../engine/operation-summaries.ts'
import { TacitError } from '../../errors.ts'

const maxAnswers = 10_000
const maxBytes = 67_108_864
const keptMs = 86_400_000
const longestKey = 255

interface Kept {
  readonly fingerprint: string
  readonly answer: Promise<string>
  readonly atMs: number
  bytes: number
}

/**
 * Answers by Idempotency-Key: the same request again gets the first answer again and does nothing. They are held in memory
 * for a day, up to a bound; beyond that, and over a restart, the ids that are made from the key keep the log from taking
 * anything twice.
 */
export class IdempotentAnswers {
  readonly #now: () => number
  readonly #kept = new Map<string, Kept>()
  #bytes = 0

  constructor(now: () => number) {
    this.#now = now
  }

  /**
   * The answer to a request, from `work` if it is new. Two at once share one answer; a failure is not kept.
   * @throws TacitError ID_CONFLICT if the key was used for something else.
   */
  async answer(
    caller: string,
    key: string,
    request: unknown,
    work: () => Promise<string>,
  ): Promise<{ body: string; isRepeated: boolean }> {
    const place = JSON.stringify([caller, key])
    const fingerprint = hash(JSON.stringify(request))
    this.#expire()
    const kept = this.#kept.get(place)
    if (kept !== undefined) {
      if (kept.fingerprint === fingerprint) return { body: await kept.answer, isRepeated: true }
      throw new TacitError(
        'ID_CONFLICT',
        'This Idempotency-Key was used for another request. Use a new key for each request; nothing was done.',
      )
    }
    const entry: Kept = { fingerprint, answer: work(), atMs: this.#now(), bytes: 0 }
    this.#kept.set(place, entry)
    try {
      const body = await entry.answer
      entry.bytes = Buffer.byteLength(body)
      this.#bytes += entry.bytes
      this.#shrink()
      return { body, isRepeated: false }
    } catch (error) {
      this.#drop(place, entry)
      throw error
    }
  }

  #expire(): void {
    const untilMs = this.#now() - keptMs
    for (const [place, entry] of this.#kept) {
      if (entry.atMs > untilMs) return
      this.#drop(place, entry)
    }
  }

  #shrink(): void {
    for (const [place, entry] of this.#kept) {
      if (this.#kept.size <= maxAnswers && this.#bytes <= maxBytes) return
      this.#drop(place, entry)
    }
  }

  #drop(place: string, entry: Kept): void {
    if (this.#kept.get(place) !== entry) return
    this.#kept.delete(place)
    this.#bytes -= entry.bytes
  }
}

/** The field by which the log knows a repetition. */
const idFields: Partial<Readonly<Record<OperationName, string>>> = {
  decide: 'decisionId',
  observe: 'outcomeId',
  record: 'executionId',
  step: 'stepId',
  feedback: 'feedbackId',
  'learn execution': 'executionId',
}

/** The input with an id made from the key, where the caller gave none: the log takes it once, whoever asks again. */
export function withIdFrom(key: string, name: OperationName, input: unknown): unknown {
  const field = idFields[name]
  if (field === undefined || !isObject(input) || input[field] !== undefined) return input
  if (name === 'learn execution' && input.decisionId !== undefined) return input
  return { ...input, [field]: `key-${hash(`${name} ${key}`).slice(0, 32)}` }
}

/** @throws TacitError INVALID_INPUT */
export function idempotencyKeyOf(headers: Headers): string | null {
  const key = headers.get('idempotency-key')
  if (key === null) return null
  if (/^[\x20-\x7e]+$/.test(key) && key.length <= longestKey) return key
  throw new TacitError('INVALID_INPUT', `Idempotency-Key must be 1 to ${longestKey} printable ASCII characters.`)
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex')
const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
