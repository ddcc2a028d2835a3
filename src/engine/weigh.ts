import type { ArmOverrides, Config } from '../config.ts'
import type { Choice } from '../learn/policy/policy.ts'
import type { ArmSpec, Limits, StoredContext } from '../records.ts'
import { affordable, type Offer, pacingOf, type Resource } from './budget.ts'
import { admitted, breachOf, type Constraints } from './constraints.ts'
import { greedy, greedyReason } from './exploration.ts'
import type { Learner, Subject } from './learner.ts'
import { type Bounds, withinShares } from './shares.ts'

/** Small enough to decide between equals only. */
const priorityStep = 1e-9
const priorities = { low: -1, normal: 0, high: 1 } as const

/** A choice as it is about to be made. Arrays run parallel to the arms. */
export interface Weighing {
  /** The policy's own view, before any limit. */
  readonly choice: Choice
  /** Estimated utility of each arm: the policy's, with what its relatives say of an arm that was hardly seen. */
  readonly values: Float64Array
  /** Exact probabilities within all limits; 0 for arms that are not eligible. */
  readonly probabilities: readonly number[]
  /** What the arms were compared by, without optimism: estimated utility and adjustments; -∞ if not eligible. */
  readonly indices: readonly number[]
  /** What goes on record if the arm at this place is taken; null where nothing but the policy had a say. */
  readonly limitsFor: (chosen: number) => Limits | null
}

/**
 * Lets the policy choose within the limits of the configuration, each stronger than those after it: constraints and the
 * least probability of success · budgets · choices that are kept · no exploration for urgent tasks and beyond its share · shares of arms.
 * Deterministic, so that the probabilities are exact. Changes nothing.
 */
export function weigh(
  learner: Learner,
  arms: readonly ArmSpec[],
  subject: Subject,
  context: StoredContext,
  config: Config,
): Weighing {
  const ids = arms.map(({ id }) => id)
  const choice = learner.policy.choose({ ...subject, arms: ids })
  const overrides = ids.map(id => config.arms[id])
  const excluded = exclusions(learner, subject, ids, overrides, config.constraints)
  const shifts = learner.facets.shifts(arms, subject.category)
  const preference = preferenceOf(ids, overrides, context, config.loadWeight, shifts)
  const distribute = (places: readonly number[], adjustment: Float64Array | null) =>
    distributionOver(learner, subject, ids, choice, places, adjustment)

  const free = distribute(excluded.places, preference)
  const offer = offerOf(learner, subject, ids)
  const adjustment = offer === null ? preference : minus(preference, offer.penalties)
  const priced = offer === null ? free : distribute(excluded.places, adjustment)
  const places = offer === null ? excluded.places : affordable(offer, excluded.places)
  const isBarred = places.length < excluded.places.length
  const paced = isBarred ? distribute(places, adjustment) : priced

  const compared = ids.map((_, i) => choice.values[i]! + (adjustment?.[i] ?? 0))
  const atUs = subject.day * 86_400e6
  const kept = ids.indexOf(learner.ledger.kept.armFor(subject.task, atUs) ?? '')
  const isKept = places.includes(kept)
  const reason = isKept ? null : greedyReason(config.exploration, context, atUs, learner.ledger.explored)
  const shares = isKept || reason !== null ? null : sharesOf(paced, overrides, places)
  const probabilities = isKept
    ? ids.map((_, i) => (i === kept ? 1 : 0))
    : reason === null
      ? (shares?.probabilities ?? paced)
      : greedy(compared, places)
  const forgone = free.reduce((sum, p, i) => sum + (p - paced[i]!) * (choice.values[i]! + (preference?.[i] ?? 0)), 0)
  return {
    choice,
    values: choice.values.map((value, i) => value + shifts[i]!),
    probabilities,
    indices: compared.map((value, i) => (places.includes(i) ? value : Number.NEGATIVE_INFINITY)),
    limitsFor: chosen => {
      const limits: Limits = {
        ...(Object.keys(excluded.reasons).length === 0 ? {} : { excluded: excluded.reasons }),
        ...(excluded.noneFits ? { noneFits: true } : {}),
        ...(isKept ? { kept: true } : {}),
        ...(reason === null ? {} : { greedy: reason }),
        ...(shares?.isMet === false ? { sharesUnmet: true } : {}),
        ...(adjustment === null ? {} : { adjustment: [...adjustment] }),
        ...(offer === null ? {} : { budget: pacingOf(offer, chosen, priced, isBarred), forgoneUtility: forgone }),
      }
      return Object.keys(limits).length === 0 ? null : limits
    },
  }
}

