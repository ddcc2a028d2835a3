import { generateText, simulateReadableStream, stepCountIs, streamText, tool, wrapLanguageModel } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import { tacitMiddleware } from '../../src/adapters/ai-sdk.ts'
import { openTacit } from '../../src/index.ts'
import { collect } from '../helpers/collect.ts'

const usage = {
  inputTokens: { total: 40, noCache: 40, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 8, text: 8, reasoning: undefined },
}
const reason = (unified: 'stop' | 'length' | 'content-filter' | 'tool-calls') => ({ unified, raw: unified })
type Content = Awaited<ReturnType<MockLanguageModelV4['doGenerate']>>['content']
const answer = (text: string, unified: 'stop' | 'length' | 'content-filter' = 'stop') => ({
  content: [{ type: 'text' as const, text }],
  finishReason: reason(unified),
  usage,
  warnings: [],
})
const says = (text: string, unified?: 'stop' | 'length' | 'content-filter') =>
  new MockLanguageModelV4({ doGenerate: async () => answer(text, unified) })

function streams(parts: string[], fails?: Error) {
  return new MockLanguageModelV4({
    doStream: async () => ({
      stream: simulateReadableStream({
        initialDelayInMs: null,
        chunkDelayInMs: null,
        chunks: [
          { type: 'text-start' as const, id: '1' },
          ...parts.map(delta => ({ type: 'text-delta' as const, id: '1', delta })),
          { type: 'text-end' as const, id: '1' },
          ...(fails ? [{ type: 'error' as const, error: fails }] : []),
          { type: 'finish' as const, finishReason: reason('stop'), usage },
        ],
      }),
    }),
  })
}

async function open() {
  const tacit = await openTacit({ db: ':memory:', seed: 'ai-sdk' })
  onTestFinished(() => tacit.close())
  const facts = () => collect(tacit.exportFacts())
  const outcomes = async () => (await facts()).filter(fact => fact.kind === 'outcome').map(({ body }) => body)
  return { tacit, facts, outcomes }
}

function routed(
  { tacit }: Awaited<ReturnType<typeof open>>,
  models: Record<string, MockLanguageModelV4>,
  more: Partial<Parameters<typeof tacitMiddleware>[1]> = {},
) {
  const middleware = tacitMiddleware(tacit, { ...more, models })
  return wrapLanguageModel({ model: Object.values(models)[0]!, middleware })
}

