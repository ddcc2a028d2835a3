import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { encodeState } from '../../src/engine/codec.ts'
import { Learner } from '../../src/engine/learner.ts'
import type { Store } from '../../src/store/store.ts'
import { collect } from '../helpers/collect.ts'
import { temporaryDirectory } from '../store/temporary.ts'
import { Clock, dayMs, hourMs, type Opened, openEngine, stateHash } from './engine.ts'

const arms = ['a', 'b', 'c']

async function work({ tacit }: Opened, name: string, rounds: number): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    const decisionId = `${name}-${i}`
    await tacit.decide({ task: `task ${i % 5}`, taskType: i % 2 ? 'odd' : 'even', arms, decisionId })
    if (i % 3 < 2) await tacit.observe(decisionId, { success: i % 3 === 0, durationMs: 10 * i })
    if (i % 4 === 0) await tacit.observe(decisionId, { success: true, quality: 0.5, arm: 'c' })
  }
}

describe('a snapshot', () => {
  test.each([1, 7, 64])(
    'every %d facts lets each new opening go on exactly where the last one was',
    async snapshotEvery => {
      const clock = new Clock()
      const db = join(temporaryDirectory(), 'tacit.db')
      const options = { learning: { snapshotEvery } }
      const whole = await openEngine({}, { clock: new Clock() })
      for (let part = 0; part < 4; part++) {
        const opened = await openEngine({ db, ...options }, { clock })
        await work(opened, `part-${part}`, 12)
        await work(whole, `part-${part}`, 12)
        expect(await opened.tacit.replay({ verify: true })).toMatchObject({ verified: true })
        await opened.tacit.close()
        clock.nowMs += 1.5 * dayMs
        whole.clock.nowMs += 1.5 * dayMs
      }
      // Ids, clock and seed are the same, so the choices are, and so is everything learned from them.
      const reopened = await openEngine({ db }, { clock })
      const facts = await collect(reopened.tacit.exportFacts())
      const wholeFacts = await collect(whole.tacit.exportFacts())
      const chosen = (list: typeof facts) => list.map(({ body }) => ('distribution' in body ? body.distribution : null))
      expect(chosen(facts)).toEqual(chosen(wholeFacts))
      expect(facts.length).toBeGreaterThan(80)
    },
  )

  test('from before any arm had facets goes on as the log does, also with history of earlier days', async () => {
    const clock = new Clock()
    const db = join(temporaryDirectory(), 'tacit.db')
    const first = await openEngine({ db, learning: { snapshotEvery: 1 } }, { clock })
    await work(first, 'first', 6)
    await first.tacit.close()
    const second = await openEngine({ db }, { clock })
    const at = new Date(clock.nowMs - 40 * dayMs).toISOString()
    const arm = { id: 'alice', facets: { agent: 'alice' } }
    await second.tacit.record({ executionId: 'old', task: 'task 1', taskType: 'odd', arm, success: true, at })
    expect(await second.tacit.replay({ verify: true })).toMatchObject({ verified: true })
  })

  test('is kept on the way, and reading starts from it', async () => {
    const db = join(temporaryDirectory(), 'tacit.db')
    const opened = await openEngine({ db, learning: { snapshotEvery: 10 } })
    await work(opened, 'first', 20)
    const name = Learner.nameFor(opened.config)
    const snapshot = await opened.store.loadSnapshot('default', name)
    expect(snapshot!.cursor).toBeGreaterThan(20)
    const tails: number[] = []
    const through = (store: Store) =>
      new Proxy(store, {
        get(target, key) {
          const value = Reflect.get(target, key, target)
          if (key === 'tail')
            return (scope: string, cursor: number, limit: number) => {
              tails.push(cursor)
              return target.tail(scope, cursor, limit)
            }
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    const second = await openEngine({ db }, { through })
    expect(await stateHash(second)).toEqual(await stateHash(opened))
    expect(tails[0]).toBe(snapshot!.cursor)
  })

  test('of other settings is not used', async () => {
    const db = join(temporaryDirectory(), 'tacit.db')
    const first = await openEngine({ db, learning: { snapshotEvery: 1 } })
    await work(first, 'first', 6)
    for (const options of [
      { learning: { halfLifeDays: 3 } },
      { learning: { policy: 'thompson' as const } },
      { utility: { durationMs: { weight: -1, to: 100 } } },
    ]) {
      const other = await openEngine({ db, ...options })
      expect(await other.store.loadSnapshot('default', Learner.nameFor(other.config))).toBeNull()
      expect(await other.tacit.replay({ verify: true })).toMatchObject({ verified: true })
    }
  })

  test('that cannot be read is counted, and everything is rebuilt from the log', async () => {
    const db = join(temporaryDirectory(), 'tacit.db')
    const first = await openEngine({ db })
    await work(first, 'first', 6)
    const before = await stateHash(first)
    const name = Learner.nameFor(first.config)
    for (const bytes of [Uint8Array.of(1, 2, 3), encodeState({ policy: { ensemble: {} } })]) {
      const position = { recordedAtUs: 1, id: 'x' }
      await first.store.saveSnapshot('default', name, { cursor: 1_000_000, position, bytes })
      const second = await openEngine({ db })
      expect(await stateHash(second)).toEqual(before)
      expect(await second.tacit.replay({ verify: true })).toMatchObject({ verified: true })
    }
    expect((await first.tacit.status()).errors).toEqual({ snapshot: 2 })
  })
})

describe('following others', () => {
  test('each handle of a file knows at once what another one wrote, whoever writes', async () => {
    const db = join(temporaryDirectory(), 'tacit.db')
    const [first, second] = [await openEngine({ db }), await openEngine({ db })]
    for (let round = 0; round < 5; round++) {
      await work(first, `first-${round}`, 3)
      expect(await stateHash(second)).toEqual(await stateHash(first))
      await work(second, `second-${round}`, 3)
      expect(await stateHash(first)).toEqual(await stateHash(second))
    }
    expect(await first.tacit.replay({ verify: true })).toMatchObject({ verified: true })
  })

  test('writes of another scope in between disturb nothing', async () => {
    const db = join(temporaryDirectory(), 'tacit.db')
    const [ours, theirs] = [await openEngine({ db, scope: 'ours' }), await openEngine({ db, scope: 'theirs' })]
    for (let round = 0; round < 4; round++) {
      await ours.tacit.decide({ task: 'x', arms })
      await theirs.tacit.decide({ task: 'y', arms })
      await ours.tacit.decide({ task: 'x', arms })
    }
    expect(await ours.tacit.replay({ verify: true })).toMatchObject({ verified: true, executions: 8 })
    expect(await theirs.tacit.replay({ verify: true })).toMatchObject({ verified: true, executions: 4 })
  })

  test('facts that belong earlier, brought in by another handle, make everything be learned anew in order', async () => {
    const source = await openEngine()
    await work(source, 'old', 10)
    const facts = await collect(source.tacit.exportFacts())
    const db = join(temporaryDirectory(), 'tacit.db')
    const clock = new Clock()
    clock.nowMs += hourMs
    const [here, there] = [await openEngine({ db }, { clock }), await openEngine({ db }, { clock })]
    await work(here, 'new', 10)
    await there.tacit.importFacts(facts)
    const asked = await here.tacit.recommend({ task: 'task 1', taskType: 'odd' })
    expect(await stateHash(here)).toEqual(await stateHash(there))
    expect(await here.tacit.replay({ verify: true })).toMatchObject({ verified: true, executions: 20 })
    const fresh = await openEngine({ db }, { clock })
    expect(await fresh.tacit.recommend({ task: 'task 1', taskType: 'odd' })).toEqual(asked)
  })
})

test('after a failure in the midst of a write the next call finds everything in order', async () => {
  const db = join(temporaryDirectory(), 'tacit.db')
  let failures = 0
  const through = (store: Store) =>
    new Proxy(store, {
      get(target, key) {
        const value = Reflect.get(target, key, target)
        if (key === 'tail' && failures > 0)
          return async () => {
            failures--
            throw new Error('the disk is gone')
          }
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  const [opened, other] = [await openEngine({ db }, { through }), await openEngine({ db })]
  await work(opened, 'before', 5)
  await work(other, 'other', 2)
  failures = 1
  await expect(opened.tacit.observe('before-2', { success: false, outcomeId: 'o' })).rejects.toThrow('the disk is gone')
  expect(await opened.tacit.observe('before-2', { success: false, outcomeId: 'o' })).toMatchObject({
    status: 'duplicate',
  })
  expect(await opened.tacit.replay({ verify: true })).toMatchObject({ verified: true })
})
