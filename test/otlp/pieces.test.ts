import { expect, test } from 'vitest'
import { readSpans } from '../../src/engine/traces.ts'
import { openTacit, type Tacit } from '../../src/index.ts'
import { integer, seedRng } from '../../src/math/rng.ts'
import { bodyOf, type NotedSpan, traceIdOf } from './bodies.ts'

const agent = (name: string) => ({ 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': name })
const chat = (tokens: number) => ({
  'gen_ai.operation.name': 'chat',
  'gen_ai.request.model': 'm',
  'gen_ai.usage.input_tokens': tokens,
  'gen_ai.usage.output_tokens': 1,
})
const tree: readonly NotedSpan[] = [
  { id: 1, name: 'root', durationMs: 1000, attributes: { ...agent('planner'), 'input.value': 'Plan it' } },
  { id: 2, parent: 1, durationMs: 300, attributes: agent('helper') },
  { id: 3, parent: 2, attributes: chat(5) },
  { id: 4, parent: 1, attributes: chat(7) },
  { id: 5, parent: 1, error: 'no', attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 't' } },
  { id: 6, parent: 1, attributes: { 'db.system.name': 'postgresql' } },
]

const spansOf = (spans: readonly NotedSpan[], trace = 1) =>
  readSpans(Buffer.from(JSON.stringify(bodyOf(trace, spans))), 'json').spans
const id = `otel/${traceIdOf(1)}`

async function inMemory<T>(work: (tacit: Tacit) => Promise<T>): Promise<T> {
  const tacit = await openTacit({ db: ':memory:', seed: 'pieces' })
  try {
    return await work(tacit)
  } finally {
    await tacit.close()
  }
}

/** What is known of the execution in the end, whatever way it came. */
async function known(tacit: Tacit) {
  const facts = (await Array.fromAsync(tacit.exportFacts())).filter(({ executionId }) => executionId === id)
  const last = facts.findLast(fact => fact.kind === 'outcome')!.body
  const steps = facts.filter(fact => fact.kind === 'step')
  const sorted = steps.map(({ id, body }) => ({ id, body })).sort((a, b) => (a.id < b.id ? -1 : 1))
  return { explained: (await tacit.explain(id)).arm, last, steps: sorted }
}

test('a trace in any order, in any pieces and with repetitions is the same one execution', async () => {
  const whole = await inMemory(async tacit => {
    await tacit.traces.add(spansOf(tree))
    return known(tacit)
  })
  expect(whole.explained).toBe('planner')
  expect(whole.last).toMatchObject({ success: true, durationMs: 1000, resources: { inputTokens: 12, outputTokens: 2 } })
  const rng = seedRng('pieces')
  for (let round = 0; round < 40; round++) {
    await inMemory(async tacit => {
      const left = [...tree, ...tree.filter(() => integer(rng, 3) === 0)]
      while (left.length > 0) {
        const piece: NotedSpan[] = []
        for (let size = 1 + integer(rng, 3); size > 0 && left.length > 0; size--) {
          piece.push(...left.splice(integer(rng, left.length), 1))
        }
        await tacit.traces.add(spansOf(piece))
      }
      const { last, steps } = await known(tacit)
      expect({ last, steps }).toEqual({ last: whole.last, steps: whole.steps })
      expect(await tacit.status()).toMatchObject({ executions: 1, facts: { decision: 1, step: 5 } })
      expect((await tacit.replay({ verify: true })).verified).toBe(true)
    })
  }
})

test('the same request again adds nothing', async () => {
  await inMemory(async tacit => {
    expect(await tacit.traces.add(spansOf(tree))).toMatchObject({ stored: 5, duplicates: 0, ignored: 1, open: [] })
    const before = (await tacit.status()).facts
    expect(await tacit.traces.add(spansOf(tree))).toMatchObject({ stored: 0, duplicates: 5, ignored: 1, open: [] })
    expect((await tacit.status()).facts).toEqual(before)
  })
})

test('pieces that come at the same moment do not get in each other’s way', async () => {
  await inMemory(async tacit => {
    await Promise.all([...tree].reverse().map(span => tacit.traces.add(spansOf([span]))))
    expect((await known(tacit)).last).toMatchObject({ durationMs: 1000, resources: { inputTokens: 12 } })
  })
})

test('a trace stays open until its root has come, and can be settled without it', async () => {
  await inMemory(async tacit => {
    const [, helper, call] = tree
    const { open } = await tacit.traces.add(spansOf([helper!, call!]))
    expect(open).toEqual([traceIdOf(1)])
    expect(await tacit.status()).toMatchObject({ executions: 0 })
    await tacit.traces.settle(open)
    expect((await tacit.explain(id)).arm).toBe('helper')
    // The real root corrects who did the work and how long it took.
    await tacit.traces.add(spansOf([tree[0]!]))
    expect((await known(tacit)).last).toMatchObject({ arm: { id: 'planner' }, durationMs: 1000 })
  })
})

test('an outcome that was reported otherwise is not overwritten by what a trace tells later', async () => {
  await inMemory(async tacit => {
    await tacit.traces.add(spansOf([tree[0]!]))
    await tacit.observe(id, { success: false, provenance: 'test', outcomeId: 'the tests' })
    await tacit.traces.add(spansOf(tree))
    expect((await known(tacit)).last).toMatchObject({ success: false, provenance: 'test' })
  })
})

test('people are pseudonyms in steps as in decisions, the same as anywhere else', async () => {
  await inMemory(async tacit => {
    const attributes = { ...agent('a'), 'user.id': 'ada@example.org', 'input.value': 'x' }
    await tacit.traces.add(spansOf([{ id: 1, attributes }]))
    await tacit.record({ task: 'y', arm: 'a', userId: 'ada@example.org' })
    const facts = await Array.fromAsync(tacit.exportFacts())
    const people = facts.filter(fact => fact.kind === 'decision').map(({ body }) => body.userId)
    expect(new Set(people).size).toBe(1)
    expect(JSON.stringify(facts)).not.toContain('ada@example.org')
  })
})

test('a span from the future is refused, and the others are kept', async () => {
  await inMemory(async tacit => {
    const [root] = spansOf([tree[0]!])
    const later = { ...root!, spanId: 'c'.repeat(16), startMs: Date.UTC(2100, 0) }
    expect(await tacit.traces.add([root!, later])).toMatchObject({
      stored: 1,
      rejected: 1,
      reason: expect.stringContaining('future'),
    })
  })
})

test('a span whose id is taken by another fact is told as refused', async () => {
  await inMemory(async tacit => {
    const [root] = spansOf([tree[0]!])
    await tacit.step('another execution', { stepId: `${id}/${root!.spanId}` })
    expect(await tacit.traces.add([root!])).toMatchObject({ stored: 0, duplicates: 0, rejected: 1 })
  })
})

test('while Tacit is switched off, traces are refused', async () => {
  const tacit = await openTacit({ db: ':memory:', enabled: false })
  await expect(tacit.traces.add(spansOf(tree))).rejects.toMatchObject({ code: 'DISABLED' })
  await tacit.close()
})
