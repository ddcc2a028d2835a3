import { closeSync, fstatSync, openSync, readSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { ensureDirectory } from '../../ingest/hooks/spool.ts'

/**
 * Past tasks in one file that a hook can search in a few milliseconds without opening the database: their vectors in
 * bytes, which arm did them, and what came of it. It follows from the log and can be thrown away at any time.
 */
export interface AdviceIndex {
  /** Place in the log up to which it was read. */
  cursor: number
  readonly embedder: string
  readonly dimension: number
  readonly arms: string[]
  rows: number
  /** Per row: a vector as bytes, and what one of them stands for. */
  readonly vectors: Int8Array
  readonly scales: Float32Array
  /** The execution, as a hash of its id. */
  readonly executions: Float64Array
  readonly armOf: Uint16Array
  readonly success: Uint8Array
  /** Beginnings of the tasks, in UTF-8, padded with zeros. */
  readonly texts: Uint8Array
}

/** Only so many of the newest tasks are searched; when it is full, the older half is dropped. */
export const maxRows = 30_000
export const unknownSuccess = 2
const textBytes = 160
const format = 1

interface Header {
  readonly format: number
  readonly cursor: number
  readonly embedder: string
  readonly dimension: number
  readonly arms: string[]
  readonly rows: number
}

/** An index of nothing yet. */
export function emptyIndex(embedder: string, dimension: number, capacity = maxRows): AdviceIndex {
  return {
    cursor: 0,
    embedder,
    dimension,
    arms: [],
    rows: 0,
    vectors: new Int8Array(capacity * dimension),
    scales: new Float32Array(capacity),
    executions: new Float64Array(capacity),
    armOf: new Uint16Array(capacity),
    success: new Uint8Array(capacity),
    texts: new Uint8Array(capacity * textBytes),
  }
}

/** Sets one row. */
export function setRow(
  index: AdviceIndex,
  row: number,
  { vector, arm, execution, text }: { vector: Float32Array; arm: number; execution: number; text: string },
): void {
  let largest = 0
  for (const value of vector) largest = Math.max(largest, Math.abs(value))
  const scale = largest / 127
  index.scales[row] = scale
  for (let i = 0; i < vector.length; i++) {
    index.vectors[row * index.dimension + i] = scale === 0 ? 0 : Math.round(vector[i]! / scale)
  }
  index.executions[row] = execution
  index.armOf[row] = arm
  index.success[row] = unknownSuccess
  const bytes = index.texts.subarray(row * textBytes, (row + 1) * textBytes)
  bytes.fill(0)
  new TextEncoder().encodeInto(text, bytes)
}

/** Makes room by forgetting the older half. */
export function dropOlderHalf(index: AdviceIndex): void {
  const from = Math.floor(index.rows / 2)
  for (const [array, width] of sections(index)) array.copyWithin(0, from * width, index.rows * width)
  index.rows -= from
}

/** Writes the file as a whole: a reader sees the old or the new one. */
export function writeIndex(file: string, index: AdviceIndex): void {
  const { cursor, embedder, dimension, arms, rows } = index
  const header = Buffer.from(JSON.stringify({ format, cursor, embedder, dimension, arms, rows } satisfies Header))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(header.length)
  const parts = sections(index).map(([array, width]) =>
    Buffer.from(array.buffer, array.byteOffset, rows * width * array.BYTES_PER_ELEMENT),
  )
  const fresh = `${file}.${process.pid}`
  ensureDirectory(dirname(file))
  writeFileSync(fresh, Buffer.concat([length, header, ...parts]), { mode: 0o600 })
  renameSync(fresh, file)
}

/**
 * Reads the file; null if there is none or it is of another kind.
 * @param hasRoom whether rows are to be added.
 */
export function readIndex(file: string, hasRoom: boolean): AdviceIndex | null {
  const descriptor = open(file)
  if (descriptor === null) return null
  try {
    const header = readHeader(descriptor)
    if (header === null) return null
    const { embedder, dimension, rows } = header.index
    const index = { ...emptyIndex(embedder, dimension, hasRoom ? maxRows : rows), ...header.index }
    let at = header.start
    for (const [array, width] of sections(index)) {
      const size = rows * width * array.BYTES_PER_ELEMENT
      if (readSync(descriptor, new Uint8Array(array.buffer, 0, size), 0, size, at) !== size) return null
      at += size
    }
    return index
  } finally {
    closeSync(descriptor)
  }
}

export const textOf = ({ texts }: AdviceIndex, row: number): string =>
  Buffer.from(texts.buffer, row * textBytes, textBytes)
    .toString('utf8')
    .replace(/\0+$/, '')

type Section = readonly [Int8Array | Float32Array | Float64Array | Uint16Array | Uint8Array, number]

function sections({ vectors, scales, executions, armOf, success, texts, dimension }: AdviceIndex): Section[] {
  return [
    [vectors, dimension],
    [scales, 1],
    [executions, 1],
    [armOf, 1],
    [success, 1],
    [texts, textBytes],
  ]
}

function open(file: string): number | null {
  try {
    return openSync(file, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function readHeader(descriptor: number) {
  const length = Buffer.alloc(4)
  if (readSync(descriptor, length, 0, 4, 0) !== 4) return null
  const size = length.readUInt32LE()
  if (size > Math.min(fstatSync(descriptor).size, 16_777_216)) return null
  const text = Buffer.alloc(size)
  readSync(descriptor, text, 0, size, 4)
  const header = headerFrom(text.toString('utf8'))
  if (header === null || header.format !== format || !(header.rows <= maxRows) || !(header.dimension <= 4096))
    return null
  const { format: _format, ...index } = header
  return { index, start: 4 + size }
}

function headerFrom(text: string): Header | null {
  try {
    return JSON.parse(text) as Header
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
