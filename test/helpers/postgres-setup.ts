import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'
import { databaseAt, query } from '../../scripts/postgres/query.ts'
import { type PostgresServer, startPostgres } from '../../scripts/postgres/server.ts'
import { openPostgresStore } from '../../src/store/postgres/open.ts'

/** What the tests of one run share: a server and, on it, databases to copy. */
export interface TestServer {
  readonly url: string
  /** Empty but for the extension "vector". Its name begins the names of all others. */
  readonly template: string
  /** With Tacit's schema in it. */
  readonly setUpTemplate: string
}

declare module 'vitest' {
  interface ProvidedContext {
    /** Where tests ask for the server. */
    postgresDesk: string
  }
}

/**
 * One PostgreSQL for a whole run of the tests, started when the first test asks for it: on the loopback the first
 * answer takes as long as the start. If there is none to be had, each test that asks fails with the reason.
 */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  let own: PostgresServer | undefined
  let started: Promise<TestServer> | undefined
  const start = async (): Promise<TestServer> => {
    const given = process.env.TACIT_TEST_DATABASE_URL
    // Tests of what survives a crash start servers of their own; here only speed counts.
    if (!given) own = await startPostgres({ settings: { fsync: 'off', full_page_writes: 'off' } })
    const url = given || own!.url
    const template = `tacit_test_${randomUUID().slice(0, 8)}`
    try {
      await query(url, `create database ${template}`)
    } catch (cause) {
      const whose = given ? 'the server of TACIT_TEST_DATABASE_URL' : 'the server of this test run'
      throw new Error(`No database can be made on ${whose}: ${(cause as Error).message}`, { cause })
    }
    await query(databaseAt(url, template), 'create extension vector')
    const setUpTemplate = `${template}_set_up`
    await query(url, `create database ${setUpTemplate} template ${template}`)
    const about = { url: databaseAt(url, setUpTemplate), durability: 'normal', busyTimeoutMs: 10_000 } as const
    const store = await openPostgresStore(about)
    await store.close()
    return { url, template, setUpTemplate }
  }

  const desk = createServer((_request, response) => {
    started ??= start()
    started.then(
      server => response.end(JSON.stringify(server)),
      (error: Error) => response.writeHead(500).end(error.message),
    )
  })
  await new Promise<void>(resolve => desk.listen(0, '127.0.0.1', resolve))
  provide('postgresDesk', `http://127.0.0.1:${(desk.address() as AddressInfo).port}/`)

  return async () => {
    desk.close()
    const server = await started?.catch(() => undefined)
    if (own !== undefined) await own.remove()
    else if (server !== undefined) await dropAll(server)
  }
}

/** Leaves a server that is not ours as it was: without the databases of tests that broke off. */
async function dropAll({ url, template }: TestServer): Promise<void> {
  const names = await query(url, 'select datname from pg_database where starts_with(datname, $1)', [template])
  for (const { datname } of names) await query(url, `drop database ${datname} with (force)`)
}
