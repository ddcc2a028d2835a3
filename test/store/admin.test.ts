import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeAdminContract } from '../contract/store-admin.suite.ts'
import { freshDatabase } from '../helpers/postgres.ts'

storeAdminContract('SQLite', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tacit-admin-'))
  return {
    options: { db: join(directory, 'tacit.db'), durability: 'normal', busyTimeoutMs: 2_000 },
    remove: () => rm(directory, { recursive: true }),
  }
})

storeAdminContract('PostgreSQL', async () => {
  const { url, drop } = await freshDatabase()
  return { options: { db: url, durability: 'normal', busyTimeoutMs: 2_000 }, remove: drop }
})
