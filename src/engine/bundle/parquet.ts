import { type AsyncBuffer, parquetMetadataAsync, type SchemaElement } from 'hyparquet'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { parquetRows } from '../../ingest/tables.ts'
import type { Fact } from '../../records.ts'
import {
  type BundleHead,
  type BundleInfo,
  Checksum,
  type Column,
  checkFacts,
  checkHead,
  columns,
  type FactRow,
  headOf,
  invalid,
  isObject,
  notBundle,
  rowOf,
  tryParse,
} from './manifest.ts'

/** A row group is kept in memory while it is written or read. */
const maxGroupRows = 10_000
const maxGroupLength = 16_777_216
const metadataKey = 'tacit-bundle'

const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const
const moment = { type: 'INT64', converted_type: 'TIMESTAMP_MICROS' } as const
const number = { type: 'DOUBLE' } as const
const types: Partial<Record<Column, Omit<SchemaElement, 'name'>>> = {
  at: moment,
  recorded_at: moment,
  propensity: number,
  success: { type: 'BOOLEAN' },
  quality: number,
  duration_ms: number,
  cost_usd: number,
  rating: number,
}
const schema: SchemaElement[] = [
  { name: 'facts', num_children: columns.length },
  ...columns.map(name => ({ name, repetition_type: 'OPTIONAL' as const, ...(types[name] ?? text) })),
]

/** A bundle as a Parquet file, row group by row group. */
export async function* writeParquet(
  facts: Iterable<Fact> | AsyncIterable<Fact>,
  about: Omit<BundleHead, 'version'>,
): AsyncGenerator<Uint8Array, BundleInfo> {
  const { format, ...head } = headOf(about)
  const bytes = new ByteWriter()
  const writer = new ParquetWriter({ writer: bytes, schema, createdBy: 'tacit' })
  const checksum = new Checksum()
  let group: FactRow[] = []
  let length = 0
  for await (const fact of facts) {
    const json = JSON.stringify(fact)
    checksum.add(json)
    group.push(rowOf(fact, json))
    length += json.length
    if (group.length < maxGroupRows && length < maxGroupLength) continue
    yield writeGroup(writer, bytes, group)
    group = []
    length = 0
  }
  if (group.length > 0) yield writeGroup(writer, bytes, group)
  const found = checksum.digest()
  writer.kvMetadata = [{ key: metadataKey, value: JSON.stringify({ format, ...head, ...found }) }]
  writer.finish()
  yield taken(bytes)
  return { ...head, ...found }
}

/** The facts of a bundle in Parquet; see `readBundle`. */
export async function* readParquet(file: AsyncBuffer): AsyncGenerator<unknown, BundleInfo> {
  const metadata = await readable(() => parquetMetadataAsync(file))
  const said = tryParse(metadata.key_value_metadata?.find(({ key }) => key === metadataKey)?.value ?? '')
  if (!isObject(said)) throw notBundle('the Parquet file has no header of one')
  const head = checkHead(said)
  const checksum = new Checksum()
  const rows = parquetRows(file, metadata, ['fact'])
  for (let next = await readable(() => rows.next()); !next.done; next = await readable(() => rows.next())) {
    const { fact } = next.value
    const value = typeof fact === 'string' ? tryParse(fact) : undefined
    if (!isObject(value))
      throw invalid(`Row ${checksum.facts + 1} of the bundle has no JSON object in its column "fact"`)
    checksum.add(fact as string)
    yield value
  }
  return checkFacts(head, checksum, { facts: said.facts, sha256: said.sha256 })
}

/** Whatever goes wrong while bytes are decoded, the file is damaged. */
async function readable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw invalid(`The Parquet file cannot be read (${(error as Error).message})`, error)
  }
}

function writeGroup(writer: ParquetWriter, bytes: ByteWriter, group: readonly FactRow[]): Uint8Array {
  const columnData = columns.map(name => ({ name, data: group.map(row => row[name]) }))
  writer.write({ columnData, rowGroupSize: group.length })
  return taken(bytes)
}

/** What was written since the last time. */
function taken(bytes: ByteWriter): Uint8Array {
  const copy = bytes.getBytes().slice()
  bytes.index = 0
  return copy
}
