import { onTestFinished } from 'vitest'
import { type Config, loadConfig } from '../../src/config.ts'
import { hashingEmbedder } from '../../src/embed/hashing.ts'
import { decodeState } from '../../src/engine/codec.ts'
import { createGuard } from '../../src/engine/privacy.ts'
import { Synchroniser } from '../../src/engine/synchroniser.ts'
import { TacitEngine } from '../../src/engine/tacit.ts'
import type { OpenOptions } from '../../src/engine/types.ts'
import { EvidenceTable } from '../../src/learn/hierarchy/evidence.ts'
import type { StateRecord } from '../../src/learn/state.ts'
import { sha256 } from '../../src/store/log-hash.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'

/** Noon of the first day of 2026, UTC, in milliseconds. */
export const noonMs = Date.UTC(2026, 0, 1, 12)
export const hourMs = 3_600_000
export const dayMs = 24 * hourMs

/** A clock that moves only when it is told to. */
export class Clock {
  nowMs = noonMs
  readonly now = () => this.nowMs
}

/** An open Tacit together with what it is made of, so that a test can look at, or break, the parts. */
export interface Opened {
  readonly tacit: TacitEngine
  readonly store: Store
  readonly synchroniser: Synchroniser
  readonly config: Config
  readonly clock: Clock
}

/**
 * Opens what `openTacit` opens: by default in memory, with a fixed seed and a clock that stands still. It is closed when
 * the test is over. `through` may put something between the engine and its store.
 */
export async function openEngine(
  { redact, ...options }: Omit<OpenOptions, 'now' | 'configFile'> = {},
  { clock = new Clock(), through = store => store }: { clock?: Clock; through?: (store: Store) => Store } = {},
): Promise<Opened> {
  const { config } = loadConfig({ flags: { db: ':memory:', seed: 'test', ...options } })
  const { db, durability, busyTimeoutMs } = config
  const { now } = clock
  const store = through(await openStore({ db, durability, busyTimeoutMs, now }))
  const synchroniser = await Synchroniser.open(store, config)
  const embedder = hashingEmbedder(config.embedding.dimension)
  const guard = createGuard(config.privacy, store.origin, redact)
  const tacit = new TacitEngine({ guard, store, config, embedder, synchroniser, seed: config.seed, now })
  onTestFinished(() => tacit.close())
  return { tacit, store, synchroniser, config, clock }
}

/** The digest of the learned state, up to date: megabytes that differ are best not shown side by side. */
export async function stateHash(opened: Pick<Opened, 'synchroniser'>): Promise<string> {
  return sha256(await stateBytes(opened))
}

function stateBytes({ synchroniser }: Pick<Opened, 'synchroniser'>): Promise<Uint8Array> {
  return synchroniser.exclusive(async () => (await synchroniser.current()).toBytes())
}

/** Counts and sums by node ("all", "type database", "task 42") and arm: `[n, sum]`. */
type Statistics = Readonly<Record<string, Readonly<Record<string, readonly [number, number]>>>>

/**
 * The sufficient statistics of everything learned, by name and sorted, so that neither the order of arrival nor internal
 * numbering shows; and what is in flight.
 */
export async function sufficientStatistics(opened: Pick<Opened, 'synchroniser'>) {
  const state = decodeState(await stateBytes(opened)) as StateRecord
  const predictors = state.predictors as Record<string, StateRecord>
  const ensemble = (of: unknown) => statisticsOf((of as StateRecord).ensemble as StateRecord)
  const inFlight = state.inFlight as { ids: string[]; entries: unknown[] }
  const pending = (state.policy as StateRecord).pending as { keys: string[]; counts: number[] }
  return {
    utility: ensemble(state.policy),
    pSuccess: statisticsOf(predictors.pSuccess!.rates as StateRecord),
    durationMs: ensemble(predictors.durationMs),
    costUsd: ensemble(predictors.costUsd),
    inFlight: sorted(inFlight.ids.map((id, i) => [id, inFlight.entries[i]] as const)),
    pending: sorted(pending.keys.map((key, i) => [key, pending.counts[i]] as const)),
  }
}

function statisticsOf(holder: StateRecord): Statistics {
  const table = EvidenceTable.fromState(holder.evidence as StateRecord, null)
  const nodes = [
    ['all', table.totals] as const,
    ...[...table.categories].map(([name, cells]) => [`type ${name}`, cells] as const),
    ...[...table.tasks].map(([key, cells]) => [`task ${key}`, cells] as const),
  ]
  return sorted(
    nodes.flatMap(([name, { arms, n, s }]) =>
      arms.length === 0 ? [] : [[name, sorted(arms.map((arm, i) => [table.arms[arm]!, [n[i]!, s[i]!] as const]))]],
    ),
  )
}

const sorted = <T>(entries: readonly (readonly [string, T])[]): Record<string, T> =>
  Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
