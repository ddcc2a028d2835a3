import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { PruneOptions, Tacit } from '../../src/engine/types.ts'
import type { Fact } from '../../src/records.ts'
import { collect } from '../helpers/collect.ts'
import { temporaryDirectory } from '../store/temporary.ts'
import { Clock, dayMs, type Opened, openEngine, stateHash } from './engine.ts'

const arms = ['quick', 'careful', 'costly']

/** Ten days of work, five tasks a day; the decision of each day's last task waits for its outcome. */
async function work({ tacit, clock }: Pick<Opened, 'tacit' | 'clock'>, days: number): Promise<void> {
  for (let i = 0; i < days * 5; i++) {
    clock.nowMs += dayMs / 5
    const { decisionId, arm } = await tacit.decide({
      task: `Mend fence ${i % 7} by the river`,
      taskType: i % 2 === 0 ? 'mending' : 'painting',
      arms,
      decisionId: `job ${clock.nowMs}`,
      joinDeadlineMs: 4 * dayMs,
    })
    await tacit.step(decisionId, { stepId: `${decisionId}/look`, name: 'look', durationMs: i })
    if (i % 5 === 4) continue
    await tacit.observe(decisionId, { outcomeId: `${decisionId}/end`, success: arm !== 'quick', durationMs: 50 + i })
    if (i % 3 === 0) await tacit.feedback(decisionId, { feedbackId: `${decisionId}/rating`, value: 'good' })
  }
}

async function tenDays(options: Parameters<typeof openEngine>[0] = {}): Promise<Opened> {
  const opened = await openEngine(options)
  await work(opened, 10)
  return opened
}

/** Prunes and keeps what went. */
async function pruneInto(tacit: Tacit, options: PruneOptions) {
  let archive: Fact[] = []
  const report = await tacit.prune({
    ...options,
    archive: async facts => {
      archive = await collect(facts)
    },
  })
  return { report, archive }
}

const verified = async (tacit: Tacit) => (await tacit.replay({ verify: true })).verified

