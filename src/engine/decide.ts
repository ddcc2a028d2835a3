import type { z } from 'zod'
import { TacitError } from '../errors.ts'
import type { Decision, decideSchema } from '../records.ts'
import type { FactDraft } from '../store/store.ts'
import { actingShare, choiceOf, draw, incumbentOf, observationsOf } from './choice.ts'
import { envelope, newId, storedContext } from './drafts.ts'
import type { Learner } from './learner.ts'
import { conflictError, eligibleArms, frameOf, isEnabled, learnerNow, type Parts } from './parts.ts'
import type { ArmChoice } from './types.ts'
import { weigh } from './weigh.ts'

type Request = z.output<typeof decideSchema>
type DecisionDraft = FactDraft & { kind: 'decision' }

/** Chooses an arm, writes the decision down and returns it. The same id for the same task gives the first choice again. */
export async function decide(parts: Parts, given: Request): Promise<ArmChoice> {
  const request = { ...given, task: parts.guard.task(given.task) }
  const { store, config, embedder, synchroniser } = parts
  const [vector] = isEnabled(config) ? await embedder.embed([request.task]) : []
  return synchroniser.exclusive(async () => {
    const drafted = await draftOrKnown(parts, request, vector !== undefined)
    if ('known' in drafted) return sameChoice(drafted.known, request)
    const { draft } = drafted
    if (vector === undefined) return choiceOf({ ...draft, recordedAtUs: draft.atUs })
    const vectors = [{ executionId: draft.id, embedder: embedder.id, vector }]
    const results = await store.append(config.scope, [[draft]], vectors, { withHistory: true })
    const { status, facts } = results[0]!
    if (status === 'conflict') throw conflictError(results[0]!)
    const stored = facts[0]?.fact as Decision | undefined
    if (stored === undefined) throw prunedError(draft.id)
    // The first choice under an id stands, whichever process made it.
    if (status === 'duplicate') return sameChoice(stored, request)
    synchroniser.appended(results)
    await synchroniser.learn()
    return choiceOf(stored)
  })
}

/**
 * A new choice. Whether the caller's id has one already is told by appending it, so it is looked up only where nothing will
 * be appended: the choice of old is good even if none could be made now.
 */
async function draftOrKnown(
  parts: Parts,
  request: Request,
  isAppended: boolean,
): Promise<{ known: Decision } | { draft: DecisionDraft }> {
  const lookUp = async () =>
    request.decisionId === undefined ? null : await recordedDecision(parts, request.decisionId)
  const known = isAppended ? null : await lookUp()
  if (known !== null) return { known }
  const learner = await learnerNow(parts)
  try {
    return { draft: draftDecision(parts, request, learner) }
  } catch (error) {
    const found = isAppended ? await lookUp() : null
    if (found === null) throw error
    return { known: found }
  }
}

function draftDecision(parts: Parts, request: Request, learner: Learner): DecisionDraft {
  const { config, seed } = parts
  const arms = eligibleArms(request.arms, learner, config)
  const stage = isEnabled(config) ? (request.stage ?? config.stage) : 'off'
  const id = request.decisionId ?? newId()
  const frame = envelope(frameOf(parts, id), request.at)
  const taskType = request.taskType ?? null
  const subject = learner.subjectOf(request.task, taskType, frame.atUs)
  const context = storedContext(parts.guard.context(request.context ?? {}))
  const weighing = weigh(learner, arms, subject, context, config)
  const drawn = draw(weighing, arms, incumbentOf(arms, request.incumbent), actingShare(stage, config), `${seed}:${id}`)
  const index = arms.findIndex(arm => arm.id === drawn.arm)
  const limits = weighing.limitsFor(index)
  return {
    kind: 'decision',
    id,
    ...frame,
    body: {
      task: request.task,
      taskType,
      context,
      arms,
      ...drawn,
      policy: { id: learner.policy.id, version: learner.policy.version, seed },
      stage,
      prediction: config.features.prediction ? learner.predict(subject, drawn.arm) : null,
      observations: observationsOf(weighing.choice, index),
      ...(limits === null ? {} : { limits }),
      joinDeadlineMs: request.joinDeadlineMs ?? config.learning.joinDeadlineMs,
      routingConfidence: request.routingConfidence ?? null,
      userId: parts.guard.person(request.userId),
      sessionId: parts.guard.person(request.sessionId),
      metadata: parts.guard.metadata(request.metadata ?? null),
    },
  }
}

const prunedError = (id: string) =>
  new TacitError(
    'NOT_FOUND',
    `decide: the decision ${id} was made once and has been pruned. Use another decisionId, or import its archive.`,
  )

async function recordedDecision({ store, config }: Parts, id: string): Promise<Decision | null> {
  const execution = (await store.facts(config.scope, [id])).get(id) ?? []
  return execution.map(({ fact }) => fact).find(fact => fact.kind === 'decision') ?? null
}

function sameChoice(decision: Decision, { task, taskType }: Request): ArmChoice {
  if (decision.body.task === task && decision.body.taskType === (taskType ?? null)) return choiceOf(decision)
  throw new TacitError(
    'ID_CONFLICT',
    `decide: the id ${decision.id} belongs to a decision about another task. Use another decisionId.`,
  )
}
