import { describe, expect, test } from 'vitest'
import { openEngine } from './engine.ts'

const halfLife = { learning: { halfLifeDays: null } } as const
const team = (...members: string[]) => ({ id: members.join(' + '), facets: { team: members } })
const solo = (agent: string) => ({ id: agent, facets: { agent } })

/** Two good agents, two poor ones and a mixed pair, 15 tasks each. */
async function withAgents() {
  const opened = await openEngine(halfLife)
  const agents = [solo('ada'), solo('bob'), solo('eve'), solo('mal'), team('ada', 'eve')]
  const solved = [14, 13, 3, 2, 8]
  for (const [a, arm] of agents.entries()) {
    for (let i = 0; i < 15; i++) {
      await opened.tacit.record({
        task: `task ${a} ${i}`,
        taskType: 'database',
        arm,
        success: i < solved[a]!,
        executionId: `${a}/${i}`,
      })
    }
  }
  return opened
}
const newcomers = [team('ada', 'bob'), team('eve', 'mal'), 'stranger']
const request = { task: 'something new', taskType: 'database', arms: newcomers }

describe('new arms', () => {
  test('that are teams start from what their members achieved; one without relatives from the mean', async () => {
    const { tacit } = await withAgents()
    const { arms } = await tacit.recommend(request)
    expect(arms.map(({ arm }) => arm)).toEqual(['ada + bob', 'stranger', 'eve + mal'])
    expect(arms[0]!.utility.value! - arms[1]!.utility.value!).toBeGreaterThan(0.1)
    expect(arms[0]!.probability).toBeGreaterThan(arms[2]!.probability)
    const { limits, distribution } = await tacit.decide(request)
    expect(limits!.adjustment!.map(Math.sign)).toEqual([1, -1, 0])
    expect(distribution).toEqual(Object.fromEntries(arms.map(({ arm, probability }) => [arm, probability])))
    expect(await tacit.replay({ verify: true })).toMatchObject({ verified: true })
  })

  test('that have a record of their own no longer lean on their relatives', async () => {
    const { tacit } = await withAgents()
    for (let i = 0; i < 8; i++) {
      await tacit.record({ task: `own ${i}`, taskType: 'database', arm: newcomers[0]!, success: false })
    }
    const { limits } = await tacit.decide({ ...request, arms: [newcomers[0]!, 'stranger'] })
    expect(limits).toBeUndefined()
  })

  test('follow a correction of what their relatives achieved', async () => {
    const { tacit } = await withAgents()
    const value = async () => (await tacit.recommend({ ...request, arms: [newcomers[0]!] })).arms[0]!.utility.value!
    const before = await value()
    for (let i = 0; i < 15; i++) await tacit.observe(`0/${i}`, { success: false, outcomeId: `corrected ${i}` })
    expect(await value()).toBeLessThan(before - 0.1)
    expect(await tacit.replay({ verify: true })).toMatchObject({ verified: true })
  })
})
