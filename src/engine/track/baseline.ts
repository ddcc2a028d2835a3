import { TacitError } from '../../errors.ts'
import { studentTQuantile } from '../../math/distributions.ts'
import {
  addToMoments,
  emptyMoments,
  type Moments,
  mergeMoments,
  variance,
  wilsonInterval,
} from '../../math/statistics.ts'
import { KeptDocument } from './kept-document.ts'
import { type TrackedValue, trackedValues, valuedExecutions } from './log-values.ts'
import type { Keeping } from './models.ts'

const dayMs = 86_400_000
const maxBaselines = 50
/** Task types told apart; those met later count as one, without a type. */
const maxTaskTypes = 500

type Cells = Readonly<Record<string, Readonly<Record<TrackedValue, Moments>>>>

/** What was achieved in a window, frozen: nothing that is recorded later changes it. */
export interface Baseline {
  readonly name: string
  /** ISO 8601, UTC; what was decided after it is compared with the baseline. */
  readonly frozenAt: string
  /** Only decisions of the last so many days before it; null: all. */
  readonly daysBack: number | null
  readonly taskType: string | null
  readonly executions: number
  readonly utilityVersion: number
  readonly values: Readonly<Record<TrackedValue, TrackedAverage | null>>
}

export interface TrackedAverage {
  readonly n: number
  readonly mean: number
  /** 95 %: Wilson for success, else Student; null for a single value. */
  readonly interval: readonly [number, number] | null
}

export interface BaselineComparison {
  readonly baseline: Baseline
  /** Executions decided after the baseline was frozen (of the last days, if asked for). */
  readonly executions: number
  readonly values: Readonly<Record<TrackedValue, ValueComparison | null>>
}

export interface ValueComparison {
  readonly baseline: TrackedAverage
  readonly now: TrackedAverage
  /** Now less the baseline on the same mix of task types (that of now), over the types met at least twice in both. */
  readonly difference: number
  /** 95 % (Welch). */
  readonly interval: readonly [number, number]
  /** Share of the executions of now that are of such a type. */
  readonly covered: number
  /** improved and worse where the interval excludes 0; less is better for duration and cost. */
  readonly verdict: 'improved' | 'worse' | 'not certain'
}

interface StoredBaseline {
  readonly about: Omit<Baseline, 'values'>
  readonly cells: Cells
}

/** Baselines: frozen once, compared with whatever comes later. */
export class Baselines {
  readonly #parts: Keeping
  readonly #document: KeptDocument<readonly StoredBaseline[]>

  constructor(parts: Keeping) {
    this.#parts = parts
    this.#document = new KeptDocument<readonly StoredBaseline[]>(parts.store, parts.config.scope, 'baselines', [])
  }

  async list(): Promise<Baseline[]> {
    return (await this.#document.read()).map(shown)
  }

  /** Freezes what was achieved so far. @throws TacitError ALREADY_EXISTS; NOT_FOUND where nothing is on record. */
  async freeze(name: string, options: { daysBack?: number; taskType?: string } = {}): Promise<Baseline> {
    const { config, now } = this.#parts
    const { daysBack, taskType } = options
    const frozenMs = now()
    const since = daysBack === undefined ? undefined : frozenMs - daysBack * dayMs
    const { cells, executions } = await this.#cells(since, frozenMs, taskType)
    if (executions === 0) {
      throw new TacitError(
        'NOT_FOUND',
        'baseline freeze: there is no execution with an outcome to freeze. Record some first.',
      )
    }
    const stored: StoredBaseline = {
      about: {
        name,
        frozenAt: new Date(frozenMs).toISOString(),
        daysBack: daysBack ?? null,
        taskType: taskType ?? null,
        executions,
        utilityVersion: config.utility.version,
      },
      cells,
    }
    await this.#document.change(baselines => {
      if (baselines.some(({ about }) => about.name === name)) {
        throw new TacitError(
          'ALREADY_EXISTS',
          `baseline freeze: ${name} is frozen already, and stays as it is. Choose another name.`,
        )
      }
      if (baselines.length >= maxBaselines) {
        throw new TacitError(
          'INVALID_INPUT',
          `baseline freeze: ${maxBaselines} baselines are kept already. Drop one first.`,
        )
      }
      return [...baselines, stored]
    })
    return shown(stored)
  }

  /** What was decided since the baseline was frozen, beside it. Writes nothing. @throws TacitError NOT_FOUND */
  async compare(name: string, { daysBack }: { daysBack?: number } = {}): Promise<BaselineComparison> {
    const stored = found(await this.#document.read(), name)
    const { about } = stored
    const { config, now } = this.#parts
    const frozenMs = Date.parse(about.frozenAt)
    const since = Math.max(frozenMs + 0.001, daysBack === undefined ? 0 : now() - daysBack * dayMs)
    const later = await this.#cells(since, null, about.taskType ?? undefined)
    const compared = trackedValues.map(value => {
      // Another declaration of the utility measures something else.
      const isComparable = value !== 'utility' || about.utilityVersion === config.utility.version
      return [value, isComparable ? comparison(value, stored.cells, later.cells) : null] as const
    })
    return {
      baseline: shown(stored),
      executions: later.executions,
      values: Object.fromEntries(compared) as BaselineComparison['values'],
    }
  }

  async drop(name: string): Promise<Baseline[]> {
    const left = await this.#document.change(baselines => {
      found(baselines, name)
      return baselines.filter(({ about }) => about.name !== name)
    })
    return left.map(shown)
  }

  async #cells(sinceMs: number | undefined, untilMs: number | null, taskType: string | undefined) {
    const { store, config } = this.#parts
    const cells = new Map<string, Record<TrackedValue, Moments>>()
    let executions = 0
    const filter = {
      ...(sinceMs === undefined ? {} : { sinceUs: Math.max(0, Math.round(sinceMs * 1000)) }),
      ...(untilMs === null ? {} : { untilUs: Math.round(untilMs * 1000) }),
      ...(taskType === undefined ? {} : { taskType }),
    }
    for await (const { taskType, values } of valuedExecutions(store, config, filter)) {
      const type = taskType ?? ''
      const key = cells.has(type) || cells.size < maxTaskTypes ? type : ''
      const cell = cells.get(key) ?? {
        utility: emptyMoments,
        success: emptyMoments,
        durationMs: emptyMoments,
        costUsd: emptyMoments,
      }
      cells.set(key, cell)
      for (const name of trackedValues) {
        const value = values[name]
        if (value !== null) cell[name] = addToMoments(cell[name], value)
      }
      executions++
    }
    return { cells: Object.fromEntries(cells), executions }
  }
}

