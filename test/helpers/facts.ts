import type { Decision, FactOf, Outcome } from '../../src/records.ts'
import type { FactDraft } from '../../src/store/store.ts'

/**
 * Valid facts for tests, with plain values that any test may override. Without `recordedAtUs` they are drafts that the
 * store gives a time; ids are the caller's, so that a test reads as what happened.
 */
type DraftOf<F extends { recordedAtUs: number }> = Omit<F, 'recordedAtUs'> & { recordedAtUs?: number }
type Overrides<F extends { body: object; recordedAtUs: number }> = Partial<Omit<DraftOf<F>, 'body' | 'kind'>> & {
  body?: Partial<F['body']>
}

/** The first moment of 2026, in microseconds. */
export const startUs = Date.UTC(2026, 0, 1) * 1000

/** A decision for the arm "optimizer" among three. */
export function decisionFact(id: string, { body, ...envelope }: Overrides<Decision> = {}): DraftOf<Decision> {
  return {
    id,
    kind: 'decision',
    executionId: id,
    atUs: startUs,
    origin: 'test',
    ...envelope,
    body: {
      task: 'Speed up the nightly sales report',
      taskType: 'database',
      context: {},
      arms: [{ id: 'optimizer' }, { id: 'architect' }, { id: 'security' }],
      arm: 'optimizer',
      propensity: 0.5,
      distribution: [0.5, 0.25, 0.25],
      policy: { id: 'uniform', version: 1, seed: 'test' },
      stage: 'auto',
      explored: false,
      prediction: null,
      observations: { all: 0, taskType: 0, task: 0 },
      joinDeadlineMs: null,
      routingConfidence: null,
      userId: null,
      sessionId: null,
      metadata: null,
      ...body,
    },
  }
}

/** A successful outcome of `executionId`; its id is the execution's with "/outcome" unless another is given. */
export function outcomeFact(executionId: string, { body, ...envelope }: Overrides<Outcome> = {}): DraftOf<Outcome> {
  return {
    id: `${executionId}/outcome`,
    kind: 'outcome',
    executionId,
    atUs: startUs + 1_000_000,
    origin: 'test',
    ...envelope,
    body: {
      success: true,
      quality: 0.75,
      durationMs: 1250,
      costMicroUsd: 4000,
      arm: null,
      metadata: null,
      ...body,
    },
  }
}

/** One step of `executionId`; its id is the execution's with "/step" unless another is given. */
export function stepFact(
  executionId: string,
  { body, ...envelope }: Overrides<FactOf<'step'>> = {},
): DraftOf<FactOf<'step'>> {
  return {
    id: `${executionId}/step`,
    kind: 'step',
    executionId,
    atUs: startUs + 500_000,
    origin: 'test',
    ...envelope,
    body: { kind: 'tool', name: 'search', status: 'ok', durationMs: 20, ...body },
  }
}

/** Feedback of 0.8 on `executionId`; its id is the execution's with "/feedback" unless another is given. */
export function feedbackFact(
  executionId: string,
  { body, ...envelope }: Overrides<FactOf<'feedback'>> = {},
): DraftOf<FactOf<'feedback'>> {
  return {
    id: `${executionId}/feedback`,
    kind: 'feedback',
    executionId,
    atUs: startUs + 2_000_000,
    origin: 'test',
    ...envelope,
    body: { source: 'human', dimension: 'overall', value: 0.8, value01: 0.8, visibility: 'private', ...body },
  }
}

/** `draft` as the log would hold it when recorded at `recordedAtUs`. */
export function recorded<D extends FactDraft>(draft: D, recordedAtUs: number): D & { recordedAtUs: number } {
  return { ...draft, recordedAtUs }
}
