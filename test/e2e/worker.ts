/**
 * A process of its own that works on a database: `node worker.ts <JSON of Job>`. It prints one line of JSON per
 * acknowledged write.
 */
import { writeSync } from 'node:fs'
import { openTacit, type Tacit } from '../../src/index.ts'
import { seedRng } from '../../src/math/rng.ts'

export interface Job {
  readonly db: string
  /** Prefix of the ids, and seed of the choices. */
  readonly name: string
  readonly arms: readonly string[]
  /** load: decide, observe, record and rate until killed. loop: decide and observe `rounds` times. */
  readonly kind: 'load' | 'loop'
  readonly rounds: number
  readonly snapshotEvery: number
  /** Arms that succeed; the others fail. */
  readonly good: readonly string[]
}
/** What a worker says. */
export type Line =
  | { readonly said: 'ready' }
  | { readonly said: 'kept'; readonly id: string }
  | { readonly said: 'chose'; readonly id: string; readonly arm: string; readonly seen: number }
  | { readonly said: 'done'; readonly errors: Readonly<Record<string, number>> }

const say = (line: Line) => writeSync(1, `${JSON.stringify(line)}\n`)
const kept = (id: string) => say({ said: 'kept', id })

async function load(tacit: Tacit, { name, arms, good }: Job): Promise<void> {
  const rng = seedRng(name)
  for (let i = 0; ; i++) {
    const decisionId = `${name}-${i}`
    const task = `Tidy up shelf ${Math.floor(rng() * 40)}`
    const { arm } = await tacit.decide({ task, taskType: 'tidying', arms: [...arms], decisionId })
    kept(decisionId)
    if (rng() < 0.9) {
      const outcomeId = `${decisionId}-o`
      await tacit.observe(decisionId, { outcomeId, success: good.includes(arm), durationMs: 1000 * rng() })
      kept(outcomeId)
    }
    const executionId = `${name}-past-${i}`
    const history = Array.from({ length: 3 }, (_, k) => ({
      ...{ task, taskType: 'tidying', arm: arms[k % arms.length]!, executionId: `${executionId}-${k}` },
      ...{ success: rng() < 0.5, steps: [{ stepId: `${executionId}-${k}-s` }] },
    }))
    await tacit.recordBatch(history)
    for (const record of history) for (const suffix of ['', '/outcome', '-s']) kept(`${record.executionId}${suffix}`)
    await tacit.feedback(decisionId, { feedbackId: `${decisionId}-f`, value: rng() })
    kept(`${decisionId}-f`)
  }
}

async function loop(tacit: Tacit, { name, arms, good, rounds }: Job): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    const decisionId = `${name}-${i}`
    const { arm, evidence } = await tacit.decide({ task: `Count the stock ${i % 7}`, arms: [...arms], decisionId })
    await tacit.observe(decisionId, { success: good.includes(arm), durationMs: 100 + i })
    say({ said: 'chose', id: decisionId, arm, seen: evidence.observations.all })
  }
}

const job = JSON.parse(process.argv[2]!) as Job
const { db, name, snapshotEvery } = job
const tacit = await openTacit({ db, seed: name, learning: { snapshotEvery }, busyTimeoutMs: 60_000 })
say({ said: 'ready' })
await (job.kind === 'load' ? load(tacit, job) : loop(tacit, job))
const { errors } = await tacit.status()
say({ said: 'done', errors })
await tacit.close()
