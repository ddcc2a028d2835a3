import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TacitError } from '../../errors.ts'
import type { HookEvent } from '../../ingest/hooks/event.ts'
import { emptyState, HookReader, type HookState, type HookWrite } from '../../ingest/hooks/facts.ts'
import { type HookFiles, noteHookError, sizeOf } from '../../ingest/hooks/spool.ts'
import type { Tacit } from '../types.ts'

/** What became of the events that hooks had left. */
export interface DrainReport {
  readonly events: number
  /** Facts that are new on record. */
  readonly stored: number
  /** Events that could not be taken in; the error log of the hooks says why. */
  readonly failed: number
}

/** A hook that has opened the spool writes within this time. */
const settleMs = 30
/** A lock older than this belongs to a process that has died. */
const staleLockMs = 60_000
/** Events between two signs of life. */
const signOfLifeEvery = 100

/** Whether hooks have left anything. */
export const hasLeftEvents = (files: HookFiles): boolean => sizeOf(files.spool) > 0 || takenFiles(files).length > 0

/**
 * Takes what hooks have left into the database. Taking in the same again changes nothing, so an interruption loses
 * nothing. Null if another process is at it.
 */
export async function drainEvents(tacit: Tacit, files: HookFiles): Promise<DrainReport | null> {
  if (!hasLeftEvents(files)) return { events: 0, stored: 0, failed: 0 }
  const lock = `${files.spool}.lock`
  if (!takeLock(lock)) return null
  try {
    await setAside(files)
    const reader = new HookReader(readState(files.state), (idOf, atMs) => freeId(tacit, idOf, atMs))
    const report = { events: 0, stored: 0, failed: 0 }
    for (const file of takenFiles(files)) {
      for (const line of readFileSync(file, 'utf8').split('\n')) {
        if (line === '') continue
        report.events += 1
        if (report.events % signOfLifeEvery === 0) utimesSync(lock, new Date(), new Date())
        try {
          for (const write of await reader.read(JSON.parse(line) as HookEvent))
            report.stored += await keep(tacit, write)
        } catch (error) {
          if (!(error instanceof TacitError || error instanceof SyntaxError || error instanceof TypeError)) throw error
          if (error instanceof TacitError && !isAboutInput(error)) throw error
          report.failed += 1
          noteHookError(files, 'drain', error)
        }
      }
      writeState(files.state, reader.state)
      rmSync(file)
    }
    return report
  } finally {
    rmSync(lock, { force: true })
  }
}

/** Everything else (a database that is busy, full or gone) leaves the events where they are. */
const isAboutInput = ({ code }: TacitError) => code === 'INVALID_INPUT' || code === 'ID_CONFLICT'

async function keep(tacit: Tacit, write: HookWrite): Promise<number> {
  const written =
    write.kind === 'record'
      ? await tacit.record(write.record)
      : write.kind === 'step'
        ? await tacit.step(write.executionId, write.step)
        : await tacit.observe(write.executionId, write.outcome)
  return written.status === 'stored' ? 1 : 0
}

/**
 * The first id that nothing is recorded under, or the one that this very prompt has got already. Prompts are numbered in
 * the order of their times, so a few looks are enough.
 */
async function freeId(tacit: Tacit, idOf: (occurrence: number) => string, atMs: number): Promise<string> {
  const timeOf = async (occurrence: number) => {
    try {
      return Date.parse((await tacit.explain(idOf(occurrence))).at)
    } catch (error) {
      if (error instanceof TacitError && error.code === 'NOT_FOUND') return null
      throw error
    }
  }
  const first = async (isReached: (timeMs: number | null) => boolean) => {
    let [below, above] = [-1, 0]
    while (!isReached(await timeOf(above))) [below, above] = [above, above * 2 + 1]
    while (above - below > 1) {
      const middle = (below + above) >> 1
      if (isReached(await timeOf(middle))) above = middle
      else below = middle
    }
    return above
  }
  const place = await first(timeMs => timeMs === null || timeMs >= Math.floor(atMs))
  const timeMs = await timeOf(place)
  return idOf(timeMs === null || timeMs === Math.floor(atMs) ? place : await first(time => time === null))
}

async function setAside({ spool }: HookFiles): Promise<void> {
  if (sizeOf(spool) === 0) return
  renameSync(spool, `${spool}.${Date.now()}.${process.pid}`)
  // A hook may have opened it just before.
  await sleep(settleMs)
}

function takenFiles({ spool }: HookFiles): string[] {
  const names = readdirOrNone(dirname(spool)).filter(name => /^spool\.ndjson\.\d+\.\d+$/.test(name))
  return names.sort().map(name => join(dirname(spool), basename(name)))
}

function readdirOrNone(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** What is remembered between two drains only helps: without it, an agent's start or a turn's test may stay unknown. */
function readState(file: string): HookState {
  try {
    const state = JSON.parse(readFileSync(file, 'utf8')) as Partial<HookState>
    return { turns: { ...state.turns }, agents: { ...state.agents } }
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return emptyState()
    throw error
  }
}

function writeState(file: string, state: HookState): void {
  const fresh = `${file}.${process.pid}`
  writeFileSync(fresh, JSON.stringify(state), { mode: 0o600 })
  renameSync(fresh, file)
}

function takeLock(lock: string): boolean {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      closeSync(openSync(lock, 'wx', 0o600))
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const taken = statSync(lock, { throwIfNoEntry: false })
      if (taken !== undefined && Date.now() - taken.mtimeMs < staleLockMs) return false
      rmSync(lock, { force: true })
    }
  }
  return false
}
