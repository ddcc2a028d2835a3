import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Fact } from '../../src/records.ts'
import { collect } from '../helpers/collect.ts'
import { decisionFact, outcomeFact, recorded, startUs } from '../helpers/facts.ts'
import { temporaryDirectory } from '../store/temporary.ts'
import { dayMs, type Opened, openEngine } from './engine.ts'

async function history(): Promise<{ source: Opened; facts: Fact[] }> {
  const source = await openEngine()
  const { tacit } = source
  for (let i = 0; i < 10; i++) {
    const { decisionId } = await tacit.decide({ task: `Tidy shelf ${i}`, taskType: 'tidying', arms: ['a', 'b'] })
    await tacit.step(decisionId, { name: 'look', durationMs: i, costUsd: 0.001 })
    await tacit.observe(decisionId, { success: i % 2 === 0, costUsd: 0.1 * i, quality: { value: 4, scale: '1-5' } })
    await tacit.feedback(decisionId, { value: 'good', suggestions: ['faster'] })
  }
  return { source, facts: await collect(tacit.exportFacts()) }
}

describe('import', () => {
  test('of an export gives the same log and the same learned state, and similar tasks are found', async () => {
    const { source, facts } = await history()
    const copy = await openEngine()
    expect(await copy.tacit.importFacts(facts)).toMatchObject({ stored: 40, duplicates: 0, conflicts: 0 })
    const [original, imported] = [
      await source.tacit.replay({ verify: true }),
      await copy.tacit.replay({ verify: true }),
    ]
    const { facts: count, executions, logHash, stateHash } = original
    expect(imported).toMatchObject({ facts: count, executions, logHash, stateHash, verified: true })
    expect(await copy.tacit.similar('Tidy shelf 3')).toEqual(await source.tacit.similar('Tidy shelf 3'))
    expect(await copy.tacit.metrics()).toEqual(await source.tacit.metrics())
  })

  test('again changes nothing', async () => {
    const { source, facts } = await history()
    const before = await source.tacit.replay({ verify: true })
    expect(await source.tacit.importFacts(facts)).toMatchObject({ stored: 0, duplicates: 40, conflicts: 0 })
    expect(await source.tacit.replay({ verify: true })).toMatchObject({
      logHash: before.logHash,
      stateHash: before.stateHash,
      verified: true,
    })
  })

  test('counts an id that is taken by something else as a conflict and takes the rest', async () => {
    const { tacit } = await openEngine()
    await tacit.record({ task: 'x', arm: 'a', executionId: 'mine', success: true })
    const facts = [
      recorded(decisionFact('theirs'), startUs),
      recorded(outcomeFact('theirs', { id: 'mine' }), startUs + 1),
      recorded(outcomeFact('theirs'), startUs + 2),
    ]
    expect(await tacit.importFacts(facts)).toMatchObject({ stored: 2, duplicates: 0, conflicts: 1 })
    expect(await tacit.replay({ verify: true })).toMatchObject({ facts: 4, verified: true })
  })

  test('as a dry run says what would happen and writes nothing', async () => {
    const { facts } = await history()
    const db = join(temporaryDirectory(), 'tacit.db')
    const { tacit } = await openEngine({ db })
    const some = facts.slice(0, 15)
    await tacit.importFacts(some)
    const taken = recorded(outcomeFact(facts[0]!.id, { id: facts[0]!.id }), startUs)
    const before = await tacit.replay({ verify: true })
    const all = [...facts, taken]
    const expected = { stored: 25, duplicates: 15, conflicts: 1 }
    expect(await tacit.importFacts(all, { dryRun: true })).toMatchObject(expected)
    expect((await tacit.replay({ verify: true })).logHash).toBe(before.logHash)
    expect(await tacit.importFacts(all)).toMatchObject(expected)
  })

  test('as a dry run sees repetitions and conflicts within what is given, too', async () => {
    const { facts } = await history()
    const taken = recorded(outcomeFact('elsewhere', { id: facts[0]!.id }), startUs)
    const given = [...facts, ...facts.slice(0, 5), taken]
    const { tacit } = await openEngine()
    const foreseen = await tacit.importFacts(given, { dryRun: true })
    expect(foreseen).toMatchObject({ stored: 40, duplicates: 5, conflicts: 1 })
    expect(await tacit.importFacts(given)).toEqual(foreseen)
  })

  test('stops at a value that is no fact; whole batches before it stay, and are known at once', async () => {
    const { tacit } = await openEngine()
    const many = Array.from({ length: 700 }, (_, i) =>
      recorded(decisionFact(`d${i}`, { body: { arms: [{ id: `arm ${i % 3}` }] } }), startUs + i),
    )
    await expect(tacit.importFacts([...many, { kind: 'decision' }])).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('fact 701'),
    })
    expect(await tacit.status()).toMatchObject({ executions: 500, arms: 3 })
    expect(await tacit.replay({ verify: true })).toMatchObject({ facts: 500, verified: true })
    expect(await tacit.importFacts(many)).toMatchObject({ stored: 200, duplicates: 500, conflicts: 0 })
  })

  test('takes a stream, and a stream that fails leaves what came whole before', async () => {
    const { facts } = await history()
    const { tacit } = await openEngine()
    async function* stream() {
      yield* facts.slice(0, 20)
      throw new Error('the line went dead')
    }
    await expect(tacit.importFacts(stream())).rejects.toThrow('the line went dead')
    expect((await tacit.status()).executions).toBe(0)
    async function* whole() {
      yield* facts
    }
    expect(await tacit.importFacts(whole())).toMatchObject({ stored: 40 })
  })

  test('names what conflicts and what differs from the fact on record, and keeps the latter as it was', async () => {
    const { tacit } = await openEngine()
    const first = recorded(outcomeFact('a'), startUs)
    const { id } = recorded(decisionFact('a'), startUs)
    await tacit.importFacts([recorded(decisionFact('a'), startUs - 1), first])
    const said = [
      recorded(outcomeFact('a', { body: { success: false } }), startUs),
      recorded(outcomeFact('b', { id }), 5),
    ]
    const expected = {
      stored: 0,
      duplicates: 1,
      differing: 1,
      conflicts: 1,
      listed: [
        { id: first.id, kind: 'outcome', problem: 'differing' },
        { id: 'a', kind: 'outcome', problem: 'conflict' },
      ],
    }
    expect(await tacit.importFacts([said[0], recorded(decisionFact('a'), 7)], { dryRun: true })).toMatchObject({
      duplicates: 2,
      differing: 1,
    })
    expect(await tacit.importFacts(said)).toEqual(expected)
    expect((await collect(tacit.exportFacts())).map(({ body }) => body)).toContainEqual(first.body)
  })

  test('refuses facts from further ahead than clocks differ, at both of their times', async () => {
    const { tacit, clock } = await openEngine()
    const ahead = (clock.nowMs + 2 * dayMs) * 1000
    for (const fact of [recorded(decisionFact('a', { atUs: ahead }), startUs), recorded(decisionFact('b'), ahead)]) {
      await expect(tacit.importFacts([fact])).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: expect.stringContaining('lies in the future'),
      })
    }
    expect((await tacit.status()).executions).toBe(0)
  })
})
