import { randomUUID } from 'node:crypto'
import { loadConfig } from '../config.ts'
import { hashingEmbedder } from '../embed/hashing.ts'
import { openStore } from '../store/open.ts'
import { createGuard } from './privacy.ts'
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
  const { db, durability, busyTimeoutMs, postgres } = config
  const store = await openStore({ db, durability, busyTimeoutMs, postgres, now })
  try {
    const synchroniser = await Synchroniser.open(store, config)
    const embedder = hashingEmbedder(config.embedding.dimension)
    const guard = createGuard(config.privacy, store.origin, redact)
    return new TacitEngine({ guard, store, config, embedder, synchroniser, seed: config.seed || randomUUID(), now })
  } catch (error) {
    await store.close()
    throw error
  }
}