function found(baselines: readonly StoredBaseline[], name: string): StoredBaseline {
  const baseline = baselines.find(({ about }) => about.name === name)
  if (baseline !== undefined) return baseline
  const names = baselines.map(({ about }) => about.name).join(', ') || 'none'
  throw new TacitError('NOT_FOUND', `There is no baseline ${JSON.stringify(name)}. There are: ${names}.`)
}

const totalOf = (cells: Cells, value: TrackedValue) =>
  Object.values(cells).reduce((sum, cell) => mergeMoments(sum, cell[value]), emptyMoments)

function shown({ about, cells }: StoredBaseline): Baseline {
  const values = trackedValues.map(value => [value, averageOf(value, totalOf(cells, value))])
  return { ...about, values: Object.fromEntries(values) as Baseline['values'] }
}

function averageOf(value: TrackedValue, moments: Moments): TrackedAverage | null {
  if (moments.n === 0) return null
  if (value === 'success') {
    const interval = wilsonInterval(moments.n * moments.mean, moments.n)
    return { n: moments.n, mean: moments.mean, interval }
  }
  const spread = variance(moments)
  if (spread === null) return { n: moments.n, mean: moments.mean, interval: null }
  const reach = studentTQuantile(0.975, moments.n - 1) * Math.sqrt(spread / moments.n)
  return { n: moments.n, mean: moments.mean, interval: [moments.mean - reach, moments.mean + reach] }
}

/** Stratified by task type, each weighted as it occurs now; degrees of freedom after Welch and Satterthwaite. */
function comparison(value: TrackedValue, before: Cells, later: Cells): ValueComparison | null {
  const baseline = averageOf(value, totalOf(before, value))
  const now = averageOf(value, totalOf(later, value))
  if (baseline === null || now === null) return null
  const both = Object.keys(later).flatMap(type => {
    const [then, since] = [before[type]?.[value] ?? emptyMoments, later[type]![value]]
    return then.n > 1 && since.n > 1 ? [{ then, since }] : []
  })
  const n = both.reduce((sum, { since }) => sum + since.n, 0)
  if (n === 0) return null
  let difference = 0
  let squares = 0
  let freedom = 0
  for (const { then, since } of both) {
    const weight = since.n / n
    difference += weight * (since.mean - then.mean)
    for (const moments of [then, since]) {
      const part = weight ** 2 * (spreadOf(value, moments) / moments.n)
      squares += part
      freedom += part ** 2 / (moments.n - 1)
    }
  }
  const dof = freedom > 0 ? squares ** 2 / freedom : Number.POSITIVE_INFINITY
  const reach = squares === 0 ? 0 : studentTQuantile(0.975, Math.min(1e6, dof)) * Math.sqrt(squares)
  const interval = [difference - reach, difference + reach] as const
  return { baseline, now, difference, interval, covered: n / now.n, verdict: verdictOf(value, interval) }
}

/** Of successes with one more and one less, so that a few equal ones do not look certain (Agresti & Caffo 2000). */
function spreadOf(value: TrackedValue, moments: Moments): number {
  if (value !== 'success') return variance(moments)!
  const p = (moments.n * moments.mean + 1) / (moments.n + 2)
  return p * (1 - p)
}

function verdictOf(value: TrackedValue, interval: readonly [number, number]): ValueComparison['verdict'] {
  if (interval[0] <= 0 && interval[1] >= 0) return 'not certain'
  const isLessBetter = value === 'durationMs' || value === 'costUsd'
  return interval[0] > 0 === !isLessBetter ? 'improved' : 'worse'
}
