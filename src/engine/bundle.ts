import { createHash } from 'node:crypto'
import { z } from 'zod'
import { TacitError } from '../errors.ts'
import { type Fact, factSchema } from '../records.ts'

/**
 * The export bundle: every fact of a scope, in canonical order, with a checksum. Two forms of the same content:
 *
 * - `ndjson`, for any size: a header line `{"format":"tacit-bundle","version":1,"scope":…,"createdAt":…}`, one line per
 *   fact, and a trailer line `{"end":"tacit-bundle","facts":<count>,"sha256":<hex>}`. The checksum stands at the end so
 *   that a bundle can be written and piped in one pass; a bundle that was cut off has no trailer.
 * - `json`, for other programs: one object with the same keys and the facts as the array `facts`, at most 256 MiB.
 *
 * `sha256` covers the facts alone: each as compact JSON followed by a line feed, in order. So both forms of one log have
 * the same checksum, whenever and wherever they were written.
 */
const bundleVersion = 1
export const bundleFormats = ['ndjson', 'json'] as const
export type BundleFormat = (typeof bundleFormats)[number]

/** What a bundle says about itself. */
export interface BundleInfo {
  readonly version: number
  readonly scope: string
  readonly createdAt: string
  readonly facts: number
  /** Hexadecimal. */
  readonly sha256: string
}

const formatName = 'tacit-bundle'
/** A JSON bundle is read as a whole; beyond this many characters the line-based form is asked for. */
const maxJsonLength = 268_435_456

/**
 * The text of a bundle, piece by piece; its last piece ends with a line feed. Returns what was written.
 * @param createdAt ISO 8601, UTC.
 */
export async function* writeBundle(
  facts: Iterable<Fact> | AsyncIterable<Fact>,
  { scope, createdAt, format }: { scope: string; createdAt: string; format: BundleFormat },
): AsyncGenerator<string, BundleInfo> {
  const header = { format: formatName, version: bundleVersion, scope, createdAt }
  const hash = createHash('sha256')
  let count = 0
  yield format === 'ndjson' ? `${JSON.stringify(header)}\n` : `${JSON.stringify(header).slice(0, -1)},"facts":[`
  for await (const fact of facts) {
    const line = JSON.stringify(fact)
    hash.update(`${line}\n`)
    count += 1
    yield format === 'ndjson' ? `${line}\n` : `${count > 1 ? ',' : ''}\n${line}`
  }
  const sha256 = hash.digest('hex')
  yield format === 'ndjson'
    ? `${JSON.stringify({ end: formatName, facts: count, sha256 })}\n`
    : `\n],"count":${count},"sha256":"${sha256}"}\n`
  return { version: bundleVersion, scope, createdAt, facts: count, sha256 }
}

/**
 * The facts of a bundle (as plain values, not yet validated as facts), from its lines without their line feeds. Returns
 * what the bundle says about itself. Count and checksum are known to be right only when it has run to its end: to write
 * nothing of a damaged bundle, read it once with `verifyBundle` first.
 * @throws TacitError BUNDLE_INVALID if it is damaged, cut off, of a newer version, or not a bundle.
 */
export async function* readBundle(lines: AsyncIterable<string>): AsyncGenerator<unknown, BundleInfo> {
  const iterator = lines[Symbol.asyncIterator]()
  try {
    const first = await iterator.next()
    if (first.done) throw invalid('The bundle is empty')
    const header = tryParse(first.value)
    if (isObject(header) && header.format === formatName && !('facts' in header))
      return yield* readLines(header, iterator)
    return yield* readObject(await restOf(first.value, iterator))
  } finally {
    await iterator.return?.()
  }
}

/** Reads a bundle to its end, checks every fact, and reports what it holds; or throws as `readBundle` does. */
export async function verifyBundle(lines: AsyncIterable<string>): Promise<BundleInfo> {
  const facts = readBundle(lines)
  let step = await facts.next()
  for (let number = 1; !step.done; number += 1) {
    const { error } = factSchema.safeParse(step.value)
    if (error)
      throw invalid(`Fact ${number} of the bundle is not a fact (${z.prettifyError(error).replaceAll('\n', ' ')})`)
    step = await facts.next()
  }
  return step.value
}

// ---- the two forms -------------------------------------------------------------------------------------------------

async function* readLines(
  header: Record<string, unknown>,
  lines: AsyncIterator<string>,
): AsyncGenerator<unknown, BundleInfo> {
  const about = checkHeader(header)
  const hash = createHash('sha256')
  let facts = 0
  for (let number = 2; ; number += 1) {
    const next = await lines.next()
    if (next.done) throw invalid(`The bundle ends after ${facts} facts without its closing line: it was cut off`)
    const value = tryParse(next.value)
    if (!isObject(value)) throw invalid(`Line ${number} of the bundle is not a JSON object`)
    if (value.end === formatName) {
      if (!(await lines.next()).done) throw invalid(`Line ${number + 1} of the bundle follows its closing line`)
      return check(about, { facts, sha256: hash.digest('hex') }, { facts: value.facts, sha256: value.sha256 })
    }
    hash.update(`${next.value}\n`)
    facts += 1
    yield value
  }
}

function* readObject(text: string): Generator<unknown, BundleInfo> {
  const bundle = tryParse(text)
  if (!isObject(bundle)) throw invalid('This is not a bundle: neither a header line nor one JSON object')
  const about = checkHeader(bundle)
  if (!Array.isArray(bundle.facts)) throw invalid('The bundle has no array "facts"')
  const hash = createHash('sha256')
  for (const fact of bundle.facts) hash.update(`${JSON.stringify(fact)}\n`)
  const found = { facts: bundle.facts.length, sha256: hash.digest('hex') }
  const info = check(about, found, { facts: bundle.count, sha256: bundle.sha256 })
  yield* bundle.facts
  return info
}

async function restOf(start: string, lines: AsyncIterator<string>): Promise<string> {
  const parts = [start]
  let length = start.length
  for (let next = await lines.next(); !next.done; next = await lines.next()) {
    parts.push(next.value)
    length += next.value.length + 1
    if (length > maxJsonLength) {
      throw invalid('This is not a bundle in lines, and too large for one JSON object; export it with --format ndjson')
    }
  }
  return parts.join('\n')
}

// ---- checks --------------------------------------------------------------------------------------------------------

type About = Pick<BundleInfo, 'version' | 'scope' | 'createdAt'>

function checkHeader({ format, version, scope, createdAt }: Record<string, unknown>): About {
  if (format !== formatName) throw invalid(`This is not a Tacit bundle: "format" is not "${formatName}"`)
  if (typeof version !== 'number' || !(version >= 1)) throw invalid('The bundle names no version')
  if (version > bundleVersion) {
    throw invalid(`The bundle has version ${version}, this Tacit knows ${bundleVersion}: upgrade Tacit`)
  }
  if (typeof scope !== 'string' || typeof createdAt !== 'string')
    throw invalid('The header of the bundle is incomplete')
  return { version, scope, createdAt }
}

function check(
  about: About,
  found: { facts: number; sha256: string },
  said: { facts: unknown; sha256: unknown },
): BundleInfo {
  if (said.facts !== found.facts) throw invalid(`The bundle holds ${found.facts} facts but says ${String(said.facts)}`)
  if (said.sha256 !== found.sha256) throw invalid('The checksum of the bundle does not fit its facts: it was changed')
  return { ...about, ...found }
}

function invalid(what: string): TacitError {
  return new TacitError('BUNDLE_INVALID', `${what}. Export it again; nothing was imported.`)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** Undefined for text that is not JSON: every caller then says what it expected. */
function tryParse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
