import { join } from 'node:path'
import { setImmediate as otherWork } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openTacit } from '../../src/index.ts'
import { collect } from '../helpers/collect.ts'
import { temporaryDirectory } from '../store/temporary.ts'
import { startWorker } from './spawn.ts'
import type { Line } from './worker.ts'

const choices = (lines: readonly Line[]) => lines.filter(line => line.said === 'chose')

test('two processes decide and observe on one file at once: nothing is lost and both end with the same state', async () => {
  const db = join(temporaryDirectory(), 'tacit.db')
  const rounds = 150
  const jobs = ['left', 'right'].map(name => ({
    ...{ db, name, arms: ['good', 'bad'], good: ['good'] },
    ...{ kind: 'loop' as const, rounds, snapshotEvery: 25 },
  }))
  const workers = jobs.map(job => startWorker(job))
  await Promise.all(workers.map(worker => worker.ended))
  for (const { lines } of workers) expect(lines.at(-1)).toEqual({ said: 'done', errors: {} })

  // Each opening takes up a snapshot that one of the two has left, and the facts after it.
  const [first, second] = await Promise.all(['one', 'two'].map(seed => openTacit({ db, seed })))
  const facts = await collect(first!.exportFacts())
  expect(
    facts
      .map(({ id, kind }) => (kind === 'decision' ? id : ''))
      .filter(Boolean)
      .toSorted(),
  ).toEqual(workers.flatMap(({ lines }) => choices(lines).map(({ id }) => id)).toSorted())
  expect(await first!.status()).toMatchObject({ executions: 2 * rounds, withOutcome: 2 * rounds, inFlight: 0 })
  const reports = await Promise.all([first!, second!].map(tacit => tacit.replay({ verify: true })))
  expect(reports[0]).toMatchObject({ verified: true, facts: 4 * rounds })
  expect(reports[1]).toMatchObject({ verified: true, stateHash: reports[0]!.stateHash, logHash: reports[0]!.logHash })
  await Promise.all([first!.close(), second!.close()])

  // Both chose by what the two together had seen: more than a process alone could have made.
  for (const { lines } of workers) {
    const own = new Map<string, number>()
    let sawOthers = 0
    for (const { arm, seen } of choices(lines)) {
      if (seen > (own.get(arm) ?? 0)) sawOthers++
      own.set(arm, (own.get(arm) ?? 0) + 1)
    }
    expect(sawOthers).toBeGreaterThan(rounds / 4)
  }
}, 120_000)

test('a process learns from the outcomes of another without a restart, whichever arm it preferred', async () => {
  const db = join(temporaryDirectory(), 'tacit.db')
  const arms = ['favourite', 'other']
  const here = await openTacit({ db, seed: 'here', learning: { snapshotEvery: 10 } })
  const ask = async () => (await here.decide({ task: 'Count the stock', arms })).distribution.favourite!
  for (let i = 0; i < 20; i++) await here.record({ task: `Count ${i}`, arm: arms[i % 2]!, success: i % 2 === 0 })
  expect(await ask()).toBeGreaterThan(0.9)

  // There the favourite fails, again and again, and the other one succeeds.
  const job = { db, name: 'there', arms, good: ['other'], kind: 'loop', rounds: 120, snapshotEvery: 10 } as const
  const worker = startWorker(job)
  await worker.ended
  expect(choices(worker.lines).some(({ arm }) => arm === 'favourite')).toBe(true)

  expect(await ask()).toBeLessThan(0.1)
  const [ranked] = (await here.recommend({ task: 'Count the stock', arms })).arms
  expect(ranked!.arm).toBe('other')
  const live = await here.replay({ verify: true })
  expect(live).toMatchObject({ verified: true, executions: 20 + 120 + 2 })
  await here.close()

  const reopened = await openTacit({ db, seed: 'again' })
  expect(await reopened.replay({ verify: true })).toMatchObject({ verified: true, stateHash: live.stateHash })
  await reopened.close()
}, 120_000)

test('while another process writes, verifying does not mistake its new facts for a difference', async () => {
  const db = join(temporaryDirectory(), 'tacit.db')
  const tacit = await openTacit({ db, seed: 'verifier' })
  const job = { db, name: 'busy', arms: ['a', 'b'], good: ['a'], kind: 'loop', rounds: 150, snapshotEvery: 30 } as const
  const worker = startWorker(job)
  let isRunning = true
  const ended = worker.ended.finally(() => {
    isRunning = false
  })
  let during = 0
  try {
    while (isRunning) {
      const { verified, facts } = await tacit.replay({ verify: true })
      expect(verified).toBe(true)
      if (facts > 0 && isRunning) during++
      await otherWork()
    }
  } finally {
    worker.kill()
    await ended
    await tacit.close()
  }
  expect(during).toBeGreaterThan(0)
}, 120_000)