describe('pruning', () => {
  test('leaves what was learned as it was; replay begins with a checkpoint, and learning goes on', async () => {
    const opened = await tenDays()
    const { tacit } = opened
    const before = await stateHash(opened)
    const report = await tacit.prune({ days: 5 })
    expect(report).toMatchObject({ what: 'executions', executions: 24, dryRun: false })
    expect((await tacit.status()).executions).toBe(26)
    expect(await stateHash(opened)).toBe(before)
    expect(await verified(tacit)).toBe(true)
    await work(opened, 2)
    expect(await verified(tacit)).toBe(true)
    expect((await tacit.replay()).stateHash).toBe(await stateHash(opened))
  })

  test('leaves the sums over the past as they were', async () => {
    const opened = await tenDays()
    const { tacit } = opened
    const ask = () => tacit.metrics({ groupBy: ['arm', 'taskType', 'day'] })
    const before = await ask()
    const { archive } = await pruneInto(tacit, { days: 3 })
    expect((await ask()).groups).toEqual(before.groups)
    await tacit.importFacts(archive)
    expect((await ask()).groups).toEqual(before.groups)
    await work(opened, 1)
    await tacit.prune({ what: 'steps', days: 0.5 })
    const later = await ask()
    await tacit.prune({ days: 0.5 })
    expect((await ask()).groups).toEqual(later.groups)
  })

  test('teaches afterwards what it would have taught without', async () => {
    const [pruned, whole] = [await tenDays(), await tenDays()]
    await pruned.tacit.prune({ days: 3 })
    await pruned.tacit.prune({ days: 1 })
    for (const opened of [pruned, whole]) await work(opened, 3)
    expect(await stateHash(pruned)).toBe(await stateHash(whole))
  })

  test('keeps decisions whose outcome is awaited, unless they are asked for', async () => {
    const { tacit, clock } = await tenDays()
    const { report, archive } = await pruneInto(tacit, { days: 0.5 })
    // 40 have their outcome, but the last of them are too young; of the 10 without, 4 are still awaited, one of them too young.
    expect(report.unfinished).toBe(3)
    expect(await tacit.status()).toMatchObject({ inFlight: 4 })
    expect(archive.filter(({ kind }) => kind === 'decision')).toHaveLength(report.executions)
    clock.nowMs += 1
    const rest = await tacit.prune({ days: 0, unfinished: true })
    expect(rest.unfinished).toBe(0)
    expect((await tacit.status()).executions).toBe(0)
    expect(await verified(tacit)).toBe(true)
  })

  test('takes an outcome that comes later for a decision that was kept', async () => {
    const [pruned, whole] = [await tenDays(), await tenDays()]
    await pruned.tacit.prune({ days: 0.1 })
    for (const { tacit } of [pruned, whole]) {
      const waiting = (await collect(tacit.exportFacts())).findLast(({ kind }) => kind === 'decision')!
      expect(await tacit.observe(waiting.id, { outcomeId: 'late', success: false })).toMatchObject({ status: 'stored' })
    }
    expect(await stateHash(pruned)).toBe(await stateHash(whole))
    expect(await verified(pruned.tacit)).toBe(true)
  })

  test('as a dry run counts what would go and changes nothing', async () => {
    const opened = await tenDays()
    const { tacit } = opened
    const { logHash } = await tacit.replay()
    const foreseen = await tacit.prune({ days: 5, dryRun: true })
    expect(foreseen).toMatchObject({ executions: 24, dryRun: true })
    expect((await tacit.replay()).logHash).toBe(logHash)
    const { facts, executions } = await tacit.prune({ days: 5 })
    expect({ facts, executions }).toEqual({ facts: foreseen.facts, executions: foreseen.executions })
  })

  test('by a date takes what happened before it', async () => {
    const { tacit, clock } = await tenDays()
    const before = new Date(clock.nowMs - 5 * dayMs)
    await tacit.prune({ before })
    const [first] = await collect(tacit.exportFacts())
    expect(first!.atUs).toBeGreaterThanOrEqual(before.getTime() * 1000)
  })

  test('takes recorded history by the time at which it happened, not at which it was recorded', async () => {
    const opened = await openEngine()
    const { tacit, clock } = opened
    const at = (daysAgo: number) => new Date(clock.nowMs - daysAgo * dayMs)
    await tacit.recordBatch([
      { task: 'old', arm: 'a', success: true, executionId: 'old', at: at(400) },
      { task: 'young', arm: 'b', success: true, executionId: 'young', at: at(4) },
    ])
    expect(await tacit.prune({ days: 90 })).toMatchObject({ executions: 1 })
    expect((await collect(tacit.exportFacts())).map(({ executionId }) => executionId)).toEqual(['young', 'young'])
    expect(await verified(tacit)).toBe(true)
  })

  test('of steps alone leaves executions, and of vectors alone leaves the log', async () => {
    const opened = await tenDays()
    const { tacit } = opened
    const before = await stateHash(opened)
    const steps = await pruneInto(tacit, { what: 'steps', days: 5 })
    expect(steps.archive.map(({ kind }) => kind)).toEqual(Array.from({ length: 24 }, () => 'step'))
    expect((await tacit.status()).facts.step).toBe(26)
    expect((await tacit.status()).executions).toBe(50)
    expect(await tacit.similar('Mend fence 3 by the river', { limit: 50, threshold: -1 })).toHaveLength(50)
    const vectors = await tacit.prune({ what: 'vectors', days: 5 })
    expect(vectors).toMatchObject({ vectors: 24, facts: 0 })
    expect(await tacit.similar('Mend fence 3 by the river', { limit: 50, threshold: -1 })).toHaveLength(26)
    expect(await stateHash(opened)).toBe(before)
    expect(await verified(tacit)).toBe(true)
  })

  test('that fails while the archive is written removes nothing', async () => {
    const { tacit } = await tenDays()
    const { logHash } = await tacit.replay()
    const archive = async () => {
      throw new Error('the disk is full')
    }
    await expect(tacit.prune({ days: 5, archive })).rejects.toThrow('the disk is full')
    expect((await tacit.replay()).logHash).toBe(logHash)
  })

  test('says what is missing where nothing says how old data may get, and takes the days of the configuration', async () => {
    const { tacit } = await tenDays()
    await expect(tacit.prune()).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('retention.executionsDays'),
    })
    await expect(tacit.prune({ before: '2099-01-01T00:00:00Z' })).rejects.toThrow('future')
    await expect(tacit.prune({ before: '2020-01-01T00:00:00Z', days: 3 })).rejects.toThrow('not both')
    const configured = await tenDays({ retention: { executionsDays: 5 } })
    expect(await configured.tacit.prune()).toMatchObject({ executions: 24 })
  })
})

