import type { AsyncBuffer } from 'hyparquet'
import { z } from 'zod'
import { type Fact, factSchema } from '../records.ts'
import { isCsvHeader, readCsv, writeCsv } from './bundle/csv.ts'
import { type BundleFormat, type BundleHead, type BundleInfo, invalid } from './bundle/manifest.ts'
import { readParquet, writeParquet } from './bundle/parquet.ts'
import { readText, writeText } from './bundle/text.ts'

export { type BundleFormat, type BundleInfo, bundleFormats } from './bundle/manifest.ts'

/** Where a bundle is read from: the lines of a text, without their line feeds, or a Parquet file. */
export type BundleSource = AsyncIterable<string> | AsyncBuffer

/** The content of a bundle, piece by piece; returns what was written. Bounded memory in every form. */
export function writeBundle(
  facts: Iterable<Fact> | AsyncIterable<Fact>,
  { format, ...about }: Omit<BundleHead, 'version'> & { format: BundleFormat },
): AsyncGenerator<string | Uint8Array, BundleInfo> {
  if (format === 'csv') return writeCsv(facts, about)
  return format === 'parquet' ? writeParquet(facts, about) : writeText(facts, about, format)
}

/**
 * The facts of a bundle in any form (as plain values, not yet validated as facts). Returns what the bundle says about
 * itself. Count and checksum are known to be right only when it has run to its end: to write nothing of a damaged bundle,
 * read it once with `verifyBundle` first.
 * @throws TacitError BUNDLE_INVALID if it is damaged, cut off, of a newer version, or not a bundle.
 */
export async function* readBundle(source: BundleSource): AsyncGenerator<unknown, BundleInfo> {
  if (!(Symbol.asyncIterator in source)) return yield* readParquet(source)
  const iterator = source[Symbol.asyncIterator]()
  try {
    const first = await iterator.next()
    if (first.done) throw invalid('The bundle is empty')
    return yield* isCsvHeader(first.value) ? readCsv(iterator) : readText(first.value, iterator)
  } finally {
    await iterator.return?.()
  }
}

/** Reads a bundle to its end, checks every fact, and reports what it holds; or throws as `readBundle` does. */
export async function verifyBundle(source: BundleSource): Promise<BundleInfo> {
  const facts = readBundle(source)
  let step = await facts.next()
  for (let number = 1; !step.done; number += 1) {
    const { error } = factSchema.safeParse(step.value)
    if (error)
      throw invalid(`Fact ${number} of the bundle is not a fact (${z.prettifyError(error).replaceAll('\n', ' ')})`)
    step = await facts.next()
  }
  return step.value
}
