import { expect, onTestFinished, test } from 'vitest'
import { openTacit } from '../../src/index.ts'
import { collect } from '../helpers/collect.ts'
import { freshDatabase } from '../helpers/postgres.ts'
import { startWorker } from './spawn.ts'
import type { Line } from './worker.ts'

const choices = (lines: readonly Line[]) => lines.filter(line => line.said === 'chose')

async function database(): Promise<string> {
  const { url, drop } = await freshDatabase()
  onTestFinished(drop)
  return url
}

test('four processes decide, observe and learn on one PostgreSQL: nothing is lost or double, and all end with one state', async () => {
  const db = await database()
  const rounds = 40
  const names = ['north', 'east', 'south', 'west']
  const workers = names.map(name =>
    startWorker({ db, name, arms: ['good', 'bad'], good: ['good'], kind: 'loop', rounds, snapshotEvery: 25 }),
  )
  await Promise.all(workers.map(worker => worker.ended))
  for (const { lines } of workers) expect(lines.at(-1)).toEqual({ said: 'done', errors: {} })

  const handles = await Promise.all(['one', 'two'].map(seed => openTacit({ db, seed })))
  onTestFinished(async () => {
    for (const handle of handles) await handle.close()
  })
  const facts = await collect(handles[0]!.exportFacts())
  const decisions = facts.filter(({ kind }) => kind === 'decision').map(({ id }) => id)
  expect(decisions.toSorted()).toEqual(workers.flatMap(({ lines }) => choices(lines).map(({ id }) => id)).toSorted())
  const executions = names.length * rounds
  expect(await handles[0]!.status()).toMatchObject({ executions, withOutcome: executions, inFlight: 0 })
  const reports = await Promise.all(handles.map(handle => handle.replay({ verify: true })))
  expect(reports[0]).toMatchObject({ verified: true, facts: 2 * executions })
  const { stateHash, logHash } = reports[0]!
  expect(reports[1]).toMatchObject({ verified: true, stateHash, logHash })

  // Each chose by what all together had seen: more than a process alone could have made.
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

test('one of three that is killed in the midst of its work costs nothing that was acknowledged, and the others go on', async () => {
  const db = await database()
  const acknowledged = new Set<string>()
  const job = (name: string) => ({ db, name, arms: ['careful', 'quick'], good: ['careful'], snapshotEvery: 40 })
  for (let round = 0; round < 3; round++) {
    let said = 0
    const doomed = startWorker({ ...job(`doomed-${round}`), kind: 'load', rounds: 0 }, line => {
      if (line.said === 'kept') acknowledged.add(line.id)
      if (said++ === 20 + 17 * round) setTimeout(doomed.kill, 3 * round)
    })
    const others = ['left', 'right'].map(side =>
      startWorker({ ...job(`${side}-${round}`), kind: 'loop', rounds: 15 }, line => {
        if (line.said === 'chose') acknowledged.add(line.id)
      }),
    )
    expect(await doomed.ended).toBe('killed')
    for (const other of others) {
      await other.ended
      expect(other.lines.at(-1)).toEqual({ said: 'done', errors: {} })
    }
  }
  const tacit = await openTacit({ db, seed: 'survivor' })
  const facts = await collect(tacit.exportFacts())
  const ids = facts.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect([...acknowledged].filter(id => !ids.includes(id))).toEqual([])
  expect(await tacit.replay({ verify: true })).toMatchObject({ facts: facts.length, verified: true })
  await tacit.close()
  expect(acknowledged.size).toBeGreaterThan(3 * 50)
}, 120_000)
