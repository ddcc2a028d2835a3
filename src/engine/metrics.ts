import { type GroupMetrics, metricsTable, type Order } from '../analyse/metrics.ts'
import { type MetricsView, metricsViews } from '../analyse/metrics-views.ts'
import { type OperationRates, operationRates } from '../analyse/rates.ts'
import {
  type CellFacets,
  cellFacets,
  type Dimension,
  type FilterDimension,
  filterDimensions,
  isFacet,
  isTime,
} from '../analyse/rollup/dimensions.ts'
import type { Filter } from '../analyse/rollup/groups.ts'
import type { Span } from '../analyse/rollup/periods.ts'
import { groupExecutions } from '../analyse/rollup/query.ts'
import { type SolutionTable, solutionTable } from '../analyse/solutions.ts'
import { TacitError } from '../errors.ts'
import { relativeError } from '../math/sketch.ts'
import { parse } from '../records.ts'
import { metricsInput, ratesInput, solutionsInput } from './metrics-inputs.ts'
import type { Parts } from './parts.ts'

const dayMs = 86_400_000
const defaultLimit = 1000

export interface MetricsOptions extends Filter {
  /** A named question; any other option takes the place of its own. */
  readonly view?: MetricsView
  /** Default: arm. */
  readonly groupBy?: readonly Dimension[]
  /** Decisions of the last so many days. */
  readonly daysBack?: number
  /** Decided at this moment or later: a Date, milliseconds since 1970, ISO 8601 with a zone, or a date (UTC). */
  readonly since?: Date | number | string
  /** Decided before this moment. */
  readonly until?: Date | number | string
  /** Groups of fewer executions are left out. Default 1. */
  readonly minCount?: number
  /** Order of the groups, the best first. `success` goes by the lower end of its interval. Default: executions. */
  readonly orderBy?: Order
  /** Most groups listed. Default 1000. */
  readonly limit?: number
  /** Also compare with the window of the same length before. Needs a window. */
  readonly trend?: boolean
}

/** Executions summed up by group. */
export interface Metrics {
  readonly groupBy: readonly Dimension[]
  /** Decided at or after. */
  readonly sinceUs: number | null
  /** Decided before. */
  readonly untilUs: number | null
  /** Start of the window before, with which trends compare. */
  readonly comparedSinceUs: number | null
  /** Largest relative error of the quantiles of duration. */
  readonly percentileError: number
  readonly groups: readonly GroupMetrics[]
  /** Groups that were cut off by the limit: the smallest, or, by time, the earliest. */
  readonly groupsLeftOut: number
}

/** Sums up executions by the dimensions asked for. Writes nothing. */
export async function metrics(parts: Parts, options: MetricsOptions): Promise<Metrics> {
  const request = parse(metricsInput, options, 'metrics')
  const view = request.view === undefined ? null : metricsViews[request.view]
  const groupBy = [...new Set<Dimension>(request.groupBy ?? view?.groupBy ?? ['arm'])]
  const window = windowOf(request, view?.daysBack ?? null, parts.now())
  const filter = filterOf(request)
  const facetsOf = await facetsNow(parts, [...groupBy, ...(Object.keys(filter) as FilterDimension[])])
  const { store, config } = parts
  const ask = (span: Span) => groupExecutions(store, config.scope, span, { groupBy, filter, facetsOf })
  const previous = request.trend === true ? windowBefore(window, groupBy, parts.now()) : null
  const before = previous === null ? undefined : await ask(previous)
  return {
    groupBy,
    sinceUs: window.fromUs === 0 ? null : window.fromUs,
    untilUs: window.toUs === Number.POSITIVE_INFINITY ? null : window.toUs,
    comparedSinceUs: previous?.fromUs ?? null,
    percentileError: relativeError,
    ...metricsTable(await ask(window), {
      groupBy,
      minCount: request.minCount ?? 1,
      orderBy: request.orderBy ?? 'executions',
      limit: request.limit ?? defaultLimit,
      before,
    }),
  }
}

export interface SolutionsOptions {
  readonly daysBack?: number
  readonly taskType?: string
  readonly arm?: string
  readonly repository?: string
  /** Solutions used less often are left out. Default 5. */
  readonly minCount?: number
  /** Default 10. */
  readonly limit?: number
}

/** The solutions that outcomes named, by how often they were used. Writes nothing. */
export async function solutions({ store, config, now }: Parts, options: SolutionsOptions): Promise<SolutionTable> {
  const { daysBack, minCount = 5, limit = 10, ...filter } = parse(solutionsInput, options, 'solutions')
  const sinceUs = daysBack === undefined ? undefined : startOfDays(daysBack, now())
  return solutionTable(store, config.scope, {
    filter: { ...filter, ...(sinceUs === undefined ? {} : { sinceUs }) },
    minCount,
    limit,
  })
}

/** How much was recorded in the last seconds (60 by default). Writes nothing. */
export async function rates({ store, config, now }: Parts, options: RatesOptions): Promise<OperationRates> {
  const { windowSeconds = 60 } = parse(ratesInput, options, 'rates')
  return operationRates(store, config.scope, windowSeconds * 1000, Math.round(now() * 1000))
}

export interface RatesOptions {
  /** Seconds, at most a day. Default 60. */
  readonly windowSeconds?: number
}

interface WindowRequest {
  readonly daysBack?: number | undefined
  readonly since?: number | undefined
  readonly until?: number | undefined
}

function windowOf({ daysBack, since, until }: WindowRequest, defaultDays: number | null, nowMs: number): Span {
  if (daysBack !== undefined && since !== undefined) {
    throw invalid('daysBack and since both say where the window begins. Give one of them')
  }
  const days = daysBack ?? (since === undefined && until === undefined ? defaultDays : null)
  const fromUs = days === null ? (since ?? 0) : startOfDays(days, nowMs)
  const toUs = until ?? Number.POSITIVE_INFINITY
  if (fromUs < toUs) return { fromUs, toUs }
  throw invalid('the window ends before it begins. Let until be later than its start')
}

const startOfDays = (daysBack: number, nowMs: number) => Math.max(0, Math.round((nowMs - daysBack * dayMs) * 1000))

/** The window of the same length before this one. */
function windowBefore({ fromUs, toUs }: Span, groupBy: readonly Dimension[], nowMs: number): Span {
  const time = groupBy.find(isTime)
  if (time !== undefined) {
    throw invalid(`trend compares groups with themselves in the window before, so it cannot go by ${time}`)
  }
  if (fromUs === 0) throw invalid('trend compares two windows of the same length. Give daysBack or since')
  const lengthUs = Math.max(1, Math.min(toUs, Math.round(nowMs * 1000)) - fromUs)
  return { fromUs: Math.max(0, fromUs - lengthUs), toUs: fromUs }
}

function filterOf(request: Filter): Filter {
  return Object.fromEntries(
    filterDimensions.flatMap(name => (request[name] === undefined ? [] : [[name, request[name]]])),
  )
}

/** The facets that each arm was last described with, for executions that state none. */
async function facetsNow({ synchroniser }: Parts, asked: readonly Dimension[]) {
  if (!asked.some(isFacet)) return () => null
  const { arms } = await synchroniser.exclusive(() => synchroniser.current())
  return (arm: string): CellFacets | null => cellFacets(arms.get(arm)?.facets)
}

const invalid = (text: string) => new TacitError('INVALID_INPUT', `metrics: ${text}.`)
