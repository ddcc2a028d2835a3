import { createHash } from 'node:crypto'
import { TacitError } from '../../errors.ts'
import type { Fact } from '../../records.ts'

/**
 * The export bundle: the facts of a scope, in canonical order, with a checksum. The same content has four forms; of one
 * log they all have the same checksum, whenever and wherever they were written:
 *
 * - `ndjson`, for any size: a header line `{"format":"tacit-bundle","version":1,"scope":…,"createdAt":…}`, one line per
 *   fact, and a trailer line `{"end":"tacit-bundle","facts":<count>,"sha256":<hex>}`. The checksum stands at the end so
 *   that a bundle can be written and piped in one pass; a bundle that was cut off has no trailer.
 * - `json`, for other programs: one object with the same keys and the facts as the array `facts`, at most 256 MiB.
 * - `csv`, for spreadsheets: a row per fact; the last column holds the fact, the others show what is in it.
 * - `parquet`, for analysis and archives: the same columns with types; count and checksum stand in the file's metadata.
 *
 * `sha256` covers the facts alone: each as compact JSON followed by a line feed, in order.
 */
const bundleVersion = 1
export const formatName = 'tacit-bundle'
export const bundleFormats = ['ndjson', 'json', 'csv', 'parquet'] as const
export type BundleFormat = (typeof bundleFormats)[number]

/** What stands at the head of a bundle. */
export interface BundleHead {
  readonly version: number
  readonly scope: string
  /** ISO 8601, UTC. */
  readonly createdAt: string
}

/** What a bundle says about itself. */
export interface BundleInfo extends BundleHead {
  readonly facts: number
  /** Hexadecimal. */
  readonly sha256: string
}

/** The head as it is written. */
export const headOf = ({ scope, createdAt }: Omit<BundleHead, 'version'>) => ({
  format: formatName,
  version: bundleVersion,
  scope,
  createdAt,
})

/** Counts and hashes facts as they go by. */
export class Checksum {
  readonly #hash = createHash('sha256')
  #facts = 0

  /** @param json the fact as compact JSON. */
  add(json: string): void {
    this.#hash.update(`${json}\n`)
    this.#facts++
  }

  get facts(): number {
    return this.#facts
  }

  /** To be called once, at the end. */
  digest(): Pick<BundleInfo, 'facts' | 'sha256'> {
    return { facts: this.#facts, sha256: this.#hash.digest('hex') }
  }
}

/** @throws TacitError BUNDLE_INVALID if this is no head of a bundle that can be read. */
export function checkHead({ format, version, scope, createdAt }: Record<string, unknown>): BundleHead {
  if (format !== formatName) throw notBundle(`"format" is not "${formatName}"`)
  if (typeof version !== 'number' || !(version >= 1)) throw invalid('The bundle names no version')
  if (version > bundleVersion) {
    throw invalid(`The bundle has version ${version}, this Tacit knows ${bundleVersion}: upgrade Tacit`)
  }
  if (typeof scope !== 'string' || typeof createdAt !== 'string')
    throw invalid('The header of the bundle is incomplete')
  return { version, scope, createdAt }
}

/** @throws TacitError BUNDLE_INVALID if the facts are not those that the bundle says it holds. */
export function checkFacts(
  head: BundleHead,
  checksum: Checksum,
  said: { readonly facts: unknown; readonly sha256: unknown },
): BundleInfo {
  const found = checksum.digest()
  if (said.facts !== found.facts) throw invalid(`The bundle holds ${found.facts} facts but says ${String(said.facts)}`)
  if (said.sha256 !== found.sha256) throw invalid('The checksum of the bundle does not fit its facts: it was changed')
  return { ...head, ...found }
}

export function notBundle(why: string): TacitError {
  return new TacitError(
    'BUNDLE_INVALID',
    `This is not a Tacit bundle: ${why}. Name a file that "tacit export" wrote, or say with --from which system's history ` +
      'it holds; nothing was imported.',
  )
}

export function invalid(what: string, cause?: unknown): TacitError {
  return new TacitError('BUNDLE_INVALID', `${what}. Export it again; nothing was imported.`, { cause })
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** Undefined for text that is not JSON: every caller then says what it expected. */
export function tryParse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The columns of a table of facts, in their order; the last one holds the whole fact as JSON. */
export const columns = [
  'kind',
  'id',
  'execution_id',
  'at',
  'recorded_at',
  'origin',
  'task',
  'task_type',
  'arm',
  'propensity',
  'success',
  'quality',
  'duration_ms',
  'cost_usd',
  'error_type',
  'name',
  'rating',
  'fact',
] as const
export type Column = (typeof columns)[number]

/** One fact as a row: what is unknown, or is no property of its kind, is null. Times are microseconds since 1970. */
export type FactRow = Readonly<Record<Column, string | number | boolean | null>>

export function rowOf(fact: Fact, json: string): FactRow {
  const { kind, body } = fact
  const row: Record<Column, string | number | boolean | null> = {
    ...emptyRow,
    kind,
    id: fact.id,
    execution_id: fact.executionId,
    at: fact.atUs,
    recorded_at: fact.recordedAtUs,
    origin: fact.origin,
    fact: json,
  }
  if (kind === 'decision') {
    const { task, taskType, arm, propensity } = body
    return { ...row, task: task.toWellFormed(), task_type: taskType, arm, propensity }
  }
  if (kind === 'feedback') return { ...row, name: body.dimension, rating: body.value01 }
  const shared = {
    duration_ms: body.durationMs ?? null,
    cost_usd: body.costMicroUsd === undefined || body.costMicroUsd === null ? null : body.costMicroUsd / 1e6,
    error_type: body.error?.type ?? null,
  }
  if (kind === 'step') return { ...row, ...shared, name: body.name ?? null }
  const { success, quality, arm } = body
  return { ...row, ...shared, success, quality, arm: arm?.id ?? null }
}

const emptyRow = Object.fromEntries(columns.map(column => [column, null])) as Record<Column, null>
