import { randomUUID } from 'node:crypto'
import { type Config, loadConfig } from '../config.ts'
import { hashingEmbedder } from '../embed/hashing.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { createGuard, type Redact } from './privacy.ts'
import { Synchroniser } from './synchroniser.ts'
import { TacitEngine } from './tacit.ts'
import type { OpenOptions, Tacit } from './types.ts'

/**
 * Opens Tacit on a database, which is created if it does not exist. Options given here win over environment variables
 * (`TACIT_…`), those over the file named by `configFile`, those over the defaults.
 * @throws TacitError INVALID_CONFIG, or a STORE_… code that says why the database cannot be used.
 * @example
 * const tacit = await openTacit({ db: './tacit.db' })
 */
export async function openTacit(options: OpenOptions = {}): Promise<Tacit> {
  const { configFile, now = Date.now, redact, ...flags } = options
  const { config } = loadConfig({
    flags,
    environment: process.env,
    ...(configFile === undefined ? {} : { file: configFile }),
  })
  const store = await storeOf(config, now)
  try {
    return await tacitOn(store, config, now, { redact })
  } catch (error) {
    await store.close()
    throw error
  }
}

/** One database for any number of scopes, which share its connections. */
export interface Database {
  /** Opens the scope that `config` names, with its settings; closing it leaves the database open. */
  open(config: Config): Promise<Tacit>
  /** To be called when everything that was opened on it is closed. */
  close(): Promise<void>
}

/**
 * Opens the database that `config` names, for whoever serves several scopes of it.
 * @throws TacitError with a STORE_… code that says why the database cannot be used.
 */
export async function openDatabase(config: Config, now: () => number = Date.now): Promise<Database> {
  const store = await storeOf(config, now)
  return { open: config => tacitOn(store, config, now, { isStoreShared: true }), close: () => store.close() }
}

function storeOf({ db, durability, busyTimeoutMs, postgres, embedding }: Config, now: () => number): Promise<Store> {
  return openStore({ db, durability, busyTimeoutMs, vectorMemoryMb: embedding.memoryMb, postgres, now })
}

async function tacitOn(
  store: Store,
  config: Config,
  now: () => number,
  { isStoreShared = false, redact }: { isStoreShared?: boolean; redact?: Redact | undefined },
): Promise<Tacit> {
  const synchroniser = await Synchroniser.open(store, config)
  const embedder = hashingEmbedder(config.embedding.dimension)
  const guard = createGuard(config.privacy, store.origin, redact)
  const seed = config.seed || randomUUID()
  return new TacitEngine({ guard, store, isStoreShared, config, embedder, synchroniser, seed, now })
}
