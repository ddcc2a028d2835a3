import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databaseAt, query } from '../../scripts/postgres/query.ts'
import { type PostgresServer, startPostgres } from '../../scripts/postgres/server.ts'

export type StoreName = 'SQLite' | 'PostgreSQL'
export interface Database {
  readonly url: string
  remove(): Promise<void>
}
/** A place where databases of one kind can be made. */
export interface Site {
  readonly store: StoreName
  newDatabase(): Promise<Database>
  close(): Promise<void>
}
export interface PostgresSite extends Site {
  readonly server: PostgresServer
}

export function sqliteSite(parent: string = tmpdir()): Site {
  return {
    store: 'SQLite',
    async newDatabase() {
      const folder = await mkdtemp(join(parent, 'tacit-faults-'))
      return { url: join(folder, 'tacit.db'), remove: () => rm(folder, { recursive: true }) }
    },
    close: async () => {},
  }
}

/** A server of our own, as durable as PostgreSQL is by default, with databases that hold nothing but the extension. */
export async function postgresSite(options: Parameters<typeof startPostgres>[0] = {}): Promise<PostgresSite> {
  const server = await startPostgres(options)
  let made = 0
  return {
    store: 'PostgreSQL',
    server,
    async newDatabase() {
      await server.start()
      const name = `tacit_faults_${made++}`
      await query(server.url, `create database ${name}`)
      const url = databaseAt(server.url, name)
      await query(url, 'create extension vector')
      return {
        url,
        remove: async () => {
          await server.start()
          await query(server.url, `drop database ${name} with (force)`)
        },
      }
    },
    close: () => server.remove(),
  }
}
