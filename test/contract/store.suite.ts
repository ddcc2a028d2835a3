import { describe } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { hostileContract } from './store/hostile.ts'
import { logContract } from './store/log.ts'
import { projectionContract } from './store/projection.ts'
import { pruneContract } from './store/prune.ts'
import { rollupContract } from './store/rollups.ts'
import { searchContract } from './store/search.ts'
import { stateContract } from './store/state.ts'

/** A fresh, empty database and a handle on it. */
export interface Opened {
  readonly store: Store
  /** Another handle on the same data, as another process would have it. */
  reopen(options?: OpenOptions): Promise<Store>
  /** Closes every handle and removes the data. */
  cleanup(): Promise<void>
}
export interface OpenOptions {
  /** The clock: milliseconds since 1970. */
  readonly now?: () => number
}
export type Open = (options?: OpenOptions) => Promise<Opened>
/** Runs `use` on a fresh database and removes it afterwards. */
export type WithStore = (use: (store: Store, opened: Opened) => Promise<void>, options?: OpenOptions) => Promise<void>

/** What every store promises. `open` gives a fresh, empty database each time. */
export function storeContract(name: string, open: Open): void {
  const withStore: WithStore = async (use, options) => {
    const opened = await open(options)
    try {
      await use(opened.store, opened)
    } finally {
      await opened.cleanup()
    }
  }
  describe(`${name} keeps the store contract:`, () => {
    logContract(withStore)
    projectionContract(withStore)
    searchContract(withStore)
    stateContract(withStore)
    pruneContract(withStore)
    rollupContract(withStore)
    hostileContract(withStore)
  })
}
