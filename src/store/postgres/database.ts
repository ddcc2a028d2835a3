import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { TacitError } from '../../errors.ts'
import type { Address } from './address.ts'
import { isConnectionLost, isUndone, openFailure, translateFailure } from './failure.ts'

export type Row = Readonly<Record<string, unknown>>
/** A statement; one with a name is prepared once per connection. */
export interface Statement {
  readonly name?: string
  readonly text: string
}
/** One connection, for the length of a transaction. */
export interface Session {
  run(statement: Statement, ...values: readonly unknown[]): Promise<Row[]>
}

export interface DatabaseOptions {
  readonly address: Address
  /** Most connections at a time. */
  readonly poolSize: number
  /** Longest wait for a connection, milliseconds. */
  readonly connectTimeoutMs: number
  /** Longest wait for other writers, and for a server that is gone to come back, milliseconds. */
  readonly busyTimeoutMs: number
  /** Longest time of one statement, milliseconds. */
  readonly statementTimeoutMs: number
  readonly readOnly: boolean
  /** full: a commit is on disk before it is acknowledged, whatever the server's default. */
  readonly durability: 'normal' | 'full'
}

/** What connections call themselves, unless the URL says otherwise. */
const applicationName = 'tacit'
/** A session that stopped in the middle of a transaction frees its locks after this time. */
const idleInTransactionMs = 5_000
/** The server keeps the time limits; one that stays silent for so much longer does not answer any more. */
const graceMs = 2_000
const int8 = 20

/** Names are found in our own schema, and types of pgvector where it was installed. */
const prepareSession: Statement = {
  text: `
    SELECT
      set_config('search_path', 'tacit, ' || coalesce(
        (SELECT quote_ident(nspname) FROM pg_catalog.pg_extension e
          JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE extname = 'vector'), 'public'), false),
      set_config('TimeZone', 'UTC', false),
      set_config('lock_timeout', $1, false),
      set_config('statement_timeout', $2, false),
      set_config('idle_in_transaction_session_timeout', $3, false),
      set_config('default_transaction_read_only', $4, false),
      set_config('synchronous_commit', CASE WHEN $5 THEN 'on' ELSE current_setting('synchronous_commit') END, false),
      set_config('tcp_keepalives_idle', '30', false),
      set_config('tcp_keepalives_interval', '10', false),
      set_config('tcp_keepalives_count', '3', false)`,
}

/** A bounded pool of connections to one database, with retries where they are safe. */
export class Database {
  readonly location: string
  readonly options: DatabaseOptions
  readonly #pool: pg.Pool
  #isOpen = true

