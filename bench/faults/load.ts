import type { Rng } from '../../src/math/rng.ts'
import { check, type Findings } from './check.ts'
import type { Site } from './site.ts'
import type { Job } from './writer.ts'
import { Writer } from './writers.ts'

/** What one try of a fault came to. */
export interface Outcome extends Findings {
  /** Facts that were acknowledged. */
  readonly acknowledged: number
  /** Writes that were refused while the trouble lasted, by error code. */
  readonly refused: ReadonlyMap<string, number>
}

/** What trouble can be made with. */
export interface Scene {
  readonly writers: readonly Writer[]
  readonly rng: Rng
  /** Starts one more writer; `under` as for `Writer`. */
  start(changes?: Partial<Job>, under?: readonly string[]): Writer
}

export interface LoadOptions {
  /** How the writers work, where it matters. */
  readonly job?: Partial<Job>
  /** Writers that start at once. Default 2. */
  readonly writers?: number
  /** The URL under which the writers reach the database. Default: its own. */
  readonly reach?: (url: string) => string
}

const enough = 21
const usual = { durability: 'normal', clock: 'steady', statementTimeoutMs: 60_000 } as const

/**
 * Makes `trouble` while writers fill a fresh database. All writers that it leaves alive must then go on by themselves;
 * after that, what the database holds is compared with what was acknowledged.
 */
export async function underLoad(
  site: Site,
  rng: Rng,
  trouble: (scene: Scene) => Promise<void>,
  { job = {}, writers: count = 2, reach = url => url }: LoadOptions = {},
): Promise<Outcome> {
  const database = await site.newDatabase()
  const writers: Writer[] = []
  const start: Scene['start'] = (changes = {}, under = []) => {
    const about = { db: reach(database.url), name: `writer-${writers.length}` }
    const writer = new Writer({ ...about, ...usual, ...job, ...changes }, under)
    writers.push(writer)
    return writer
  }
  try {
    for (let index = 0; index < count; index++) start()
    await Promise.all(writers.map(writer => writer.more(enough)))
    await trouble({ writers, rng, start })
    await Promise.all(writers.filter(writer => !writer.isEnded).map(writer => writer.more(enough)))
    for (const writer of writers) await writer.stop()
    const acknowledged = new Set(writers.flatMap(writer => [...writer.acknowledged]))
    return { acknowledged: acknowledged.size, refused: sumOf(writers), ...(await check(database.url, acknowledged)) }
  } finally {
    for (const writer of writers) await writer.kill()
    await database.remove()
  }
}

function sumOf(writers: readonly Writer[]): Map<string, number> {
  const sum = new Map<string, number>()
  for (const { refused } of writers) for (const [code, times] of refused) sum.set(code, (sum.get(code) ?? 0) + times)
  return sum
}
