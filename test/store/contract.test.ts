import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPostgresStore } from '../../src/store/postgres/open.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import type { Store } from '../../src/store/store.ts'
import { storeContract } from '../contract/store.suite.ts'
import { freshDatabase } from '../helpers/postgres.ts'

storeContract('SQLite', async (options = {}) => {
  const directory = await mkdtemp(join(tmpdir(), 'tacit-store-'))
  const path = join(directory, 'tacit.db')
  const handles: Store[] = []
  const open = async ({ now }: { now?: () => number } = {}) => {
    const handle = await openSqliteStore({ path, durability: 'normal', busyTimeoutMs: 5_000, now })
    handles.push(handle)
    return handle
  }
  return {
    store: await open(options),
    reopen: open,
    async cleanup() {
      for (const handle of handles) await handle.close()
      await rm(directory, { recursive: true })
    },
  }
})

storeContract('PostgreSQL', async (options = {}) => {
  const { url, drop } = await freshDatabase({ isSetUp: true })
  const handles: Store[] = []
  const open = async ({ now }: { now?: () => number } = {}) => {
    const handle = await openPostgresStore({ url, durability: 'normal', busyTimeoutMs: 5_000, now })
    handles.push(handle)
    return handle
  }
  return {
    store: await open(options),
    reopen: open,
    async cleanup() {
      for (const handle of handles) await handle.close()
      await drop()
    },
  }
})