describe('what was pruned', () => {
  test('comes back from its archive: same log, same learned state', async () => {
    const opened = await tenDays()
    const { tacit } = opened
    const { logHash } = await tacit.replay()
    const before = await stateHash(opened)
    const { archive } = await pruneInto(tacit, { days: 5 })
    expect(await tacit.importFacts(archive)).toMatchObject({ stored: archive.length, duplicates: 0 })
    expect((await tacit.replay({ verify: true })).logHash).toBe(logHash)
    expect(await stateHash(opened)).toBe(before)
    expect(await verified(tacit)).toBe(true)
    expect(await tacit.importFacts(archive)).toMatchObject({ stored: 0, duplicates: archive.length })
  })

  test('gives, with what remained, the same log and the same learned state in a new database', async () => {
    const opened = await tenDays()
    const { logHash } = await opened.tacit.replay()
    const { archive } = await pruneInto(opened.tacit, { days: 5 })
    const copy = await openEngine()
    copy.clock.nowMs = opened.clock.nowMs
    await copy.tacit.importFacts(await collect(opened.tacit.exportFacts()))
    await copy.tacit.importFacts(archive)
    expect((await copy.tacit.replay()).logHash).toBe(logHash)
    expect(await stateHash(copy)).toBe(await stateHash(opened))
  })

  test('is known by its ids: said again, it is a duplicate and is not learned twice', async () => {
    const opened = await tenDays()
    const { tacit } = opened
    await tacit.record({ task: 'Once', arm: 'quick', success: true, executionId: 'once' })
    opened.clock.nowMs += dayMs
    const { archive } = await pruneInto(tacit, { days: 0.5 })
    const before = await stateHash(opened)
    expect(await tacit.record({ task: 'Once', arm: 'quick', success: true, executionId: 'once' })).toMatchObject({
      status: 'duplicate',
    })
    const decision = archive.find(({ kind }) => kind === 'decision')!
    await expect(tacit.decide({ task: 'Mend', arms, decisionId: decision.id })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('pruned'),
    })
    await expect(tacit.step('elsewhere', { stepId: decision.id })).rejects.toMatchObject({ code: 'ID_CONFLICT' })
    expect(await stateHash(opened)).toBe(before)
    expect(await verified(tacit)).toBe(true)
  })

  test('is not missed by a process that had not read it yet, nor after a restart', async () => {
    const db = join(temporaryDirectory(), 'shared.db')
    const clock = new Clock()
    const learning = { snapshotEvery: 1000 }
    const first = await openEngine({ db, learning }, { clock })
    const other = await openEngine({ db, learning }, { clock })
    await work(first, 4)
    await other.tacit.status()
    await work(first, 6)
    // The other one knows four days; the facts of days five to nine go before it has seen them.
    await first.tacit.prune({ days: 1 })
    expect(await stateHash(other)).toBe(await stateHash(first))
    expect(await verified(other.tacit)).toBe(true)
    await work(other, 1)
    expect(await stateHash(first)).toBe(await stateHash(other))
    await first.tacit.close()
    const restarted = await openEngine({ db, learning }, { clock })
    expect(await stateHash(restarted)).toBe(await stateHash(other))
    expect(await verified(restarted.tacit)).toBe(true)
  })

  test('does not keep older facts that are imported later from being learned, the same way everywhere', async () => {
    const source = await openEngine()
    source.clock.nowMs -= 100 * dayMs
    await work(source, 2)
    const older = await collect(source.tacit.exportFacts())
    const opened = await tenDays()
    await opened.tacit.prune({ days: 5 })
    const before = await stateHash(opened)
    expect(await opened.tacit.importFacts(older)).toMatchObject({ stored: older.length })
    expect(await stateHash(opened)).not.toBe(before)
    expect(await verified(opened.tacit)).toBe(true)
    await opened.tacit.prune({ days: 5 })
    await work(opened, 1)
    expect(await verified(opened.tacit)).toBe(true)
  })
})
