import { Agent } from '@mastra/core/agent'
import { wrapLanguageModel } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'
import { expect, test, vi } from 'vitest'
import { tacitMiddleware } from '../../src/adapters/ai-sdk.ts'
import { open } from './open.ts'

const usage = {
  inputTokens: { total: 40, noCache: 40, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 8, text: 8, reasoning: undefined },
}
const finishReason = { unified: 'stop' as const, raw: 'stop' }
const says = (text: string) =>
  new MockLanguageModelV4({
    doGenerate: async () => ({ content: [{ type: 'text', text }], finishReason, usage, warnings: [] }),
  })

test('an agent of Mastra takes a model of the AI SDK with the middleware, and its calls are kept', async () => {
  const { tacit, bodies } = await open()
  const models = { fast: says('from fast'), careful: says('from careful') }
  const model = wrapLanguageModel({ model: models.fast, middleware: tacitMiddleware(tacit, { models }) })
  // Mastra's types are of another version of the SDK's specification; what runs is the same.
  const agent = new Agent({ id: 'helper', name: 'helper', instructions: 'Help.', model: model as never })
  const { text } = await agent.generate('Why is the sky blue?')
  await vi.waitFor(async () =>
    expect(await bodies('outcome')).toMatchObject([{ success: true, resources: { inputTokens: 40, outputTokens: 8 } }]),
  )
  const [decision] = await bodies('decision')
  expect(decision).toMatchObject({ task: 'Why is the sky blue?' })
  expect(text).toBe(`from ${decision!.arm}`)
})