describe('the middleware for the AI SDK', () => {
  test('sends a call to the chosen model and keeps choice, tokens and cost', async () => {
    const opened = await open()
    const models = { fast: says('from fast'), careful: says('from careful') }
    const model = routed(opened, models, {
      info: { taskType: 'chat' },
      costUsd: (_arm, { inputTokens, outputTokens }) => (inputTokens! + outputTokens!) / 1e6,
    })
    const result = await generateText({ model, prompt: 'Why is the sky blue?' })
    const { decisionId, arm } = result.providerMetadata!.tacit as { decisionId: string; arm: string }
    expect(result.text).toBe(`from ${arm}`)
    const [decision, outcome] = await opened.facts()
    expect(decision).toMatchObject({ id: decisionId, body: { arm, task: 'Why is the sky blue?', taskType: 'chat' } })
    expect(outcome).toMatchObject({
      executionId: decisionId,
      body: { success: true, costMicroUsd: 48, resources: { inputTokens: 40, outputTokens: 8 } },
    })
  })

  test('learns which model to send calls to', async () => {
    const opened = await open()
    const model = routed(opened, { bad: says('', 'content-filter'), good: says('fine') })
    const arms: unknown[] = []
    for (let i = 0; i < 40; i++) {
      const { providerMetadata } = await generateText({ model, prompt: `Question ${i}`, maxRetries: 0 })
      arms.push(providerMetadata!.tacit!.arm)
    }
    expect(arms.slice(20).filter(arm => arm === 'good').length).toBeGreaterThanOrEqual(16)
  })

  test.each([
    ['stop', true],
    ['content-filter', false],
    ['length', null],
  ] as const)('an answer that ended by %s has success %s', async (unified, success) => {
    const opened = await open()
    await generateText({ model: routed(opened, { only: says('…', unified) }), prompt: 'Go on' })
    expect(await opened.outcomes()).toMatchObject([{ success }])
  })

  test('an error of the model reaches the caller as it is, and is an outcome', async () => {
    const opened = await open()
    const broken = new MockLanguageModelV4({
      doGenerate: async () => {
        throw new RangeError('quota used up')
      },
    })
    const asking = generateText({ model: routed(opened, { broken }), prompt: 'Hello', maxRetries: 0 })
    await expect(asking).rejects.toThrow('quota used up')
    expect(await opened.outcomes()).toMatchObject([{ success: false, error: { message: 'quota used up' } }])
  })

  test('a stream arrives whole; its outcome is kept when it has ended', async () => {
    const opened = await open()
    const result = streamText({ model: routed(opened, { only: streams(['It ', 'is ', 'Rayleigh.']) }), prompt: 'Why?' })
    expect(await result.text).toBe('It is Rayleigh.')
    expect((await result.providerMetadata)!.tacit).toMatchObject({ arm: 'only', decisionId: expect.any(String) })
    await vi.waitFor(async () =>
      expect(await opened.outcomes()).toMatchObject([{ success: true, resources: { outputTokens: 8 } }]),
    )
  })

  test('a stream that breaks is a failure', async () => {
    const opened = await open()
    const model = routed(opened, { only: streams(['It '], new Error('connection lost')) })
    const result = streamText({ model, prompt: 'Why?', onError: () => {} })
    await result.consumeStream()
    await vi.waitFor(async () =>
      expect(await opened.outcomes()).toMatchObject([{ success: false, error: { message: 'connection lost' } }]),
    )
  })

  test('a stream that the caller leaves is cancelled: its success stays unknown', async () => {
    const opened = await open()
    const { stream } = await routed(opened, { only: streams(['a', 'b', 'c']) }).doStream({
      prompt: [{ role: 'user', content: [{ type: 'text', text: 'Count' }] }],
    })
    const reader = stream.getReader()
    await reader.read()
    await reader.cancel()
    await vi.waitFor(async () =>
      expect(await opened.outcomes()).toMatchObject([{ success: null, metadata: { cancelled: true } }]),
    )
  })

  test('with a prepared task all calls of an agent loop are its steps, on the model chosen for it', async () => {
    const opened = await open()
    const { tacit } = opened
    const turns: { content: Content; finishReason: ReturnType<typeof reason> }[] = [
      {
        content: [{ type: 'tool-call', toolCallId: 'c1', toolName: 'clock', input: '{}' }],
        finishReason: reason('tool-calls'),
      },
      { content: [{ type: 'text', text: 'Noon.' }], finishReason: reason('stop') },
    ]
    const agent = new MockLanguageModelV4({ doGenerate: async () => ({ ...turns.shift()!, usage, warnings: [] }) })
    const job = await tacit.hooks.preTask({ task: 'What time is it?', arms: ['agent'] })
    const result = await generateText({
      model: routed(opened, { other: says('no'), agent }),
      prompt: 'What time is it?',
      tools: { clock: tool({ inputSchema: z.object({}), execute: async () => '12:00' }) },
      stopWhen: stepCountIs(3),
      providerOptions: { tacit: { ...job } },
    })
    await tacit.hooks.postTask(job, { quality: 1 })
    await tacit.hooks.flush()
    expect(result.text).toBe('Noon.')
    const facts = await opened.facts()
    expect(facts.map(({ kind }) => kind).sort()).toEqual(['decision', 'outcome', 'step', 'step'])
    const steps = facts.filter(({ kind }) => kind === 'step')
    for (const { executionId, body } of steps)
      expect({ executionId, body }).toMatchObject({
        executionId: job.decisionId,
        body: { kind: 'model', name: 'agent', inputTokens: 40, outputTokens: 8, status: 'ok' },
      })
  })

  test('a failure of Tacit reaches no call: the first model answers, and the failure is counted', async () => {
    const opened = await open()
    const model = routed(opened, { first: says('one'), second: says('two') })
    const { text } = await generateText({
      model,
      prompt: 'Hello',
      providerOptions: { tacit: { context: { complexity: 'not a complexity', load: 7 } } },
    })
    expect(text).toBe('one')
    await vi.waitFor(async () => expect((await opened.tacit.status()).errors['wrap.decide']).toBe(1))
  })

  test('a middleware without models is refused', async () => {
    const { tacit } = await open()
    expect(() => tacitMiddleware(tacit, { models: {} })).toThrow(expect.objectContaining({ code: 'NO_ARMS' }))
  })
})
