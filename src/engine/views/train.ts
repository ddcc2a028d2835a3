import type { ReplayReport, Tacit } from '../types.ts'

/** What rebuilding everything learned from the log came to. */
export interface TrainingReport extends Omit<ReplayReport, 'verified'> {
  /** Whether the rebuilt state differs from the one before; by design it does not, so true calls for a look. */
  readonly changed: boolean
}

/**
 * Rebuilds everything learned from the log and keeps it. Learning goes on with each outcome anyway, so this is for the
 * suspicious, and for a new build; the log stays as it is.
 */
export async function train(tacit: Pick<Tacit, 'replay'>): Promise<TrainingReport> {
  const { verified, durationMs: checkedMs } = await tacit.replay({ verify: true })
  const { verified: _verified, durationMs, ...report } = await tacit.replay()
  return { ...report, durationMs: durationMs + checkedMs, changed: verified !== true }
}
