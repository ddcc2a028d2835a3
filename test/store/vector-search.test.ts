import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { integer, normal, type Rng, seedRng } from '../../src/math/rng.ts'
import { Connection } from '../../src/store/sqlite/connection.ts'
import { VectorCodes } from '../../src/store/sqlite/vector-codes.ts'
import type { ExecutionFilter, Store } from '../../src/store/store.ts'
import { decisionFact } from '../helpers/facts.ts'
import { openStoreAt, temporaryDirectory } from './temporary.ts'

const embedder = 'e'
const dimension = 24
const many = 3000

const openAt = (path: string, vectorMemoryMb?: number) => openStoreAt(path, { vectorMemoryMb })
const temporaryPath = () => join(temporaryDirectory(), 'tacit.db')

/** One store that keeps codes, and one that compares with every vector, over the same file. */
async function pair() {
  const path = temporaryPath()
  return { path, quick: await openAt(path), plain: await openAt(path, 0) }
}

const gaussian = (rng: Rng, length = dimension) => Float32Array.from({ length }, () => normal(rng))

/** Vectors near a few centres, of any length, some of them equal and some of length zero. */
function clustered(rng: Rng, count: number): Float32Array[] {
  const centres = Array.from({ length: 8 }, () => gaussian(rng))
  const made: Float32Array[] = []
  for (let index = 0; index < count; index += 1) {
    const kind = integer(rng, 10)
    if (kind === 0 && made.length > 0) made.push(made[integer(rng, made.length)]!)
    else if (kind === 1 && integer(rng, 10) === 0) made.push(new Float32Array(dimension))
    else made.push(centres[integer(rng, 8)]!.map(value => (value + 0.3 * normal(rng)) * 10 ** (integer(rng, 7) - 3)))
  }
  return made
}

async function append(store: Store, vectors: readonly Float32Array[], prefix = 'x', scope = 's'): Promise<void> {
  const ids = vectors.map((_, index) => `${prefix}${index}`)
  await store.append(
    scope,
    ids.map((id, index) => [
      decisionFact(id, { body: { taskType: `t${index % 3}`, context: { repository: `r${index % 500}` } } }),
    ]),
    ids.map((executionId, index) => ({ executionId, embedder, vector: vectors[index]! })),
  )
}

interface Question {
  readonly vector: Float32Array
  readonly threshold?: number
  readonly limit?: number
  readonly filter?: ExecutionFilter
}

/** Similarities alone where several vectors are equally similar, since which of them count is open. */
async function ask(store: Store, { vector, threshold = 0.1, limit = 10, filter = {} }: Question) {
  const found = await store.nearest('s', { embedder, vector, threshold, limit, filter })
  return found.map(({ similarity }) => similarity)
}

const idsNear = async (store: Store, vector: Float32Array, limit = 3) =>
  (await store.nearest('s', { embedder, vector, threshold: 0.99, limit })).map(({ execution }) => execution.id)

describe('codes of vectors', () => {
  test('bound the cosine to any query from above, tightly', async () => {
    const rng = seedRng('bounds')
    for (const length of [1, 3, 256]) {
      const vectors = [...Array.from({ length: 1500 }, () => gaussian(rng, length)), new Float32Array(length)]
      const codes = new VectorCodes(length)
      for (const [index, vector] of vectors.entries()) codes.add(index + 7, vector)
      for (let round = 0; round < 5; round += 1) {
        const query = gaussian(rng, length)
        const bounds = await codes.upperBounds(query)
        expect(bounds.length).toBe(vectors.length)
        for (const [index, vector] of vectors.entries()) {
          const product = vector.reduce((sum, value, at) => sum + value * query[at]!, 0)
          const cosine = product === 0 ? 0 : product / (Math.hypot(...vector) * Math.hypot(...query))
          expect(bounds[index]! - cosine).toBeGreaterThan(-2e-7)
          expect(bounds[index]! - cosine).toBeLessThan(0.03)
          expect(codes.rowIdAt(index)).toBe(index + 7)
        }
      }
    }
  })
})

