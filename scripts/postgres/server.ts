import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { postgresPrograms } from './programs.ts'
import { run } from './run.ts'

export interface ServerOptions {
  /** Settings of postgresql.conf that differ from PostgreSQL's own defaults. */
  readonly settings?: Readonly<Record<string, string>>
  /** Become a standby that follows this server by streaming replication, instead of starting empty. */
  readonly standbyOf?: PostgresServer
  /** Where the folder with its data is made; default: the temporary directory. */
  readonly parent?: string
}

/** A PostgreSQL server of our own on the loopback, for tests and measurements: anybody on this machine may log in. */
export interface PostgresServer {
  readonly port: number
  /** The number of its main process. */
  readonly pid: number
  /** The database "postgres", as superuser. */
  readonly url: string
  /** Starts it unless it runs, on the same port and data, and waits until it answers. */
  start(): Promise<void>
  /** Ends it as an administrator would: connections are cut, the data are written. */
  stop(): Promise<void>
  /** kill -9 of the server's main process, which takes the others with it; resolves when all are gone. */
  kill(): Promise<void>
  /** Stops it and deletes its data. */
  remove(): Promise<void>
}

const startLimitMs = 60_000

/** Creates a server in a folder of its own under the temporary directory and starts it. */
export async function startPostgres(options: ServerOptions = {}): Promise<PostgresServer> {
  const programs = await postgresPrograms()
  const account = serverAccount()
  const folder = await mkdtemp(join(options.parent ?? tmpdir(), 'tacit-postgres-'))
  if (account.uid !== undefined) await chown(folder, account.uid, account.gid)
  const data = join(folder, 'data')
  const program = (name: string, args: string[]) => run(join(programs, name), args, { ...account, cwd: '/' })
  try {
    if (options.standbyOf === undefined) await program('initdb', ['-D', data, ...initialisation])
    else await program('pg_basebackup', ['-D', data, '-R', '-X', 'stream', '-c', 'fast', '-d', options.standbyOf.url])
    const port = await freePort()
    const server = new Server(join(programs, 'postgres'), folder, port, account, options.settings ?? {})
    await server.start()
    return server
  } catch (cause) {
    await rm(folder, { recursive: true, force: true })
    throw new Error(`A PostgreSQL server could not be started in ${folder}: ${(cause as Error).message}`, { cause })
  }
}

/** A linguistic order of texts, as most people's databases have it: whoever needs the order of code points must say so. */
const initialisation = [
  ...['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--no-instructions'],
  ...['--locale=C', '--locale-provider=icu', '--icu-locale=en-US'],
]

/** Whom a server runs as; nothing: whoever starts it. */
type Account = { readonly uid: number; readonly gid: number } | Record<string, never>

class Server implements PostgresServer {
  readonly port: number
  readonly url: string
  readonly #program: string
  readonly #folder: string
  readonly #account: Account
  readonly #settings: readonly string[]
  #process: ChildProcess | null = null

  constructor(
    program: string,
    folder: string,
    port: number,
    account: Account,
    settings: Readonly<Record<string, string>>,
  ) {
    this.port = port
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`
    this.#program = program
    this.#folder = folder
    this.#account = account
    const all = {
      ...{ listen_addresses: '127.0.0.1', port: `${port}`, unix_socket_directories: '', jit: 'off' },
      ...{ timezone: 'UTC', log_timezone: 'UTC', max_connections: '200', ...settings },
    }
    this.#settings = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  }

  get pid(): number {
    return this.#process?.pid ?? -1
  }

  async start(): Promise<void> {
    const deadline = Date.now() + startLimitMs
    if (this.#process !== null && (await this.#answers(this.#process, deadline))) return
    for (;;) {
      const child = this.#spawn()
      if (await this.#answers(child, deadline)) return
      // After kill -9 the shared memory stays taken until the last of its processes has noticed.
      const log = readFileSync(join(this.#folder, 'log'), 'utf8')
      if (Date.now() > deadline || !/shared memory block|lock file .* already exists/.test(log.slice(-1_000)))
        throw new Error(`The server ended while starting:\n${log.slice(-2_000)}`)
      await sleep(100)
    }
  }

  async stop(): Promise<void> {
    await this.#end('SIGINT')
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async remove(): Promise<void> {
    await this.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }

  #spawn(): ChildProcess {
    const log = openSync(join(this.#folder, 'log'), 'a')
    const command = [this.#program, '-D', join(this.#folder, 'data'), ...this.#settings]
    // Whoever dies without saying goodbye leaves no server behind, where the system can do that.
    const setpriv = '/usr/bin/setpriv'
    if (existsSync(setpriv)) command.unshift(setpriv, '--pdeathsig', 'QUIT', '--')
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
    const [name, ...args] = command
    const child = spawn(name!, args, { ...this.#account, cwd: '/', env, stdio: ['ignore', log, log] })
    closeSync(log)
    this.#process = child
    return child
  }

  /** Waits until the server takes connections; false if it ended before. */
  async #answers(child: ChildProcess, deadline: number): Promise<boolean> {
    while (isAlive(child)) {
      const client = new Client({ connectionString: this.url })
      client.on('error', () => client.end())
      const isThere = await client.connect().then(
        () => true,
        () => false,
      )
      await client.end()
      if (isThere) return true
      if (Date.now() > deadline) throw new Error(`The server did not answer within ${startLimitMs} ms.`)
      await sleep(20)
    }
    return false
  }

  async #end(signal: 'SIGINT' | 'SIGKILL'): Promise<void> {
    const child = this.#process
    this.#process = null
    if (child === null || !isAlive(child)) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
}

/** PostgreSQL refuses to run as root: then it runs as "postgres" if there is such an account, else as "nobody". */
function serverAccount(): Account {
  if (process.getuid?.() !== 0) return {}
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map(line => line.split(':'))
  const account = ['postgres', 'nobody'].map(name => accounts.find(fields => fields[0] === name)).find(Boolean)
  if (account === undefined) throw new Error('PostgreSQL cannot run as root, and there is no account "nobody".')
  return { uid: Number(account[2]), gid: Number(account[3]) }
}

const isAlive = (child: ChildProcess) => child.exitCode === null && child.signalCode === null

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const listener = createServer()
    listener.on('error', reject)
    listener.listen(0, '127.0.0.1', () => {
      const address = listener.address()
      listener.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
