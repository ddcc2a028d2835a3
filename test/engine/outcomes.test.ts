import { describe, expect, test } from 'vitest'
import { openEngine } from './engine.ts'

describe('an outcome', () => {
  test('that says nothing is refused, and what was known stays', async () => {
    const { tacit } = await openEngine()
    await tacit.decide({ task: 'x', arms: ['a'], decisionId: 'd' })
    await tacit.observe('d', { success: true })
    for (const empty of [{}, { metadata: { note: 'done' } }, { outcomeId: 'o', at: new Date(0) }]) {
      await expect(tacit.observe('d', empty)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    }
    expect((await tacit.metrics()).groups[0]!.successRate!.value).toBe(1)
  })

  test('may say that success is not known', async () => {
    const { tacit } = await openEngine()
    await tacit.decide({ task: 'x', arms: ['a'], decisionId: 'd' })
    expect(await tacit.observe('d', { success: null })).toMatchObject({ status: 'stored' })
  })

  test('without a decision is kept and said to wait for one, and is no execution of any arm', async () => {
    const { tacit } = await openEngine()
    expect(await tacit.observe('mistyped', { success: true })).toMatchObject({ status: 'stored', awaitsDecision: true })
    expect(await tacit.step('mistyped', {})).toMatchObject({ awaitsDecision: true })
    expect((await tacit.metrics()).groups).toEqual([])
    await tacit.decide({ task: 'x', arms: ['a'], decisionId: 'mistyped' })
    expect(await tacit.feedback('mistyped', { value: true })).not.toHaveProperty('awaitsDecision')
    expect((await tacit.metrics()).groups[0]).toMatchObject({ group: { arm: 'a' }, executions: 1 })
  })
})

test('estimated utility and its interval stay within what the declared weights allow', async () => {
  const { tacit } = await openEngine()
  for (let i = 0; i < 3; i++) await tacit.record({ task: `t${i}`, arm: 'a', success: true })
  const { arms } = await tacit.recommend({ task: 't', arms: ['a', 'b'] })
  for (const { utility } of arms) {
    for (const bound of [utility.value!, ...utility.interval!]) {
      expect(bound).toBeGreaterThanOrEqual(0)
      expect(bound).toBeLessThanOrEqual(1)
    }
  }
})
