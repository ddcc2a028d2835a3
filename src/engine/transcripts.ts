import { TacitError } from '../errors.ts'
import type { ArmKind } from '../ingest/transcripts/ids.ts'
import { SessionLog } from '../ingest/transcripts/session.ts'
import type { RecordInput } from '../records.ts'
import type { Tacit } from './types.ts'

export { type ArmKind, armKinds } from '../ingest/transcripts/ids.ts'

/** The logs of one session: its own and those of its sub-agents. */
export interface TranscriptSession {
  readonly id: string
  readonly files: readonly string[]
}

/** What an import of session logs has done. */
export interface TranscriptReport {
  sessions: number
  lines: number
  /** Executions that are new, were on record already, or could not be recorded. */
  stored: number
  duplicates: number
  failed: number
  /** Prompts that hooks had recorded already. */
  recordedLive: number
  /** Work that may still go on: import again later. */
  unfinished: number
  /** Lines with nothing to keep, by kind; kinds beyond the hundredth are counted together. */
  readonly skipped: Record<string, number>
  /** The first failures. */
  readonly failures: { session: string; message: string }[]
}

export interface TranscriptOptions {
  /** The lines of a file; null for one that cannot be read. */
  readonly open: (file: string) => AsyncIterable<string | null>
  readonly armKind: ArmKind
  readonly nowMs: number
  readonly onSession?: (report: TranscriptReport) => void
  /** Ends the import after the session at hand. */
  readonly signal?: AbortSignal
}

const batchSize = 200
const maxKinds = 100
const maxFailures = 100

export const emptyTranscriptReport = (): TranscriptReport => ({
  sessions: 0,
  lines: 0,
  stored: 0,
  duplicates: 0,
  failed: 0,
  recordedLive: 0,
  unfinished: 0,
  skipped: {},
  failures: [],
})

/**
 * Takes in logs of coding agents' sessions, one session after the other, and adds to `report` as it goes. Ids follow from
 * the logs: importing them again, or going on after an interruption, records nothing twice.
 * @param tacit null: nothing is written.
 */
export async function importTranscripts(
  tacit: Tacit | null,
  sessions: Iterable<TranscriptSession>,
  report: TranscriptReport,
  options: TranscriptOptions,
): Promise<void> {
  for (const session of sessions) {
    if (options.signal?.aborted) return
    const { executions, unfinished } = await readSession(session, report, options)
    report.unfinished += unfinished
    for (let start = 0; start < executions.length; start += batchSize) {
      await take(tacit, session.id, executions.slice(start, start + batchSize), report)
    }
    report.sessions += 1
    options.onSession?.(report)
  }
}

async function readSession({ id, files }: TranscriptSession, report: TranscriptReport, options: TranscriptOptions) {
  const log = new SessionLog(id)
  for (const file of files) {
    for await (const line of options.open(file)) {
      if (line === '') continue
      report.lines += 1
      const what = line === null ? 'unreadable line' : log.add(line)
      if (what !== null) countKind(report.skipped, what)
    }
  }
  return log.history(options.nowMs, options.armKind)
}

type Found = Awaited<ReturnType<typeof readSession>>['executions'][number]

async function take(tacit: Tacit | null, session: string, found: readonly Found[], report: TranscriptReport) {
  const records: RecordInput[] = []
  for (const { record, liveId } of found) {
    if (tacit !== null && liveId !== null && (await isKnown(tacit, liveId))) report.recordedLive += 1
    else records.push(record)
  }
  if (tacit === null) report.stored += records.length
  for (const item of tacit === null ? [] : await tacit.recordBatch(records)) {
    if (item.status === 'disabled') {
      throw new TacitError('DISABLED', 'Tacit is switched off; nothing is recorded. Set enabled to true.')
    }
    if (item.status === 'error') {
      report.failed += 1
      if (report.failures.length < maxFailures) report.failures.push({ session, message: item.error.message })
    } else if (item.status === 'stored') report.stored += 1
    else report.duplicates += 1
  }
}

async function isKnown(tacit: Tacit, id: string): Promise<boolean> {
  try {
    await tacit.explain(id)
    return true
  } catch (error) {
    if (error instanceof TacitError && error.code === 'NOT_FOUND') return false
    throw error
  }
}

function countKind(kinds: Record<string, number>, what: string): void {
  const name = Object.hasOwn(kinds, what) || Object.keys(kinds).length < maxKinds ? what : 'other kinds'
  kinds[name] = (kinds[name] ?? 0) + 1
}
