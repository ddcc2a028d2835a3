import { v7 as uuid } from 'uuid'
import type { z } from 'zod'
import { TacitError } from '../errors.ts'
import type {
  ArmSpec,
  Context,
  Failure,
  feedbackSchema,
  outcomeSchema,
  recordSchema,
  StoredContext,
  stepSchema,
} from '../records.ts'
import { complexity01, feedbackValue01 } from '../scales.ts'
import type { FactDraft } from '../store/store.ts'
import { fingerprintOf } from './fingerprint.ts'
import { type Guard, stepName } from './privacy.ts'

/** What every fact carries. */
export interface Frame {
  readonly executionId: string
  readonly origin: string
  readonly nowMs: number
  readonly guard: Guard
}

/** Clocks may differ a little; a fact from further ahead would make all other evidence look old. */
const maxAheadUs = 86_400e6

/** A new sortable id (UUID version 7). */
export const newId = (): string => uuid()

/** An outcome without any measurement would only hide what was known before. */
export function assertTellsSomething({
  outcomeId: _id,
  metadata: _metadata,
  at: _at,
  provenance: _by,
  ...told
}: z.output<typeof outcomeSchema>) {
  if (Object.values(told).some(value => value !== undefined)) return
  throw new TacitError(
    'INVALID_INPUT',
    'observe: the outcome says nothing. Give success, quality, durationMs, costUsd, an error … or success: null if it is not known.',
  )
}

export function outcomeDraft(outcome: z.output<typeof outcomeSchema>, frame: Frame, id?: string): FactDraft {
  const { outcomeId, at, costUsd, success, quality, durationMs, arm, metadata, error, solutionSummary, ...rest } =
    outcome
  return {
    kind: 'outcome',
    id: id ?? outcomeId ?? newId(),
    ...envelope(frame, at),
    body: {
      ...rest,
      ...(error && { error: storedFailure(error, frame.guard) }),
      ...(solutionSummary !== undefined && { solutionSummary: frame.guard.text(solutionSummary, 'solution') }),
      success: success ?? null,
      quality: quality ?? null,
      durationMs: durationMs ?? null,
      costMicroUsd: toMicroUsd(costUsd),
      arm: arm ?? null,
      metadata: frame.guard.metadata(metadata ?? null),
    },
  }
}

export function stepDraft(step: z.output<typeof stepSchema>, frame: Frame, id?: string): FactDraft {
  const { stepId, at, startedAt, costUsd, error, name: given, metadata, ...rest } = step
  const name = given === undefined ? undefined : stepName(frame.guard, given)
  return {
    kind: 'step',
    id: id ?? stepId ?? newId(),
    ...envelope(frame, at ?? startedAt),
    body: {
      ...rest,
      ...(name !== undefined && { name }),
      ...(metadata && { metadata: frame.guard.metadata(metadata) }),
      ...(error && { error: storedFailure(error, frame.guard, name) }),
      ...(startedAt === undefined ? {} : { startedAtUs: startedAt }),
      ...(costUsd === undefined ? {} : { costMicroUsd: toMicroUsd(costUsd)! }),
    },
  }
}

export function feedbackDraft(feedback: z.output<typeof feedbackSchema>, frame: Frame, id?: string): FactDraft {
  const { feedbackId, at, comment, suggestions, metadata, ...rest } = feedback
  const { guard } = frame
  return {
    kind: 'feedback',
    id: id ?? feedbackId ?? newId(),
    ...envelope(frame, at),
    body: {
      ...rest,
      ...(comment !== undefined && { comment: guard.text(comment, 'comment') }),
      ...(suggestions && { suggestions: suggestions.map(text => guard.text(text, 'suggestion')) }),
      ...(metadata && { metadata: guard.metadata(metadata) }),
      value01: feedbackValue01(feedback.value),
    },
  }
}

/** A whole execution of the past: a decision without propensity, its outcome, steps and feedback. */
export function recordDrafts(record: z.output<typeof recordSchema>, frame: Frame): FactDraft[] {
  const { executionId: id } = frame
  const { task, taskType, context, routingConfidence, userId, sessionId, metadata, at, steps, feedback, ...outcome } =
    record
  const eligible = record.arms ?? [record.arm]
  if (!eligible.some(arm => arm.id === record.arm.id)) {
    throw new TacitError('INVALID_INPUT', `record: arm ${record.arm.id} is not among arms. Add it, or leave arms out.`)
  }
  const decision: FactDraft = {
    kind: 'decision',
    id,
    ...envelope(frame, at),
    body: {
      task: frame.guard.task(task),
      taskType: taskType ?? null,
      context: storedContext(frame.guard.context(context ?? {})),
      arms: distinctArms(eligible),
      arm: record.arm.id,
      propensity: null,
      distribution: null,
      policy: null,
      stage: null,
      explored: null,
      prediction: null,
      observations: null,
      joinDeadlineMs: null,
      routingConfidence: routingConfidence ?? null,
      userId: frame.guard.person(userId),
      sessionId: frame.guard.person(sessionId),
      metadata: frame.guard.metadata(metadata ?? null),
    },
  }
  const { arm: _arm, arms: _arms, executionId: _id, ...measured } = outcome
  // What belongs to an execution of the past did not happen while it was recorded.
  const then = at === undefined ? {} : { at }
  const hasOutcome = Object.values(measured).some(value => value !== undefined && value !== null)
  return [
    decision,
    ...(hasOutcome ? [outcomeDraft({ ...measured, ...then }, frame, `${id}/outcome`)] : []),
    ...(steps ?? []).map((step, i) =>
      stepDraft(
        { seq: i, ...(step.startedAt === undefined && then), ...step },
        frame,
        step.stepId ?? `${id}/step/${i}`,
      ),
    ),
    ...(feedback ?? []).map((item, i) =>
      feedbackDraft({ ...then, ...item }, frame, item.feedbackId ?? `${id}/feedback/${i}`),
    ),
  ]
}

function storedFailure({ type, message }: Failure, guard: Guard, tool?: string) {
  return {
    type,
    ...(message !== undefined && { message: guard.text(message, 'error') }),
    fingerprint: fingerprintOf(type, message, tool),
  }
}

export function envelope({ executionId, origin, nowMs }: Omit<Frame, 'guard'>, atUs: number | undefined) {
  if (atUs !== undefined) assertNotAhead(atUs, nowMs, 'at')
  return { executionId, origin, atUs: atUs ?? Math.round(nowMs * 1000) }
}

/** @throws TacitError INVALID_INPUT for a moment that lies in the future by more than clocks differ. */
export function assertNotAhead(atUs: number, nowMs: number, where: string): void {
  if (atUs <= nowMs * 1000 + maxAheadUs) return
  const ms = atUs / 1000
  const when = ms > 8.64e15 ? `${atUs} µs` : new Date(ms).toISOString()
  throw new TacitError('INVALID_INPUT', `${where}: ${when} lies in the future. Give the time at which it happened.`)
}

/** The context as given, with its complexity on 0..1 where the scale is known. */
export function storedContext(context: Context = {}): StoredContext {
  const complexity = complexity01(context.complexity)
  return complexity === null ? context : { ...context, complexity01: complexity }
}

/** Each arm once, in the caller's order. */
export function distinctArms(arms: readonly ArmSpec[]): ArmSpec[] {
  return [...new Map(arms.map(arm => [arm.id, arm])).values()]
}

const toMicroUsd = (usd: number | null | undefined) =>
  usd === undefined || usd === null ? null : Math.round(usd * 1e6)
