import { isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { TacitError } from '../../errors.ts'

/** Longest line that is read, bytes. Longer ones are skipped and reported, never held. */
export const maxLineBytes = 16_777_216

export interface Line {
  /** Starting at 1. */
  readonly number: number
  /** Without its line feed; null if the line cannot be read. */
  readonly text: string | null
  /** Why it cannot be read. */
  readonly problem?: string
}

export interface LineSource {
  readonly lines: AsyncIterable<Line>
  /** For people: the path or "standard input". */
  readonly name: string
  /** Size of the file, bytes; null for standard input. */
  readonly totalBytes: number | null
  /** Bytes of the file (compressed, if it is) taken so far. */
  readBytes(): number
}

/**
 * The lines of a file, or of standard input for "-". Content that is gzip-compressed is unpacked, whatever its name.
 * @param signal ends the reading early, as if the input ended there.
 * @throws TacitError NOT_FOUND for a missing file; INVALID_INPUT, while reading, for a damaged archive.
 */
export async function openLines(path: string, signal?: AbortSignal): Promise<LineSource> {
  const isStandardInput = path === '-'
  const name = isStandardInput ? 'standard input' : path
  const totalBytes = isStandardInput ? null : await sizeOf(path)
  const stream = isStandardInput ? process.stdin : createReadStream(path)
  let taken = 0
  const stop = () => stream.destroy()
  signal?.addEventListener('abort', stop, { once: true })

  async function* raw(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of stream) {
        taken += chunk.length
        yield chunk as Buffer
      }
    } catch (cause) {
      if (signal?.aborted) return
      throw new TacitError('NOT_FOUND', `Cannot read ${name}: ${(cause as Error).message}.`, { cause })
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }
  return { lines: splitLines(unpacked(raw(), name, signal)), name, totalBytes, readBytes: () => taken }
}

/** The text of lines that must all be readable (a bundle, for example). */
export async function* textOf(source: LineSource): AsyncGenerator<string> {
  for await (const { number, text, problem } of source.lines) {
    if (text === null) throw new TacitError('BUNDLE_INVALID', `Line ${number} of ${source.name} ${problem}.`)
    yield text
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path)
    if (found.isDirectory()) throw new TacitError('INVALID_INPUT', `${path} is a directory; name a file.`)
    return found.size
  } catch (cause) {
    if (cause instanceof TacitError) throw cause
    throw new TacitError('NOT_FOUND', `Cannot read ${path}: ${(cause as Error).message}. Check the path.`, { cause })
  }
}

async function* unpacked(chunks: AsyncGenerator<Buffer>, name: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const start = await firstBytes(chunks, 2)
  async function* all() {
    yield start
    yield* chunks
  }
  if (start[0] !== 0x1f || start[1] !== 0x8b) return yield* all()
  // An error of either stream destroys the last one, and so reaches the loop below; the callback has nothing to add.
  const unzipped = pipeline(Readable.from(all()), createGunzip(), () => {})
  try {
    for await (const chunk of unzipped) yield chunk as Buffer
  } catch (cause) {
    if (signal?.aborted) return
    if (cause instanceof TacitError) throw cause
    throw new TacitError('INVALID_INPUT', `${name} is damaged gzip data: ${(cause as Error).message}.`, { cause })
  }
}

async function firstBytes(chunks: AsyncGenerator<Buffer>, count: number): Promise<Buffer> {
  let start = Buffer.alloc(0)
  while (start.length < count) {
    const next = await chunks.next()
    if (next.done) break
    start = Buffer.concat([start, next.value])
  }
  return start
}

async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let number = 0
  let parts: Buffer[] = []
  let length = 0
  const add = (part: Buffer) => {
    length += part.length
    if (length <= maxLineBytes) parts.push(part)
    else parts = []
  }
  const finish = (): Line => {
    number += 1
    const line = length > maxLineBytes ? tooLong(number, length) : decode(Buffer.concat(parts), number)
    parts = []
    length = 0
    return line
  }
  for await (const chunk of chunks) {
    let from = 0
    for (let to = chunk.indexOf(10); to >= 0; to = chunk.indexOf(10, from)) {
      add(chunk.subarray(from, to))
      from = to + 1
      yield finish()
    }
    add(chunk.subarray(from))
  }
  if (length > 0) yield finish()
}

function tooLong(number: number, length: number): Line {
  return { number, text: null, problem: `is too long (${length} bytes; at most ${maxLineBytes})` }
}

function decode(bytes: Buffer, number: number): Line {
  if (!isUtf8(bytes)) return { number, text: null, problem: 'is not valid UTF-8' }
  const text = bytes.toString('utf8')
  return { number, text: number === 1 && text.startsWith('\uFEFF') ? text.slice(1) : text }
}
