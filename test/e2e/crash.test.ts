import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openTacit } from '../../src/index.ts'
import { seedRng } from '../../src/math/rng.ts'
import { collect } from '../helpers/collect.ts'
import { temporaryDirectory } from '../store/temporary.ts'
import { startWorker } from './spawn.ts'

const kills = 20

test(`killed ${kills} times at random moments under load, Tacit loses no acknowledged write and replay agrees`, async () => {
  const db = join(temporaryDirectory(), 'tacit.db')
  const rng = seedRng('moments')
  const acknowledged = new Set<string>()
  for (let round = 0; round < kills; round++) {
    const wait = Math.floor(rng() * 60)
    const delayMs = rng() * 20
    let said = 0
    const about = { db, name: `round-${round}`, arms: ['careful', 'quick'], good: ['careful'] }
    const job = { ...about, kind: 'load', rounds: 0, snapshotEvery: 40 } as const
    const worker = startWorker(job, line => {
      if (line.said === 'kept') acknowledged.add(line.id)
      if (said++ === wait) setTimeout(worker.kill, delayMs)
    })
    expect(await worker.ended).toBe('killed')

    const tacit = await openTacit({ db, seed: 'survivor', learning: { snapshotEvery: 40 } })
    const facts = await collect(tacit.exportFacts())
    const ids = new Set(facts.map(({ id }) => id))
    expect([...acknowledged].filter(id => !ids.has(id))).toEqual([])
    // A group is whole or absent: no record without its outcome and its step.
    for (const { id, kind, executionId } of facts) {
      if (kind !== 'decision' || !executionId.includes('-past-')) continue
      expect([id, ids.has(`${id}/outcome`), ids.has(`${id}-s`)]).toEqual([id, true, true])
    }
    expect(await tacit.replay({ verify: true })).toMatchObject({ facts: facts.length, verified: true })
    await tacit.close()
  }
  expect(acknowledged.size).toBeGreaterThan(kills * 20)
}, 120_000)