/** The arms that their forecasts leave eligible, and what spoke against the others. */
function exclusions(
  learner: Learner,
  subject: Subject,
  ids: readonly string[],
  overrides: readonly (ArmOverrides | undefined)[],
  general: Constraints,
) {
  const limits = overrides.map(own => ({
    ...general,
    minPSuccess: own?.minPSuccess == null ? general.minPSuccess : Math.max(own.minPSuccess, general.minPSuccess ?? 0),
  }))
  const isLimited = limits.some(limit => Object.values(limit).some(value => value !== null))
  if (!isLimited) return { places: [...ids.keys()], noneFits: false, reasons: {} }
  const breaches = ids.map((id, i) => breachOf(learner.predict(subject, id), limits[i]!))
  const broken = ids.flatMap((id, i) => (breaches[i]!.broken.length > 0 ? [[id, [...breaches[i]!.broken]]] : []))
  return { ...admitted(breaches), reasons: Object.fromEntries(broken) as Record<string, string[]> }
}

/** What relatives, load and priority add to each arm; null where none says anything. */
function preferenceOf(
  ids: readonly string[],
  overrides: readonly (ArmOverrides | undefined)[],
  { loads = {} }: StoredContext,
  loadWeight: number,
  shifts: Float64Array,
): Float64Array | null {
  const added = Float64Array.from(ids, (id, i) => {
    const load = Object.hasOwn(loads, id) ? loads[id]! : 0
    const priority = overrides[i]?.priority ?? 'normal'
    const step = priorityStep * (typeof priority === 'number' ? priority : priorities[priority])
    return shifts[i]! + step - loadWeight * load
  })
  return added.some(value => value !== 0) ? added : null
}

/** The policy's distribution over the arms at `places`; the other arms get 0. */
function distributionOver(
  learner: Learner,
  subject: Subject,
  ids: readonly string[],
  choice: Choice,
  places: readonly number[],
  adjustment: Float64Array | null,
): number[] {
  const isWhole = places.length === ids.length
  if (isWhole && adjustment === null) return [...choice.probabilities]
  const chosen = learner.policy.choose({
    ...subject,
    arms: places.map(i => ids[i]!),
    ...(adjustment === null ? {} : { adjustment: Float64Array.from(places, i => adjustment[i]!) }),
  })
  const probabilities = new Array<number>(ids.length).fill(0)
  for (const [i, place] of places.entries()) probabilities[place] = chosen.probabilities[i]!
  return probabilities
}

function offerOf(learner: Learner, subject: Subject, ids: readonly string[]): Offer | null {
  const { budget } = learner.ledger
  if (!budget.isLimited) return null
  return budget.offer(subject.day, (resource: Resource) => ids.map(id => learner.expected(subject, id, resource)))
}

function minus(values: Float64Array | null, penalties: Float64Array): Float64Array | null {
  const result = penalties.map((penalty, i) => (values?.[i] ?? 0) - penalty)
  return result.some(value => value !== 0) ? result : null
}

/** Keeps the least and largest shares of the eligible arms; null where none is declared for them. */
function sharesOf(
  probabilities: readonly number[],
  overrides: readonly (ArmOverrides | undefined)[],
  places: readonly number[],
) {
  const isBounded = places.some(i => (overrides[i]?.minProbability ?? 0) > 0 || (overrides[i]?.maxProbability ?? 1) < 1)
  if (!isBounded) return null
  const bounds = places.map(
    (i): Bounds => ({ low: overrides[i]?.minProbability ?? 0, high: overrides[i]?.maxProbability ?? 1 }),
  )
  const within = withinShares(
    places.map(i => probabilities[i]!),
    bounds,
  )
  const spread = probabilities.map(() => 0)
  for (const [i, place] of places.entries()) spread[place] = within.probabilities[i]!
  return { probabilities: spread, isMet: within.isMet }
}
