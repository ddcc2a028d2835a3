/**
 * A process that writes until it is told to stop: `node writer.ts <JSON of Job>`. It says one line of JSON for each
 * acknowledged write. What is refused it tries again under the same ids, as a careful client does.
 */
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { openTacit, type Tacit, TacitError } from '../../src/index.ts'
import { type Rng, seedRng } from '../../src/math/rng.ts'

export interface Job {
  readonly db: string
  /** Prefix of the ids, and seed of the choices. */
  readonly name: string
  readonly durability: 'normal' | 'full'
  /** steady: the system's; jumping: every now and then up to a day away from it, forwards or backwards. */
  readonly clock: 'steady' | 'jumping'
  /** Time limit of a statement on PostgreSQL; a server that does not answer is given up 5 s later. */
  readonly statementTimeoutMs: number
}
/** What a writer says: the ids of a write that was acknowledged, or the error of one that was refused. */
export type Line =
  | { readonly said: 'kept'; readonly ids: readonly string[] }
  | { readonly said: 'refused'; readonly code: string; readonly message: string }

const say = (line: Line) => writeSync(1, `${JSON.stringify(line)}\n`)
const pauseMs = 50
const dayMs = 86_400_000
let isStopped = false
process.stdin.on('data', () => {
  isStopped = true
})

/** Does `action` until it is not refused; null if told to stop before. */
async function insist<T>(action: () => Promise<T>): Promise<T | null> {
  while (!isStopped) {
    try {
      return await action()
    } catch (error) {
      if (!(error instanceof TacitError) || !/^(STORE_|DISK_)/.test(error.code)) throw error
      say({ said: 'refused', code: error.code, message: error.message })
      await sleep(pauseMs)
    }
  }
  return null
}

function clockOf({ clock, name }: Job): () => number {
  if (clock === 'steady') return Date.now
  const rng = seedRng(`${name} clock`)
  let offsetMs = 0
  return () => {
    if (rng() < 0.1) offsetMs = Math.round((2 * rng() - 1) * dayMs)
    return Date.now() + offsetMs
  }
}

/** One round of the loop: a decision with its outcome and a rating, and two records of history in one batch. */
async function round(tacit: Tacit, name: string, rng: Rng): Promise<void> {
  const task = `Tidy up shelf ${Math.floor(rng() * 40)}`
  const about = { task, taskType: 'tidying' }
  const arms = ['careful', 'quick']
  const write = async (ids: readonly string[], action: () => Promise<unknown>) => {
    if ((await insist(action)) !== null) say({ said: 'kept', ids })
  }
  await write([name], () => tacit.decide({ ...about, arms, decisionId: name }))
  const success = rng() < 0.5
  await write([`${name}-o`], () => tacit.observe(name, { outcomeId: `${name}-o`, success }))
  await write([`${name}-f`], () => tacit.feedback(name, { feedbackId: `${name}-f`, value: rng() }))
  const history = ['a', 'b'].map(end => ({ ...about, arm: arms[0]!, executionId: `${name}-${end}`, success }))
  const ids = history.flatMap(({ executionId }) => [executionId, `${executionId}/outcome`])
  await write(ids, () => tacit.recordBatch(history))
}

const job = JSON.parse(process.argv[2]!) as Job
const { db, name, durability, statementTimeoutMs } = job
const tacit = await insist(() =>
  openTacit({
    ...{ db, seed: name, durability, now: clockOf(job) },
    ...{ learning: { snapshotEvery: 40 }, postgres: { statementTimeoutMs } },
  }),
)
const rng = seedRng(name)
for (let index = 0; tacit !== null && !isStopped; index++) await round(tacit, `${name}-${index}`, rng)
await tacit?.close()
process.exit()
