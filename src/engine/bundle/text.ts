import type { Fact } from '../../records.ts'
import {
  type BundleHead,
  type BundleInfo,
  Checksum,
  checkFacts,
  checkHead,
  formatName,
  headOf,
  invalid,
  isObject,
  notBundle,
  tryParse,
} from './manifest.ts'

/** A JSON bundle is read as a whole; beyond this many characters the line-based form is asked for. */
const maxJsonLength = 268_435_456

/** The text of a bundle in lines or as one JSON object, piece by piece; its last piece ends with a line feed. */
export async function* writeText(
  facts: Iterable<Fact> | AsyncIterable<Fact>,
  about: Omit<BundleHead, 'version'>,
  format: 'ndjson' | 'json',
): AsyncGenerator<string, BundleInfo> {
  const { format: name, ...head } = headOf(about)
  const header = JSON.stringify({ format: name, ...head })
  const checksum = new Checksum()
  yield format === 'ndjson' ? `${header}\n` : `${header.slice(0, -1)},"facts":[`
  for await (const fact of facts) {
    const line = JSON.stringify(fact)
    checksum.add(line)
    yield format === 'ndjson' ? `${line}\n` : `${checksum.facts > 1 ? ',' : ''}\n${line}`
  }
  const { facts: count, sha256 } = checksum.digest()
  yield format === 'ndjson'
    ? `${JSON.stringify({ end: formatName, facts: count, sha256 })}\n`
    : `\n],"count":${count},"sha256":"${sha256}"}\n`
  return { ...head, facts: count, sha256 }
}

/** The facts of a bundle whose first line is `first`; see `readBundle`. */
export async function* readText(first: string, rest: AsyncIterator<string>): AsyncGenerator<unknown, BundleInfo> {
  const header = tryParse(first)
  if (isObject(header) && header.format === formatName && !('facts' in header)) return yield* readLines(header, rest)
  return yield* readObject(await restOf(first, rest))
}

async function* readLines(
  header: Record<string, unknown>,
  lines: AsyncIterator<string>,
): AsyncGenerator<unknown, BundleInfo> {
  const head = checkHead(header)
  const checksum = new Checksum()
  for (let number = 2; ; number += 1) {
    const next = await lines.next()
    if (next.done)
      throw invalid(`The bundle ends after ${checksum.facts} facts without its closing line: it was cut off`)
    const value = tryParse(next.value)
    if (!isObject(value)) throw invalid(`Line ${number} of the bundle is not a JSON object`)
    if (value.end === formatName) {
      if (!(await lines.next()).done) throw invalid(`Line ${number + 1} of the bundle follows its closing line`)
      return checkFacts(head, checksum, { facts: value.facts, sha256: value.sha256 })
    }
    checksum.add(next.value)
    yield value
  }
}

function* readObject(text: string): Generator<unknown, BundleInfo> {
  const bundle = tryParse(text)
  if (!isObject(bundle)) throw notBundle('it begins with neither a header line nor one JSON object')
  const head = checkHead(bundle)
  if (!Array.isArray(bundle.facts)) throw invalid('The bundle has no array "facts"')
  const checksum = new Checksum()
  for (const fact of bundle.facts) checksum.add(JSON.stringify(fact))
  const info = checkFacts(head, checksum, { facts: bundle.count, sha256: bundle.sha256 })
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
      throw notBundle('it is not in lines, and too large for one JSON object (--format ndjson exports any size)')
    }
  }
  return parts.join('\n')
}
