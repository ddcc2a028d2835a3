/**
 * Search for similar tasks on SQLite by codes in memory, beside comparing with every vector of the file:
 * `node bench/speed/similar.ts [vectors] [tasks|hard]`, by default 10,000 vectors of made-up tasks (seed "similar") by the
 * default embedder; hard: dense vectors around 200 centres, so that many are nearly as close as the closest. Each way
 * answers the same questions; recall is the share of the plain way's answers that the quick one gives.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashingEmbedder } from '../../src/embed/hashing.ts'
import { integer, normal, seedRng } from '../../src/math/rng.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import type { ExecutionFilter, NearestQuery, Store } from '../../src/store/store.ts'
import { decisionFact } from '../../test/helpers/facts.ts'

const scope = 'bench'
const count = Number(process.argv[2] ?? 10_000)
const isHard = process.argv[3] === 'hard'
const questionCount = 30
const rng = seedRng('similar')
const embedder = hashingEmbedder()
const pick = (words: string) => {
  const all = words.split(' ')
  return all[integer(rng, all.length)]!
}
const task = () =>
  `${pick('Fix Write Review Optimise Test Document Migrate Remove')} the ${pick('slow broken new old public')} ` +
  `${pick('query page report index form cache queue token route job')} of ${pick('orders customers invoices users stock')} ` +
  `in ${pick('shop billing search admin mobile')} ${pick('service module database client')}, ticket ${integer(rng, 5000)}`
const gaussian = () => Float32Array.from({ length: 256 }, () => normal(rng))
const centres = Array.from({ length: 200 }, gaussian)
const around = () => {
  const centre = centres[integer(rng, centres.length)]!
  return centre.map(value => value + 0.7 * normal(rng))
}
const vectors = async (length: number) =>
  isHard ? Array.from({ length }, around) : embedder.embed(Array.from({ length }, task))

const folder = mkdtempSync(join(tmpdir(), 'tacit-bench-'))
try {
  const path = join(folder, 'bench.db')
  const options = { path, durability: 'normal', busyTimeoutMs: 10_000 } as const
  const quick = await openSqliteStore(options)
  const plain = await openSqliteStore({ ...options, vectorMemoryMb: 0 })
  await fill(quick)
  const questions = await vectors(questionCount)
  const before = process.memoryUsage().arrayBuffers
  const [firstMs] = await timed(quick, questions.slice(0, 1), {})
  const codesMb = (process.memoryUsage().arrayBuffers - before) / 1_048_576
  for (const [name, filter] of [
    ['all', {}],
    ['half', { taskType: 'type 1' }],
    ['one in 1,000', { repository: 'repository 7' }],
  ] as const) {
    const [plainMs, expected] = await timed(plain, questions, filter)
    await timed(quick, questions, filter)
    const [quickMs, found] = await timed(quick, questions, filter)
    const kept = expected.map((ids, index) => ids.filter(id => found[index]!.includes(id)).length)
    const total = expected.reduce((sum, ids) => sum + ids.length, 0)
    console.log(
      JSON.stringify({
        vectors: count,
        data: isHard ? 'hard' : 'tasks',
        filter: name,
        plainMs: round(plainMs),
        quickMs: round(quickMs),
        ratio: round(plainMs / quickMs),
        recall: total === 0 ? null : kept.reduce((sum, n) => sum + n, 0) / total,
        answers: total,
        firstMs: round(firstMs),
        codesMb: round(codesMb),
      }),
    )
  }
  await quick.close()
  await plain.close()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function fill(store: Store): Promise<void> {
  for (let start = 0; start < count; start += 1000) {
    const ids = Array.from({ length: Math.min(1000, count - start) }, (_, index) => `e${start + index}`)
    const made = await vectors(ids.length)
    const groups = ids.map((id, index) => {
      const repository = `repository ${(start + index) % 1000}`
      return [decisionFact(id, { body: { taskType: `type ${index % 2}`, context: { repository } } })]
    })
    const rows = ids.map((executionId, index) => ({ executionId, embedder: embedder.id, vector: made[index]! }))
    await store.append(scope, groups, rows)
  }
}

/** The median time of an answer, and the ids of all answers. */
async function timed(store: Store, questions: readonly Float32Array[], filter: ExecutionFilter) {
  const times: number[] = []
  const answers: string[][] = []
  for (const vector of questions) {
    const query: NearestQuery = { embedder: embedder.id, vector, threshold: 0.3, limit: 10, filter }
    const startMs = performance.now()
    const found = await store.nearest(scope, query)
    times.push(performance.now() - startMs)
    answers.push(found.map(({ execution }) => execution.id))
  }
  return [times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!, answers] as const
}

function round(value: number): number {
  return Number(value.toPrecision(3))
}