  constructor(options: DatabaseOptions) {
    this.options = options
    this.location = options.address.location
    this.#pool = new pg.Pool({
      ...clientConfig(options),
      max: options.poolSize,
      idleTimeoutMillis: 30_000,
      allowExitOnIdle: true,
      onConnect: client => this.#prepare(client as pg.Client) as unknown as undefined,
    })
    // An idle connection that breaks is replaced when the next one is asked for; who uses a broken one is told.
    this.#pool.on('error', () => undefined)
    // The pool listens only while a connection is idle; unheard, its breaking would end the process.
    this.#pool.on('connect', client => client.on('error', () => undefined))
  }

  get connections(): { open: number; idle: number; waiting: number } {
    return { open: this.#pool.totalCount, idle: this.#pool.idleCount, waiting: this.#pool.waitingCount }
  }

  /** One statement that reads, or that changes nothing more when it runs twice; repeated if the connection fails. */
  query(statement: Statement, ...values: readonly unknown[]): Promise<Row[]> {
    return this.retry(() => this.once(statement, ...values))
  }

  /** One statement, run at most once. */
  async once(statement: Statement, ...values: readonly unknown[]): Promise<Row[]> {
    this.assertOpen()
    return this.#translated(async () => (await this.#pool.query({ ...statement, values: [...values] })).rows as Row[])
  }

  /**
   * `body` with one connection to itself; a transaction that it leaves open by throwing is rolled back.
   * @param answerMs a server that answers a statement later than this counts as gone. Default: the limit of statements.
   */
  async session<T>(body: (session: Session) => Promise<T>, answerMs?: number): Promise<T> {
    this.assertOpen()
    return this.#translated(async () => {
      const client = await this.#pool.connect()
      const limit = answerMs === undefined ? {} : { query_timeout: answerMs + graceMs }
      const run: Session['run'] = async (statement, ...values) =>
        (await client.query({ ...statement, values: [...values], ...limit })).rows as Row[]
      try {
        const result = await body({ run })
        client.release()
        return result
      } catch (error) {
        client.release(isConnectionLost(error) || !(await hasRolledBack(client)))
        throw error
      }
    })
  }

  /**
   * `action` again after a failure of the connection or a deadlock, with growing random waits, up to the time limit.
   * Only for what may safely happen twice.
   */
  async retry<T>(action: () => Promise<T>): Promise<T> {
    const startedAtMs = performance.now()
    for (let longestMs = 20; ; longestMs = Math.min(longestMs * 2, 1_000)) {
      try {
        return await action()
      } catch (error) {
        const cause = error instanceof TacitError ? error.cause : error
        const isOver = performance.now() - startedAtMs >= this.options.busyTimeoutMs
        if (!this.#isOpen || isOver || !(isConnectionLost(cause) || isUndone(cause))) throw error
      }
      await sleep(randomInt(longestMs / 2, longestMs + 1))
    }
  }

  /**
   * A connection of its own outside the pool, for what takes long or listens: without limits on statements and locks.
   * The caller ends it.
   */
  async dedicated(): Promise<pg.Client> {
    this.assertOpen()
    return this.#translated(async () => {
      const client = new pg.Client(clientConfig({ ...this.options, statementTimeoutMs: 0 }))
      client.on('error', () => undefined)
      await client.connect()
      try {
        await this.#prepare(client, { busyTimeoutMs: 0, statementTimeoutMs: 0 })
      } catch (error) {
        await client.end()
        throw error
      }
      return client
    })
  }

  /** Tries one connection, without repeating. @throws TacitError that says why the database cannot be used. */
  async open(): Promise<void> {
    try {
      const client = await this.#pool.connect()
      client.release()
    } catch (error) {
      throw openFailure(error, this.location)
    }
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    await this.#pool.end()
  }

  async #prepare(client: pg.Client, limits: Partial<DatabaseOptions> = {}): Promise<void> {
    const { busyTimeoutMs, statementTimeoutMs, readOnly, durability } = { ...this.options, ...limits }
    await client.query({
      ...prepareSession,
      values: [
        String(busyTimeoutMs),
        String(statementTimeoutMs),
        String(idleInTransactionMs),
        readOnly ? 'on' : 'off',
        durability === 'full',
      ],
    })
  }

  async #translated<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (error) {
      throw this.#isPoolExhausted(error) ? this.#poolError(error) : translateFailure(error, this.location)
    }
  }

  #isPoolExhausted(error: unknown): boolean {
    const { open, idle } = this.connections
    const hasWaited = error instanceof Error && error.message === 'timeout exceeded when trying to connect'
    return hasWaited && idle === 0 && open >= this.options.poolSize
  }

  #poolError(cause: unknown): TacitError {
    const { poolSize, connectTimeoutMs } = this.options
    return new TacitError(
      'STORE_BUSY',
      `All ${poolSize} connections to ${this.location} were in use for ${connectTimeoutMs} ms. Try again, or raise ` +
        'postgres.poolSize.',
      { cause, details: { location: this.location, poolSize } },
    )
  }

  /** @throws TacitError CLOSED */
  assertOpen(): void {
    if (this.#isOpen) return
    throw new TacitError('CLOSED', `The store ${this.location} was closed before this call. Open it again.`)
  }
}

/** False for a connection that is of no use any more. */
async function hasRolledBack(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK')
    return true
  } catch (error) {
    if (error instanceof Error) return false
    throw error
  }
}

function clientConfig({ address, connectTimeoutMs, statementTimeoutMs }: DatabaseOptions): pg.ClientConfig {
  return {
    connectionString: address.url,
    fallback_application_name: applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    ...(statementTimeoutMs === 0 ? {} : { query_timeout: statementTimeoutMs + graceMs }),
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // Statements that do not need each other's answers travel together.
    pipeline: true,
    types: {
      // Cursors, times and money are safe integers.
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === int8 ? Number : pg.types.getTypeParser(oid, format as 'text'),
    } as pg.CustomTypesConfig,
  }
}
