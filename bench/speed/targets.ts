/**
 * Single calls against the times that were aimed at: `node bench/speed/targets.ts [executions on record] [samples] [database]`,
 * by default 10,000, 200 and a temporary SQLite file; for a database of PostgreSQL give its URL, it is filled in a scope of its own.
 * Calls come one after the other, so the figures are times of an idle system.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTacit, type Tacit } from '../../src/index.ts'
import { seedRng } from '../../src/math/rng.ts'
import type { Fact } from '../../src/records.ts'

/** How long a call took, against what was aimed at. */
export interface Measured {
  readonly call: string
  /** A p95 at most this long was aimed at. */
  readonly targetMs: number
  readonly samples: number
  readonly p50Ms: number
  readonly p95Ms: number
}

export interface TargetsOptions {
  /** Executions on record before the calls are timed. */
  readonly executions: number
  /** Calls of the short kinds; questions are asked a tenth as often. */
  readonly samples: number
  /** Path of a file that is not there yet, or a postgres:// URL. */
  readonly db: string
}

const arms = ['opus', 'sonnet', 'haiku', 'local', 'human']
const taskTypes = ['web', 'database', 'report', 'bug-fix']
const batchLength = 500
const importLength = 100

/** Fills a scope of its own with history, and times each call. */
export async function measureTargets({ executions, samples, db }: TargetsOptions): Promise<Measured[]> {
  const scope = `targets-${process.pid}-${Date.now()}`
  const tacit = await openTacit({ db, scope, seed: 'targets' })
  try {
    for (let start = 0; start < executions; start += batchLength) {
      const length = Math.min(batchLength, executions - start)
      await tacit.recordBatch(Array.from({ length }, (_, i) => execution(`past ${start + i}`)))
    }
    const questions = Math.max(3, Math.round(samples / 10))
    const { decisionId } = await tacit.decide({ task: 'Rate me', arms })
    return [
      await timed('store an execution with its vector', 100, samples, i => tacit.record(execution(`new ${i}`))),
      await timed('write one fact', 10, samples, () => tacit.feedback(decisionId, { value: 0.5 })),
      await timed('sum up by arm (metrics)', 500, questions, () => tacit.metrics()),
      await timed('sum up by day (learn analytics)', 500, questions, () => tacit.learning.getAnalytics()),
      await learning(tacit),
      await timed('decide and observe around a task', 15, samples, i => {
        const { task, taskType } = execution(`task ${i}`)
        return tacit.wrap(() => i, { task, taskType, arms })
      }),
      await importing(tacit, { db, scope: `${scope}-import` }, questions),
    ]
  } finally {
    await tacit.close()
  }
}

/** Learning alone, without the log: what a replay takes per execution, reading included. */
async function learning(tacit: Tacit): Promise<Measured> {
  const times: number[] = []
  for (let i = 0; i < 3; i++) {
    const { durationMs, executions } = await tacit.replay({ verify: true })
    times.push(durationMs / executions)
  }
  return { call: 'learn from an execution (mean of a replay)', targetMs: 5, ...quantilesOf(times) }
}

/** Bundles of executions that are not there yet, taken into a scope of its own. */
async function importing(from: Tacit, to: { db: string; scope: string }, samples: number): Promise<Measured> {
  const facts: Fact[] = []
  for await (const fact of from.exportFacts()) if (facts.push(fact) === 2 * importLength * samples) break
  const tacit = await openTacit({ ...to, seed: 'targets' })
  try {
    let next = 0
    return await timed(`import ${importLength} executions`, 2000, Math.min(samples, facts.length), () => {
      const taken = facts.slice(next, next + 2 * importLength)
      next += taken.length
      return tacit.importFacts(taken)
    })
  } finally {
    await tacit.close()
  }
}

function execution(name: string) {
  const rng = seedRng(name)
  const pick = (list: readonly string[]) => list[Math.floor(rng() * list.length)]!
  const taskType = pick(taskTypes)
  return {
    task: `Look into the ${taskType} that a customer wrote about, and say what to do (${name})`,
    taskType,
    arm: pick(arms),
    arms,
    success: rng() < 0.7,
    durationMs: Math.round(1000 * Math.exp(3 * rng())),
    costUsd: rng() / 10,
  }
}

async function timed(call: string, targetMs: number, samples: number, act: (i: number) => Promise<unknown>) {
  const times: number[] = []
  for (let i = 0; i < samples; i++) {
    const startedMs = performance.now()
    await act(i)
    times.push(performance.now() - startedMs)
  }
  return { call, targetMs, ...quantilesOf(times) }
}

function quantilesOf(times: number[]) {
  times.sort((a, b) => a - b)
  const at = (p: number) => times[Math.ceil(p * times.length) - 1]!
  return { samples: times.length, p50Ms: at(0.5), p95Ms: at(0.95) }
}

if (import.meta.main) {
  const [executions = '10000', samples = '200', db] = process.argv.slice(2)
  const folder = mkdtempSync(join(tmpdir(), 'tacit-targets-'))
  try {
    const measured = await measureTargets({
      executions: Number(executions),
      samples: Number(samples),
      db: db ?? join(folder, 'tacit.db'),
    })
    const digits = (ms: number) => ms.toFixed(ms < 10 ? 2 : 0)
    for (const { call, targetMs, samples: n, p50Ms, p95Ms } of measured)
      console.log(
        `${call.padEnd(45)} p50 ${digits(p50Ms)} ms, p95 ${digits(p95Ms)} ms (n ${n}); aimed at ${targetMs} ms: ${p95Ms <= targetMs ? 'met' : 'missed'}`,
      )
  } finally {
    rmSync(folder, { recursive: true })
  }
}
