import { randomUUID } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { link, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { asyncBufferFromFile } from 'hyparquet'
import {
  type BundleFormat,
  type BundleInfo,
  type BundleSource,
  bundleFormats,
  writeBundle,
} from '../../engine/bundle.ts'
import { TacitError } from '../../errors.ts'
import type { Fact } from '../../records.ts'
import { openLines, textOf } from './lines.ts'
import { type GlobalOptions, isThere, resolveConfig } from './session.ts'

/**
 * The form that the name of a file asks for ("facts.csv.gz" is CSV); lines where it has no extension.
 * @throws TacitError INVALID_INPUT for the extension of another form.
 */
export function formatOf(file: string): BundleFormat {
  const extension = extname(file.replace(/\.gz$/, '')).slice(1).toLowerCase()
  if (extension === '' || extension === 'jsonl') return 'ndjson'
  const format = bundleFormats.find(name => name === extension)
  if (format !== undefined) return format
  throw new TacitError(
    'INVALID_INPUT',
    `${file}: a bundle cannot be written as .${extension}. Name the file .${bundleFormats.join(', .')} or .jsonl.`,
  )
}

/**
 * @param force whether a file that is there may be replaced; left out where replacing is not offered.
 * @throws TacitError ALREADY_EXISTS for a file that is there; INVALID_INPUT for a name that does not fit the form.
 */
export function assertWritable(file: string, format: BundleFormat, force?: boolean): void {
  if (format === 'parquet' && file.endsWith('.gz')) {
    throw new TacitError('INVALID_INPUT', 'A Parquet file is compressed inside: name it .parquet, without .gz.')
  }
  if (!force && existsSync(file)) throw alreadyThere(file, force)
}

/**
 * Writes facts as a bundle into `file`, which is either whole or untouched. Without `force` a file that is there, or has
 * appeared meanwhile, is kept.
 */
export async function writeBundleFile(
  file: string,
  facts: AsyncIterable<Fact>,
  { force, ...about }: { scope: string; createdAt: string; format: BundleFormat; force?: boolean },
): Promise<BundleInfo> {
  assertWritable(file, about.format, force)
  const content = remembering(writeBundle(facts, about))
  await writeWhole(file, content.pieces, force)
  return content.result()
}

/** Writes facts as a bundle to standard output. */
export async function printBundle(
  facts: AsyncIterable<Fact>,
  about: { scope: string; createdAt: string; format: BundleFormat },
): Promise<void> {
  await pipeline(Readable.from(writeBundle(facts, about)), process.stdout, { end: false })
}

/** The bundle in a file, whatever its form, from its start; compressed or not. */
export async function openBundle(file: string): Promise<BundleSource> {
  return (await isParquet(file)) ? asyncBufferFromFile(file) : textOf(await openLines(file))
}

/** True if the file begins as Parquet files do; false also for one that cannot be opened. */
export async function isParquet(file: string): Promise<boolean> {
  const handle = await open(file).catch(() => null)
  if (handle === null) return false
  try {
    const { buffer } = await handle.read({ buffer: Buffer.alloc(4), position: 0 }).catch(() => ({ buffer: null }))
    return buffer?.toString('latin1') === 'PAR1'
  } finally {
    await handle.close()
  }
}

/** A dry run needs no database. */
export async function placeOf(options: GlobalOptions, dryRun: boolean): Promise<GlobalOptions> {
  if (!dryRun || (await isThere(resolveConfig(options).config))) return options
  return { ...options, db: ':memory:', isScratch: true }
}

/** A temporary file beside `file` gets its name at the end. A link, unlike a renaming, does not replace. */
async function writeWhole(
  file: string,
  content: AsyncIterable<string | Uint8Array>,
  force: boolean | undefined,
): Promise<void> {
  const temporary = join(dirname(file), `.${basename(file)}.${randomUUID()}.tmp`)
  try {
    const target = createWriteStream(temporary, { flags: 'wx', flush: true })
    await (file.endsWith('.gz')
      ? pipeline(Readable.from(content), createGzip(), target)
      : pipeline(Readable.from(content), target))
    await (force ? rename(temporary, file) : link(temporary, file))
  } catch (cause) {
    if (cause instanceof TacitError) throw cause
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw alreadyThere(file, force)
    throw new TacitError('NOT_FOUND', `Cannot write ${file}: ${(cause as Error).message}. Check the directory.`, {
      cause,
    })
  } finally {
    await rm(temporary, { force: true })
  }
}

function alreadyThere(file: string, force: boolean | undefined): TacitError {
  const advice = force === undefined ? 'Name another file.' : 'Use --force to replace it.'
  return new TacitError('ALREADY_EXISTS', `${file} is there already and was left as it is. ${advice}`)
}

/** The pieces of a generator, and what it returned once they have been taken. */
function remembering<Piece, Result>(source: AsyncGenerator<Piece, Result>) {
  let result: Result
  return {
    pieces: (async function* () {
      result = yield* source
    })(),
    result: () => result,
  }
}