describe('search by codes in memory', () => {
  test('answers as comparing with every vector does, for any filter, threshold and limit', async () => {
    const { quick, plain } = await pair()
    const rng = seedRng('answers')
    const vectors = clustered(rng, many)
    await append(quick, vectors)
    const queries = [vectors[0]!, vectors[many - 1]!, gaussian(rng), gaussian(rng), new Float32Array(dimension)]
    for (const filter of [{}, { taskType: 't1' }, { repository: 'r7' }, { taskType: 'none' }]) {
      for (const vector of queries) {
        for (const [threshold, limit] of [
          [0.1, 10],
          [-1, 5],
          [0.9, 400],
          [1, 3],
          [-1, 5000],
          [0, 0],
        ] as const) {
          const question = { vector, threshold, limit, filter }
          expect(await ask(quick, question)).toEqual(await ask(plain, question))
        }
      }
    }
  })

  /** A crowd so dense that codes do not tell its members' order, among many that are unlike it. */
  async function crowded(rng: Rng, crowdCount: number) {
    const stores = await pair()
    const centre = gaussian(rng)
    const crowd = Array.from({ length: crowdCount }, () => centre.map(value => value + 0.001 * normal(rng)))
    await append(stores.quick, [...Array.from({ length: 2 * many }, () => gaussian(rng)), ...crowd])
    return { ...stores, near: () => centre.map(value => value + 0.001 * normal(rng)) }
  }

  test('looks beyond the most promising vectors where these are too alike to be told apart by codes', async () => {
    const rng = seedRng('crowd')
    const { quick, plain, near } = await crowded(rng, 1400)
    for (const threshold of [-1, 0.1, 0.9]) {
      for (const limit of [1, 10, 50]) {
        const question = { vector: near(), threshold, limit }
        const found = await ask(quick, question)
        expect(found).toHaveLength(limit)
        expect(found).toEqual(await ask(plain, question))
      }
    }
  })

  test('looks beyond the most promising vectors where a filter leaves few of them', async () => {
    const rng = seedRng('filtered crowd')
    const { quick, plain, near } = await crowded(rng, 400)
    for (const repository of ['r7', 'r100', 'r399']) {
      for (const limit of [1, 10]) {
        const question = { vector: near(), threshold: 0.9, limit, filter: { repository } }
        const found = await ask(quick, question)
        expect(found).toHaveLength(1)
        expect(found).toEqual(await ask(plain, question))
      }
    }
  })

  test('sees at once what this and other handles append', async () => {
    const { quick, plain } = await pair()
    const rng = seedRng('appends')
    await append(quick, clustered(rng, many))
    const vector = gaussian(rng)
    expect(await idsNear(quick, vector)).toEqual([])
    await append(plain, [vector], 'of another')
    expect(await idsNear(quick, vector)).toEqual(['of another0'])
    await append(quick, [vector], 'own')
    expect((await idsNear(quick, vector)).toSorted()).toEqual(['of another0', 'own0'])
    await append(plain, [vector], 'elsewhere', 'another scope')
    expect((await idsNear(quick, vector)).length).toBe(2)
  })

  test('forgets what another handle prunes, and finds what takes its row', async () => {
    const { quick, plain } = await pair()
    const rng = seedRng('prunes')
    await append(quick, clustered(rng, many))
    const [first, second] = [gaussian(rng), gaussian(rng)]
    await append(quick, [first], 'first')
    expect(await idsNear(quick, first)).toEqual(['first0'])
    const [last] = (await plain.tail('s', many, 10)).slice(-1)
    for (const what of ['vectors', 'executions'] as const) {
      await plain.prune('s', { executionIds: ['first0'], cursor: last!.cursor, what })
    }
    // SQLite gives the highest row id again.
    await append(plain, [second], 'second')
    expect(await idsNear(quick, first)).toEqual([])
    expect(await idsNear(quick, second)).toEqual(['second0'])
  })

  test('holds after the file was rebuilt by VACUUM', async () => {
    const { path, quick, plain } = await pair()
    const rng = seedRng('vacuum')
    const vectors = clustered(rng, many)
    await append(quick, vectors)
    await ask(quick, { vector: vectors[5]! })
    const gone = Array.from({ length: 500 }, (_, index) => `x${index}`)
    await plain.prune('s', { executionIds: gone, cursor: many, what: 'executions' })
    const other = new Connection({ path, readOnly: false, busyTimeoutMs: 10_000 })
    other.exec('VACUUM')
    other.close()
    const added = gaussian(rng)
    await append(plain, [added], 'added')
    expect(await idsNear(quick, added)).toEqual(['added0'])
    const question = { vector: vectors[600]!, limit: 50 }
    expect(await ask(quick, question)).toEqual(await ask(plain, question))
  })

  test('answers questions that come at once, while others write', async () => {
    const { quick, plain } = await pair()
    const rng = seedRng('at once')
    await append(quick, clustered(rng, many))
    const added = Array.from({ length: 40 }, () => gaussian(rng))
    const answers = await Promise.all(
      added.map(async (vector, index) => {
        await append(index % 2 === 0 ? plain : quick, [vector], `added${index} `)
        return idsNear(quick, vector)
      }),
    )
    expect(answers).toEqual(added.map((_, index) => [`added${index} 0`]))
  })

  test('keeps the codes of the scopes asked last within the memory that it may take', async () => {
    const path = temporaryPath()
    // Room for codes of some 5,200 vectors of this dimension: of one scope, not of both.
    const quick = await openAt(path, 0.2)
    const plain = await openAt(path, 0)
    const rng = seedRng('memory')
    const vectors = clustered(rng, many)
    for (const scope of ['s', 'other']) await append(quick, vectors, 'x', scope)
    for (const scope of ['s', 'other', 's', 'other']) {
      const query = { embedder, vector: vectors[9]!, threshold: 0.2, limit: 20 }
      const similarities = async (store: Store) =>
        (await store.nearest(scope, query)).map(({ similarity }) => similarity)
      expect(await similarities(quick)).toEqual(await similarities(plain))
    }
    await append(quick, clustered(rng, many), 'more')
    const question = { vector: vectors[9]!, limit: 20 }
    expect(await ask(quick, question)).toEqual(await ask(plain, question))
    expect(await ask(quick, question)).toEqual(await ask(plain, question))
  })
})
