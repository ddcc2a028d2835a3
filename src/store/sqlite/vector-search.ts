import { setImmediate as otherWork } from 'node:timers/promises'
import { cosineTo } from '../cosine.ts'
import { sqliteQueries, vectorsByRowQuery, vectorsQuery } from '../queries.ts'
import type { NearestQuery } from '../store.ts'
import { Top } from '../top.ts'
import type { Connection, Row, Value } from './connection.ts'
import { toVector } from './rows.ts'
import { codeBytes, VectorCodes } from './vector-codes.ts'

/** Fewer vectors than these are compared one by one: that takes a few milliseconds and no memory. */
const fewestKept = 2048
/** Vectors taken per read. */
const pageLength = 512
/** Row ids looked through per read for vectors that came since. */
const windowLength = 16_384

const countUpTo = 'SELECT count(*) FROM (SELECT 1 FROM vector WHERE scope = ? AND embedder = ? LIMIT ?)'
const selectState =
  "SELECT (SELECT max(rowid) FROM vector) AS last, (SELECT value FROM meta WHERE key = 'vectors removed') AS removed"
const selectPage =
  'SELECT rowid AS row_id, execution_id, vector FROM vector WHERE scope = ? AND embedder = ? AND execution_id > ? ' +
  'AND dimension = ? AND rowid <= ? ORDER BY execution_id LIMIT ?'
// The plus keeps the planner from walking all vectors of the scope.
const selectWindow =
  'SELECT rowid AS row_id, vector FROM vector WHERE rowid > ? AND rowid <= ? AND +scope = ? AND +embedder = ? AND +dimension = ?'

export type Scored = ReturnType<Top<string>['sorted']>

/** Where the file stood: whatever came after `lastRowId` is added; another `epoch` means that row ids mean others now. */
interface State {
  readonly lastRowId: number
  readonly epoch: string
}

/** To be called, inside its transaction, by whoever has removed vectors: their row ids may be given to others. */
export function noteVectorsRemoved(connection: Connection): void {
  connection.run(
    "INSERT INTO meta (key, value) VALUES ('vectors removed', '1') " +
      'ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)',
  )
}

/**
 * Search among the vectors of a file. Codes of them are kept in memory, of those scopes that were asked last; they tell
 * which vectors can be among the answers, and these are compared exactly as the file has them. So the answer is that of
 * comparing with every vector, which is also what happens where codes do not pay or do not fit into memory.
 */
export class VectorSearch {
  readonly #connection: Connection
  readonly #mostBytes: number
  /** The one asked longest ago first. */
  readonly #kept = new Map<string, KeptCodes>()

  constructor(connection: Connection, mostBytes: number) {
    this.#connection = connection
    this.#mostBytes = mostBytes
  }

  /** The ids of the executions that `query` asks for, most similar first. */
  async nearest(scope: string, query: NearestQuery): Promise<Scored> {
    if (query.limit <= 0) return []
    const codes = query.vector.some(value => value !== 0) ? await this.#codesFor(scope, query) : null
    // Of so many answers, most vectors would be looked at anyway.
    if (codes === null || query.limit * 4 > codes.count) return this.#scan(scope, query)
    return (await this.#select(scope, query, codes)) ?? this.#scan(scope, query)
  }

  /** Null where comparing with every vector is the better way. */
  async #codesFor(scope: string, { embedder, vector }: NearestQuery): Promise<VectorCodes | null> {
    const key = JSON.stringify([scope, embedder, vector.length])
    let kept = this.#kept.get(key)
    if (kept === undefined) {
      const mostVectors = Math.floor(this.#mostBytes / codeBytes(vector.length))
      const count = await this.#connection.attempt(() =>
        Number(this.#connection.value(countUpTo, scope, embedder, mostVectors + 1)),
      )
      if (count < fewestKept || count > mostVectors) return null
      kept = new KeptCodes(this.#connection, scope, embedder, vector.length)
    }
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    const codes = await kept.refreshed()
    this.#forgetBeyond()
    return codes
  }

  #forgetBeyond(): void {
    let bytes = 0
    for (const kept of this.#kept.values()) bytes += kept.bytes
    for (const [key, kept] of this.#kept) {
      if (bytes <= this.#mostBytes) return
      this.#kept.delete(key)
      bytes -= kept.bytes
    }
  }

  /** Null if so many vectors can be among the answers that reading all of them in order is quicker. */
  async #select(scope: string, query: NearestQuery, codes: VectorCodes): Promise<Scored | null> {
    const upper = await codes.upperBounds(query.vector)
    const count = upper.length
    const best = new Top<string>(query.limit)
    const isSimilarTo = cosineTo(query.vector)
    const compare = async (indexes: readonly number[]) => {
      const ids = JSON.stringify(indexes.map(index => codes.rowIdAt(index)))
      const { sql, parameters } = vectorsByRowQuery(sqliteQueries, scope, query, ids)
      for (const row of await this.#rows(sql, ...(parameters as readonly Value[]))) {
        const similarity = isSimilarTo(toVector(row.vector as Uint8Array))
        if (similarity >= query.threshold) best.offer(similarity, row.execution_id as string)
      }
    }
    const canCount = (bound: number) => bound >= query.threshold && bound > best.threshold

    // The most promising ones first: how good they are says how few of the others can be better.
    const first = new Top<number>(Math.max(64, 2 * query.limit))
    for (let index = 0; index < count; index += 1) {
      if (upper[index]! >= query.threshold) first.offer(upper[index]!, index)
    }
    const promising = first.sorted().map(({ item }) => item)
    await compare(promising)
    const compared = new Set(promising)
    const others: number[] = []
    for (let index = 0; index < count; index += 1) {
      if (canCount(upper[index]!) && !compared.has(index)) others.push(index)
    }
    // Reading by row id costs several times what reading in order does, the more so where a filter lets little through.
    const isFull = best.threshold > Number.NEGATIVE_INFINITY
    if (others.length * (isFull ? 4 : 16) > count) return null
    others.sort((a, b) => upper[b]! - upper[a]!)
    for (let start = 0; start < others.length && canCount(upper[others[start]!]!); start += pageLength) {
      await compare(others.slice(start, start + pageLength))
    }
    return best.sorted()
  }

  async #scan(scope: string, query: NearestQuery): Promise<Scored> {
    const best = new Top<string>(query.limit)
    const isSimilarTo = cosineTo(query.vector)
    for (let afterId = ''; ; ) {
      const { sql, parameters } = vectorsQuery(sqliteQueries, scope, query, afterId, pageLength)
      const rows = await this.#rows(sql, ...(parameters as readonly Value[]))
      for (const row of rows) {
        const similarity = isSimilarTo(toVector(row.vector as Uint8Array))
        if (similarity >= query.threshold) best.offer(similarity, row.execution_id as string)
      }
      if (rows.length < pageLength) return best.sorted()
      afterId = rows.at(-1)!.execution_id as string
      await otherWork()
    }
  }

  #rows(sql: string, ...values: readonly Value[]): Promise<Row[]> {
    return this.#connection.attempt(() => this.#connection.all(sql, ...values))
  }
}

