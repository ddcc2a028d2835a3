import type { BatchItem, Tacit } from '../../engine/types.ts'
import { TacitError } from '../../errors.ts'
import { parse, type RecordInput, recordSchema } from '../../records.ts'
import type { Line } from './lines.ts'

/** Lines that go into one transaction. */
const batchSize = 500
/** Bad lines that are remembered one by one; further ones are only counted. */
const maxListed = 10_000

export interface LineFailure {
  readonly line: number
  readonly code: string
  readonly message: string
}

/** What became of the lines so far. */
export interface LineCounts {
  /** Lines that are not blank. */
  lines: number
  stored: number
  duplicates: number
  /** Lines that were checked and found good, where nothing is written. */
  valid: number
  failed: number
  readonly failures: LineFailure[]
}

export const noLines = (): LineCounts => ({ lines: 0, stored: 0, duplicates: 0, valid: 0, failed: 0, failures: [] })

/**
 * Records every line as one execution, in batches, and adds to `counts` as it goes. A bad line counts as failed and
 * leaves the others intact. What was read before an error of reading is recorded all the same.
 * @param tacit null: lines are only checked.
 */
export async function recordLines(
  lines: AsyncIterable<Line>,
  tacit: Tacit | null,
  counts: LineCounts,
  on: { failure: (failure: LineFailure) => void; line: () => void },
): Promise<void> {
  let batch: { line: number; value: RecordInput }[] = []
  const fail = (failure: LineFailure) => {
    counts.failed += 1
    if (counts.failures.length < maxListed) counts.failures.push(failure)
    on.failure(failure)
  }
  // Bad lines are told in their order: those that cannot be read wait for what the engine says of the others.
  let bad: LineFailure[] = []
  const flush = async () => {
    const [taken, failures] = [batch, bad]
    batch = []
    bad = []
    const values = taken.map(({ value }) => value)
    const items = tacit === null || values.length === 0 ? [] : await tacit.recordBatch(values)
    for (const item of items) {
      const failure = add(item, taken[item.index]!.line, counts)
      if (failure !== null) failures.push(failure)
    }
    for (const failure of failures.sort((a, b) => a.line - b.line)) fail(failure)
  }
  try {
    for await (const line of lines) {
      if (line.text?.trim() === '') continue
      counts.lines += 1
      const read = readLine(line, tacit === null)
      if ('code' in read) bad.push(read)
      else if (tacit === null) counts.valid += 1
      else batch.push({ line: line.number, value: read.value as RecordInput })
      if (batch.length + bad.length >= batchSize) await flush()
      on.line()
    }
  } finally {
    await flush()
  }
}

function readLine({ number: line, text, problem }: Line, check: boolean): LineFailure | { value: unknown } {
  const failure = (message: string): LineFailure => ({ line, code: 'INVALID_INPUT', message })
  if (text === null) return failure(`the line ${problem}`)
  try {
    const value: unknown = JSON.parse(text)
    // When it is recorded, the engine checks it.
    if (check) parse(recordSchema, value, 'record')
    return { value }
  } catch (error) {
    if (error instanceof SyntaxError) return failure(`not JSON: ${error.message}`)
    if (error instanceof TacitError) return failure(ofOneLine(error.message, check))
    throw error
  }
}

function add(item: BatchItem, line: number, counts: LineCounts): LineFailure | null {
  if (item.status === 'error') return { line, code: item.error.code, message: ofOneLine(item.error.message) }
  if (item.status === 'disabled')
    throw new TacitError('DISABLED', 'Tacit is switched off; nothing is recorded. Set enabled to true.')
  if (item.status === 'stored') counts.stored += 1
  else counts.duplicates += 1
  return null
}

/** Other lines are written all the same, unless they are only checked, and nobody counts the lines of a batch. */
const ofOneLine = (message: string, isCheck = false) =>
  message
    .replace(/^record(Batch\[\d+\])?: /, '')
    .replace(' Correct the input and call again; nothing was written.', isCheck ? '' : ' This line was not written.')
