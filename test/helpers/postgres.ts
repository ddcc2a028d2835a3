import { randomUUID } from 'node:crypto'
import { inject } from 'vitest'
import { databaseAt, query } from '../../scripts/postgres/query.ts'
import type { TestServer } from './postgres-setup.ts'

/** A database for one test. */
export interface FreshDatabase {
  readonly url: string
  /** Removes it, cutting what is still connected. */
  drop(): Promise<void>
}

let server: Promise<TestServer> | undefined

/**
 * Makes a database on the PostgreSQL of this test run, in some 30 ms: empty but for the extension "vector", or with
 * `isSetUp` as Tacit sets it up, which saves the time that this takes. Tests that stop or kill a server start one of their
 * own with `startPostgres`.
 * @throws Error that says why there is no PostgreSQL and what to do.
 */
export async function freshDatabase({ isSetUp = false } = {}): Promise<FreshDatabase> {
  server ??= askForServer()
  const { url, template, setUpTemplate } = await server
  const name = `${template}_${randomUUID().slice(0, 8)}`
  await query(url, `create database ${name} template ${isSetUp ? setUpTemplate : template}`)
  const own = databaseAt(url, name)
  // Each database has an identity of its own.
  if (isSetUp) await query(own, "update tacit.meta set value = $1 where key = 'origin'", [randomUUID()])
  return {
    url: own,
    drop: async () => {
      await query(url, `drop database ${name} with (force)`)
    },
  }
}

async function askForServer(): Promise<TestServer> {
  const answer = await fetch(inject('postgresDesk'))
  if (!answer.ok) throw new Error(await answer.text())
  return (await answer.json()) as TestServer
}
