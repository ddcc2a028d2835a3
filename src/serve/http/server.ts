import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { createAdaptorServer } from '@hono/node-server'
import type { Config } from '../../config.ts'
import { openDatabase } from '../../engine/open.ts'
import { TacitError } from '../../errors.ts'
import { createApp } from './app.ts'
import { isLoopback, needsKeys } from './caller.ts'
import { heartbeatMs } from './events.ts'
import { KeyFile } from './keys.ts'
import { createLog, type Logger } from './log.ts'
import { Service } from './service.ts'

const maxHeaderBytes = 16_384
/** How often slow requests are looked for. */
const checkMs = 1000

export interface ServerOptions {
  readonly log?: Logger
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** A server that listens. */
export interface RunningServer {
  readonly url: string
  readonly port: number
  readonly log: Logger
  /**
   * Takes over another configuration without a break; projects are opened anew.
   * @throws TacitError INVALID_CONFIG if it cannot hold; the old one then stays.
   */
  reload(config: Config): void
  /** Takes nothing new, finishes what is running, closes the databases. */
  stop(): Promise<void>
}

/**
 * Serves Tacit over HTTP as `config.server` says.
 * @throws TacitError INVALID_CONFIG where keys are needed and there is none, or the address cannot be listened on; a
 *   STORE_… code where the database cannot be used.
 */
export async function startServer(config: Config, options: ServerOptions = {}): Promise<RunningServer> {
  assertKeys(config)
  const log = options.log ?? createLog(config)
  const now = options.now ?? Date.now
  const database = await openDatabase(config, now)
  const service = new Service(config, database, log, now)
  const { host, port, requestTimeoutMs, idleTimeoutMs, maxConnections } = config.server
  const server = createAdaptorServer({
    fetch: createApp(service).fetch,
    serverOptions: {
      requestTimeout: requestTimeoutMs,
      headersTimeout: Math.min(requestTimeoutMs, 10_000),
      keepAliveTimeout: idleTimeoutMs,
      connectionsCheckingInterval: checkMs,
      maxHeaderSize: maxHeaderBytes,
    },
  }) as Server
  server.maxConnections = maxConnections
  // A client that takes in nothing of its answer, or sends nothing, does not hold a connection for ever.
  server.setTimeout(Math.max(2 * requestTimeoutMs + 2 * checkMs, 3 * heartbeatMs))
  await listen(server, host, port).catch(async error => {
    await database.close()
    throw error
  })
  const { port: realPort } = server.address() as AddressInfo
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${realPort}`
  log.info({ url, needsKeys: needsKeys(config) }, 'listening')
  return {
    url,
    port: realPort,
    log,
    reload: next => reload(service, next),
    stop: () => stop(server, service),
  }
}

/** The parts of the configuration that a running server cannot change. */
const fixed = ['host', 'port', 'requestTimeoutMs', 'idleTimeoutMs', 'maxConnections'] as const
const fixedOfDatabase = ['db', 'durability', 'busyTimeoutMs', 'postgres'] as const

function reload(service: Service, next: Config): void {
  const { server, ...config } = service.config
  assertKeys({ ...next, server: { ...next.server, host: server.host } })
  const pending = fixed.filter(name => next.server[name] !== server[name]).map(name => `server.${name}`)
  const pendingOfDatabase = fixedOfDatabase.filter(name => !isDeepStrictEqual(next[name], config[name]))
  const keptOfServer = Object.fromEntries(fixed.map(name => [name, server[name]]))
  const kept = Object.fromEntries(fixedOfDatabase.map(name => [name, config[name]]))
  service.reconfigure({ ...next, ...kept, server: { ...next.server, ...keptOfServer } })
  service.log.info({ afterRestart: [...pending, ...pendingOfDatabase] }, 'the configuration was read again')
}

async function stop(server: Server, service: Service): Promise<void> {
  service.log.info('stopping')
  service.beginStop()
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  try {
    await service.finish()
  } finally {
    server.closeAllConnections()
  }
  await closed
  service.log.info('stopped')
}

function assertKeys(config: Config): void {
  if (!needsKeys(config)) return
  const { host, keysFile } = config.server
  if (new KeyFile(keysFile).list().length > 0) return
  const why = isLoopback(host) ? 'server.requireKeys is set' : `others can reach ${host}`
  const way = isLoopback(host) ? 'unset it' : 'listen on 127.0.0.1'
  throw new TacitError(
    'INVALID_CONFIG',
    `API keys are needed, since ${why}, and there is none in ${keysFile}. Make one with "tacit keys create <name>", or ${way}.`,
  )
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const reason = code === 'EADDRINUSE' ? 'something else listens there' : (cause as Error).message
    throw new TacitError(
      'INVALID_CONFIG',
      `Cannot listen on ${host}:${port}: ${reason}. Choose another server.host or server.port.`,
      { cause },
    )
  }
}
