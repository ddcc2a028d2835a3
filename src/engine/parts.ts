import type { Config } from '../config.ts'
import type { Embedder } from '../embed/embedder.ts'
import { TacitError } from '../errors.ts'
import type { ArmSpec } from '../records.ts'
import type { Appended, Store } from '../store/store.ts'
import { distinctArms, type Frame } from './drafts.ts'
import type { Learner } from './learner.ts'
import type { Guard } from './privacy.ts'
import type { Synchroniser } from './synchroniser.ts'
import type { Models } from './track/models.ts'

const dayMs = 86_400_000

/** What an open Tacit works with. */
export interface Parts {
  readonly store: Store
  /** The store is used by others too: closing this Tacit leaves it open. */
  readonly isStoreShared?: boolean
  readonly config: Config
  readonly embedder: Embedder
  readonly synchroniser: Synchroniser
  /** Versions of what was learned; one of them may decide in the place of the live one. */
  readonly models: Models
  readonly seed: string
  readonly guard: Guard
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export const isEnabled = ({ enabled, stage }: Config): boolean => enabled && stage !== 'off'

export const frameOf = ({ store, now, guard }: Parts, executionId: string): Frame => ({
  executionId,
  origin: store.origin,
  nowMs: now(),
  guard,
})

/** The learner that has the say, as of now. To be called inside `exclusive`. */
export async function learnerNow(parts: Parts): Promise<Learner> {
  return parts.models.inUse(await liveNow(parts), Math.floor(parts.now() / dayMs))
}

async function liveNow({ synchroniser, now }: Parts): Promise<Learner> {
  const nowMs = now()
  const live = await synchroniser.current()
  const day = Math.floor(nowMs / dayMs)
  const known = aged.get(live)
  if (known?.day === day && known.cursor === synchroniser.cursor) return known.learner
  const learner = live.asOf(nowMs / dayMs, nowMs * 1000)
  if (learner !== live) aged.set(live, { day, cursor: synchroniser.cursor, learner })
  return learner
}

/** What a learner came to on a day on which nothing was learned yet; ageing takes a copy of everything. */
const aged = new WeakMap<Learner, { readonly day: number; readonly cursor: number; readonly learner: Learner }>()

/** The arms given, or else every arm that was ever eligible or is registered; each with the facets that are known of it. */
export function eligibleArms(given: readonly ArmSpec[] | undefined, learner: Learner, { arms }: Config): ArmSpec[] {
  const registered = Object.entries(arms).flatMap(([id, { facets }]) => (facets === undefined ? [] : [{ id, facets }]))
  const named = given ?? [...learner.arms.values(), ...registered.filter(({ id }) => !learner.arms.has(id))]
  const eligible = distinctArms(named).map(arm => {
    const facets = arm.facets ?? (Object.hasOwn(arms, arm.id) ? arms[arm.id]!.facets : undefined)
    return facets === undefined ? arm : { id: arm.id, facets }
  })
  if (eligible.length > 0) return eligible
  throw new TacitError('NO_ARMS', 'There is no arm to choose from. Give arms: ["a", "b"], or record executions first.')
}

export const conflictError = ({ conflictId }: Appended) =>
  new TacitError(
    'ID_CONFLICT',
    `The id ${conflictId} is already taken by another fact. Use another id; nothing was written.`,
  )
