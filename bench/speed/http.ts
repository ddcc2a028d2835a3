/**
 * decide + observe over HTTP under load, against an empty route of the same framework in the same run:
 * `node bench/speed/http.ts [seconds] [database]`, by default 20 s on a temporary SQLite file. Eight connections; server
 * and clients are processes of their own. Counts errors, checks that nothing acknowledged is lost, and watches memory.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const connections = 8
const arms = ['optimizer', 'architect', 'security']
const taskTypes = ['database', 'web', 'report', 'bug-fix']
const main = fileURLToPath(new URL('../../src/serve/cli/main.ts', import.meta.url))

if (process.argv[2] === 'empty') serveEmpty()
else await bench(Number(process.argv[2] ?? 20), process.argv[3])

async function bench(seconds: number, db: string | undefined): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tacit-bench-'))
  try {
    const empty = await start([fileURLToPath(import.meta.url), 'empty'])
    const baseline = await load(empty.url, Math.max(5, seconds / 4), i => [['/empty', taskOf(i)]])
    await stop(empty)
    const settings = ['server.port=0', 'server.logLevel=info', 'server.requestsPerSecond=null']
    const flags = settings.flatMap(setting => ['--set', setting])
    const server = await start([
      main,
      'serve',
      '--db',
      db ?? join(folder, 'bench.db'),
      '--scope',
      `bench-${process.pid}`,
      ...flags,
    ])
    await load(server.url, 2, loop)
    const before = await status(server.url)
    const memory = [await memoryOf(server.url)]
    const half = await load(server.url, seconds / 2, loop)
    memory.push(await memoryOf(server.url))
    const rest = await load(server.url, seconds / 2, loop)
    memory.push(await memoryOf(server.url))
    const after = await status(server.url)
    await stop(server)
    const requests = half.requests + rest.requests
    const perSecond = requests / (half.seconds + rest.seconds)
    const executions = after.executions - before.executions
    console.log(
      JSON.stringify({
        db: db === undefined ? 'SQLite' : db.replace(/\/\/.*@/, '//'),
        seconds: round(half.seconds + rest.seconds),
        connections,
        requestsPerSecond: round(perSecond),
        emptyRoutePerSecond: round(baseline.requests / baseline.seconds),
        ratio: round(perSecond / (baseline.requests / baseline.seconds), 3),
        p50Ms: round(quantile([...half.latenciesMs, ...rest.latenciesMs], 0.5), 2),
        p99Ms: round(quantile([...half.latenciesMs, ...rest.latenciesMs], 0.99), 2),
        errors: half.errors + rest.errors,
        acknowledgedLost: requests / 2 - executions + (requests / 2 - (after.withOutcome - before.withOutcome)),
        memory,
        ownErrors: after.errors,
      }),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

type Step = readonly [path: string, body: unknown]

/** One turn of the loop; the decision is named by us, so that both requests are known beforehand. */
function loop(i: number): Step[] {
  const decisionId = `bench-${process.pid}-${performance.now()}-${i}`
  return [
    ['/v1/decide', { ...taskOf(i), decisionId }],
    ['/v1/observe', { decisionId, success: i % 3 !== 0, durationMs: 100 + (i % 50), costUsd: 0.001 }],
  ]
}

async function load(url: string, seconds: number, turn: (i: number) => Step[]) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const startMs = performance.now()
  const latenciesMs: number[] = []
  let requests = 0
  let errors = 0
  let i = 0
  const client = async () => {
    while (performance.now() - startMs < seconds * 1000) {
      for (const [path, body] of turn(i++)) {
        const sentMs = performance.now()
        const code = await post(agent, `${url}${path}`, body).catch(() => 0)
        latenciesMs.push(performance.now() - sentMs)
        requests++
        if (code !== 200) errors++
      }
    }
  }
  await Promise.all(Array.from({ length: connections }, client))
  agent.destroy()
  return { requests, errors, latenciesMs, seconds: (performance.now() - startMs) / 1000 }
}

function post(agent: Agent, url: string, body: unknown): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method: 'POST', headers: { 'Content-Type': 'application/json' } }, response => {
      response.resume()
      response.on('end', () => resolve(response.statusCode!))
    })
    sent.on('error', reject)
    sent.end(JSON.stringify(body))
  })
}

async function status(url: string) {
  const response = await fetch(`${url}/v1/status`)
  return (await response.json()) as { executions: number; withOutcome: number; errors: Record<string, number> }
}

/** Resident memory and what the heap really holds, MB. */
async function memoryOf(url: string): Promise<{ rssMb: number; heapMb: number }> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const mb = (name: string) => round(Number(new RegExp(`^tacit_${name} (\\S+)$`, 'm').exec(text)![1]) / 1_048_576)
  return { rssMb: mb('process_resident_memory_bytes'), heapMb: mb('nodejs_heap_size_used_bytes') }
}

function start(args: readonly string[]): Promise<{ url: string; child: ChildProcess }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  return new Promise((resolve, reject) => {
    let log = ''
    child.stderr.on('data', data => {
      if (log.length > 10_000) return
      log += data
      const url = /"url":"([^"]+)"/.exec(log)?.[1]
      if (url !== undefined) resolve({ url, child })
    })
    child.on('exit', code => reject(new Error(`It ended with ${code}: ${log}`)))
  })
}

async function stop({ child }: { child: ChildProcess }): Promise<void> {
  child.kill('SIGTERM')
  await new Promise(resolve => child.once('exit', resolve))
}

function serveEmpty(): void {
  const app = new Hono()
  app.post('/empty', async c => c.json(await c.req.json()))
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
    process.stderr.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`)
  })
  process.on('SIGTERM', () => {
    server.close()
    process.exit(0)
  })
}

function taskOf(i: number) {
  return { task: `Task number ${i % 500}`, taskType: taskTypes[i % taskTypes.length], arms }
}

function quantile(values: readonly number[], p: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))]!
}

function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits))
}
