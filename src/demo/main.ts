import { openTacit } from '../engine/open.ts'
import type { Tacit } from '../engine/types.ts'
import { TacitError } from '../errors.ts'
import { seedRng } from '../math/rng.ts'
import { judgedForecasts, reportCalibration } from './calibration.ts'
import { compareRewards, mean, reportDominance } from './compare.ts'
import { runControl } from './control.ts'
import { makeRoom } from './database.ts'
import { type Kind, kinds } from './kinds.ts'
import { learnOnline } from './loop.ts'
import { type Attempt, portfolio, utilityOf } from './portfolio.ts'
import type { DemoOptions, DemoResult, KindReport, Limits, Measuring } from './result.ts'
import { makeTask, makeTaskOfKind } from './tasks.ts'
import { measure } from './worker.ts'

export { renderDemo } from './render.ts'
export type { DemoOptions, DemoResult } from './result.ts'

/** Both limits hold; on an idle machine of today the steps end first, after 5 to 20 ms. */
const limits: Limits = { timeLimitMs: 40, stepLimit: 150_000 }
const longestMeasuringMs = 15_000
const defaultTasks = 600
const fewestTasks = 50
const controlRuns = 3

/**
 * Real work for Tacit to learn from. Seven solvers try hundreds of problems of ten kinds under a time limit; Tacit chooses
 * a solver for one task after the other, sees only what that solver really achieved, and is then compared with the best
 * single solver, a uniform choice and the oracle. The database is left at `options.db`.
 * @throws TacitError ALREADY_EXISTS if the file at `db` is not an earlier demo's, INVALID_INPUT if the number of tasks is
 *   out of range.
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const startedMs = performance.now()
  const { db, seed, onProgress } = options
  const tasksPlanned = options.tasks ?? defaultTasks
  if (!Number.isSafeInteger(tasksPlanned) || tasksPlanned < fewestTasks) {
    throw new TacitError('INVALID_INPUT', `The demo needs at least ${fewestTasks} tasks, not ${tasksPlanned}.`)
  }
  const setAside = await makeRoom(db)

  const report = (phase: string, total: number) => (done: number) => onProgress({ phase, done, total })
  const measuringMs = performance.now()
  const measured = await measure(seed, tasksPlanned, limits, longestMeasuringMs, report('solving', tasksPlanned))
  const measuring = summarise(measured.attempts, measured.workers, performance.now() - measuringMs)
  const attempts = measured.attempts
  const tasks = attempts.map((_, index) => makeTask(seed, index))
  const table = attempts.map(row => row.map(utilityOf))
  const arms = portfolio.map(({ name }) => name)
  const types = tasks.map(({ kind }) => kind.taskType)

  const tacit = await openTacit({ db, seed })
  try {
    const chosen = await learnOnline(tacit, tasks, attempts, report('learning', tasks.length))
    const half = Math.floor(tasks.length / 2)
    const reports: KindReport[] = []
    for (const kind of kinds) {
      const ofKind = tasks.filter(task => task.kind === kind).map(({ index }) => index)
      if (ofKind.length > 0) reports.push(await reportKind(tacit, seed, kind, ofKind, half, table, chosen))
    }
    const calibration = reportCalibration(await judgedForecasts(tacit))
    const control = report('negative control', controlRuns * tasks.length)
    return {
      db,
      setAside,
      seed,
      tasks: tasks.length,
      tasksPlanned,
      arms,
      limits,
      measuring,
      kinds: reports,
      reward: {
        overall: compareRewards(table, arms, chosen),
        secondHalf: compareRewards(table.slice(half), arms, chosen.slice(half)),
      },
      dominance: reportDominance(table, arms, types),
      calibration,
      negativeControl: await runControl(seed, tasks, attempts, controlRuns, control),
      durationMs: performance.now() - startedMs,
      next: nextSteps(db),
    }
  } finally {
    await tacit.close()
  }
}

function summarise(attempts: readonly (readonly Attempt[])[], workers: number, durationMs: number): Measuring {
  const all = attempts.flat()
  const failed: Record<string, number> = {}
  for (const { error } of all) if (error !== null) failed[error.type] = (failed[error.type] ?? 0) + 1
  return { attempts: all.length, solved: all.filter(({ success }) => success).length, failed, workers, durationMs }
}

/** Asks Tacit for a new task of the kind, as a user would, and sets the answer beside what was measured. */
async function reportKind(
  tacit: Tacit,
  seed: string,
  kind: Kind,
  taskIndices: readonly number[],
  half: number,
  table: readonly (readonly number[])[],
  chosen: readonly number[],
): Promise<KindReport> {
  const arms = portfolio.map(({ name }) => name)
  const utility = arms.map((_, arm) => mean(taskIndices.map(task => table[task]![arm]!)))
  const best = utility.indexOf(Math.max(...utility))
  const { text } = makeTaskOfKind(kind, seedRng(`${seed}/new/${kind.taskType}`), -1)
  const first = (await tacit.recommend({ task: text, taskType: kind.taskType, arms })).arms[0]!
  const late = taskIndices.filter(task => task >= half)
  return {
    taskType: kind.taskType,
    tasks: taskIndices.length,
    utility,
    bestArm: arms[best]!,
    learnedArm: first.arm,
    estimate: first.utility.value,
    interval: first.utility.interval,
    regret: utility[best]! - utility[arms.indexOf(first.arm)]!,
    secondHalf:
      late.length === 0
        ? null
        : {
            tasks: late.length,
            utility: mean(late.map(task => table[task]![chosen[task]!]!)),
            oracle: mean(late.map(task => Math.max(...table[task]!))),
            shares: arms.map((_, arm) => late.filter(task => chosen[task] === arm).length / late.length),
          },
  }
}

function nextSteps(db: string): string[] {
  if (db === ':memory:') return []
  const path = /^[\w./-]+$/.test(db) ? db : `'${db.replaceAll("'", "'\\''")}'`
  const task = 'Plan the round of a postman with 55 addresses, shortest distance'
  return [
    `tacit status --db ${path}`,
    `tacit recommend "${task}" --type tour-middle --db ${path}`,
    `tacit similar "${task}" --db ${path}`,
    `tacit metrics --db ${path}`,
  ]
}
