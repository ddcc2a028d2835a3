import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeAdminContract } from '../contract/store-admin.suite.ts'

storeAdminContract('SQLite', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tacit-admin-'))
  return {
    options: { db: join(directory, 'tacit.db'), durability: 'normal', busyTimeoutMs: 2_000 },
    remove: () => rm(directory, { recursive: true }),
  }
})
