import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Config, type ConfigInput, loadConfig } from '../../src/config.ts'
import type { Access } from '../../src/engine/operation.ts'
import { KeyFile } from '../../src/serve/http/keys.ts'
import { createLog } from '../../src/serve/http/log.ts'
import { type RunningServer, startServer } from '../../src/serve/http/server.ts'

/** A server on a free port, with its own folder, that is stopped after the test. */
export interface Served {
  readonly server: RunningServer
  readonly config: Config
  readonly url: string
  /** What was logged. */
  readonly log: readonly string[]
  readonly folder: string
  /** Sends a request, by default POST with a body and GET without. */
  send(path: string, request?: Request): Promise<Answer>
}

interface Request extends Omit<RequestInit, 'headers' | 'body'> {
  readonly key?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: what it is, each test says
  readonly body: any
}

export function folderForTest(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tacit-http-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function configIn(folder: string, flags: ConfigInput = {}): Config {
  const { server, ...rest } = flags
  return loadConfig({
    flags: {
      db: join(folder, 'tacit.db'),
      seed: 'http',
      ...rest,
      server: { port: 0, keysFile: join(folder, 'keys.json'), requestsPerSecond: null, ...server },
    },
  }).config
}

export async function serveForTest(flags: ConfigInput = {}, options: { now?: () => number } = {}): Promise<Served> {
  const folder = folderForTest()
  const config = configIn(folder, flags)
  return serve(config, folder, options)
}

export async function serve(config: Config, folder: string, options: { now?: () => number } = {}): Promise<Served> {
  const log: string[] = []
  const server = await startServer(config, {
    ...options,
    log: createLog(config, { write: (line: string) => void log.push(line) }),
  })
  onTestFinished(() => server.stop())
  return { server, config, url: server.url, log, folder, send: (path, request) => send(server.url, path, request) }
}

/** Makes a key in the file of a configuration; gives back what is sent. */
export function makeKey(
  config: Config,
  { project = 'default', access = ['read', 'record', 'decide'] }: { project?: string; access?: Access[] } = {},
): { id: string; secret: string } {
  const createdAt = new Date(0).toISOString()
  const { key, secret } = new KeyFile(config.server.keysFile).create({
    name: 'test',
    project,
    access,
    createdAt,
    expiresAt: null,
  })
  return { id: key.id, secret }
}

async function send(url: string, path: string, { key, body, headers, ...rest }: Request = {}): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    ...rest,
    headers: {
      ...(key !== undefined && { Authorization: `Bearer ${key}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') ?? false
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}