/** The codes of one scope, embedder and dimension, and how far they go. */
class KeptCodes {
  readonly #connection: Connection
  readonly #of: readonly [scope: string, embedder: string, dimension: number]
  #codes: VectorCodes | null = null
  #state: State = { lastRowId: 0, epoch: '' }
  #refreshing: Promise<VectorCodes> = Promise.reject(new Error('Nothing was read yet.'))

  constructor(connection: Connection, scope: string, embedder: string, dimension: number) {
    this.#connection = connection
    this.#of = [scope, embedder, dimension]
    this.#refreshing.catch(() => undefined)
  }

  get bytes(): number {
    return (this.#codes?.count ?? 0) * codeBytes(this.#of[2])
  }

  /** The codes of all vectors that are committed by now; calls take turns. */
  refreshed(): Promise<VectorCodes> {
    const turn = this.#refreshing.then(
      () => this.#refresh(),
      () => this.#refresh(),
    )
    this.#refreshing = turn
    return turn
  }

  async #refresh(): Promise<VectorCodes> {
    const state = await this.#connection.read(() => this.#readState())
    const isSame = this.#codes !== null && state.epoch === this.#state.epoch && state.lastRowId >= this.#state.lastRowId
    const codes = isSame ? this.#codes! : new VectorCodes(this.#of[2])
    // Should reading break off, nothing half-read is gone on with.
    this.#codes = null
    if (!isSame) await this.#readAll(codes, state.lastRowId)
    else await this.#readSince(codes, this.#state.lastRowId, state.lastRowId)
    this.#codes = codes
    this.#state = state
    return codes
  }

  #readState(): State {
    const { last, removed } = this.#connection.get(selectState)!
    // Whatever replaces or rebuilds the file (restoring, VACUUM) raises the version of its schema.
    const schema = this.#connection.value('PRAGMA schema_version')
    return { lastRowId: Number(last ?? 0), epoch: `${schema} ${removed ?? 0}` }
  }

  async #readAll(codes: VectorCodes, lastRowId: number): Promise<void> {
    const [scope, embedder, dimension] = this.#of
    for (let afterId = ''; ; ) {
      const rows = await this.#connection.attempt(() =>
        this.#connection.all(selectPage, scope, embedder, afterId, dimension, lastRowId, pageLength),
      )
      addRows(codes, rows)
      if (rows.length < pageLength) return
      afterId = rows.at(-1)!.execution_id as string
      await otherWork()
    }
  }

  async #readSince(codes: VectorCodes, fromRowId: number, lastRowId: number): Promise<void> {
    const [scope, embedder, dimension] = this.#of
    for (let from = fromRowId; from < lastRowId; from += windowLength) {
      const until = Math.min(from + windowLength, lastRowId)
      const rows = await this.#connection.attempt(() =>
        this.#connection.all(selectWindow, from, until, scope, embedder, dimension),
      )
      addRows(codes, rows)
      if (until < lastRowId) await otherWork()
    }
  }
}

function addRows(codes: VectorCodes, rows: readonly Row[]): void {
  for (const row of rows) codes.add(row.row_id as number, toVector(row.vector as Uint8Array))
}
