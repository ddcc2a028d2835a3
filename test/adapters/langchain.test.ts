import { AIMessage, HumanMessage } from '@langchain/core/messages'
import { ChatPromptTemplate } from '@langchain/core/prompts'
import { RunnableLambda } from '@langchain/core/runnables'
import { tool } from '@langchain/core/tools'
import { FakeChatModel, FakeListChatModel, FakeRetriever } from '@langchain/core/utils/testing'
import { END, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { tacitCallbacks } from '../../src/adapters/langchain.ts'
import { open } from './open.ts'

const usage_metadata = { input_tokens: 30, output_tokens: 5, total_tokens: 35 }
class Counting extends FakeChatModel {
  override _llmType = () => 'counting'
  override _generate = async () => ({
    generations: [{ text: 'It is noon.', message: new AIMessage({ content: 'It is noon.', usage_metadata }) }],
  })
}
const counting = () => new Counting({})

const clock = tool(async () => '12:00', { name: 'clock', description: 'The time', schema: z.object({}) })

/** A graph of two nodes: one looks at the clock, the other asks a model. */
function graphOf(model = counting(), look: () => Promise<unknown> = async () => clock.invoke({})) {
  return new StateGraph(MessagesAnnotation)
    .addNode('look', async () => {
      await look()
      return {}
    })
    .addNode('answer', async ({ messages }) => ({ messages: [await model.invoke(messages)] }))
    .addEdge(START, 'look')
    .addEdge('look', 'answer')
    .addEdge('answer', END)
    .compile()
}
const question = { messages: [new HumanMessage('What time is it?')] }

describe('the callbacks for LangChain', () => {
  test('keep a chain as one execution, with its model as a step', async () => {
    const { tacit, facts, bodies } = await open()
    const callbacks = tacitCallbacks(tacit, { taskType: 'translation' })
    const chain = ChatPromptTemplate.fromTemplate('Translate: {text}').pipe(
      new FakeListChatModel({ responses: ['Ja'] }),
    )
    await chain.invoke({ text: 'Yes' }, { callbacks: [callbacks], runName: 'translator' })
    await callbacks.flush()
    expect((await facts()).map(({ kind }) => kind).sort()).toEqual(['decision', 'outcome', 'step'])
    expect(await bodies('decision')).toMatchObject([
      { task: 'Yes', taskType: 'translation', arm: 'translator', propensity: null },
    ])
    expect(await bodies('outcome')).toMatchObject([{ success: true, durationMs: expect.any(Number) }])
    expect(await bodies('step')).toMatchObject([{ kind: 'model', status: 'ok' }])
  })

  test('keep a graph with its nodes, models and tools, and who called whom', async () => {
    const { tacit, facts, bodies } = await open()
    const callbacks = tacitCallbacks(tacit)
    await graphOf().invoke(question, { callbacks: [callbacks], metadata: { tacit: { arm: 'timekeeper' } } })
    await callbacks.flush()
    expect(await bodies('decision')).toMatchObject([{ task: 'What time is it?', arm: 'timekeeper' }])
    expect(await bodies('outcome')).toMatchObject([{ success: true, resources: { inputTokens: 30, outputTokens: 5 } }])
    const steps = (await facts()).filter(fact => fact.kind === 'step')
    const named = new Map(steps.map(({ id, body }) => [body.name, { id, ...body }]))
    expect([...named.keys()].sort()).toEqual(['Counting', 'answer', 'clock', 'look'])
    expect(named.get('clock')).toMatchObject({ kind: 'tool', parentStepId: named.get('look')!.id })
    expect(named.get('Counting')).toMatchObject({
      kind: 'model',
      parentStepId: named.get('answer')!.id,
      inputTokens: 30,
      outputTokens: 5,
    })
  })

  test('a prepared task gets the steps; its outcome is left to the caller', async () => {
    const { tacit, facts, bodies } = await open()
    const callbacks = tacitCallbacks(tacit)
    const job = await tacit.hooks.preTask({ task: 'What time is it?', arms: ['graph', 'plain'] })
    await graphOf().invoke(question, { callbacks: [callbacks], metadata: { tacit: job } })
    await tacit.hooks.postTask(job, { quality: 0.9 })
    await callbacks.flush()
    expect(new Set((await facts()).map(({ executionId }) => executionId))).toEqual(new Set([job.decisionId]))
    expect(await bodies('outcome')).toMatchObject([{ success: true, quality: 0.9 }])
    expect(await bodies('step')).toHaveLength(4)
  })

  test('a task that could not be prepared leaves no trace', async () => {
    const { tacit, facts } = await open()
    const callbacks = tacitCallbacks(tacit)
    const job = { decisionId: null, arm: 'graph', propensity: null, startedAtMs: Date.now() }
    await graphOf().invoke(question, { callbacks: [callbacks], metadata: { tacit: job } })
    await callbacks.flush()
    expect(await facts()).toEqual([])
  })

  test('a failure is kept where it happened and for the whole, and reaches the caller as it is', async () => {
    const { tacit, bodies } = await open()
    const callbacks = tacitCallbacks(tacit)
    const broken = graphOf(counting(), async () => {
      throw new RangeError('the clock stands still')
    })
    await expect(broken.invoke(question, { callbacks: [callbacks] })).rejects.toThrow('the clock stands still')
    await callbacks.flush()
    const error = { message: 'the clock stands still' }
    expect(await bodies('outcome')).toMatchObject([{ success: false, error }])
    expect(await bodies('step')).toMatchObject([{ name: 'look', status: 'error', error }])
  })

  test('an abort is no failure: its success stays unknown', async () => {
    const { tacit, bodies } = await open()
    const callbacks = tacitCallbacks(tacit)
    const task = RunnableLambda.from(async () => {
      throw new DOMException('enough', 'AbortError')
    })
    await expect(task.invoke('wait', { callbacks: [callbacks] })).rejects.toThrow('enough')
    await callbacks.flush()
    expect(await bodies('outcome')).toMatchObject([{ success: null }])
  })

  test('a model, a tool or a retriever by itself is an execution with one step', async () => {
    const { tacit, bodies } = await open()
    const callbacks = tacitCallbacks(tacit)
    const config = { callbacks: [callbacks] }
    await counting().invoke('What time is it?', config)
    await clock.invoke({}, config)
    await new FakeRetriever({ output: [] }).invoke('clocks', config)
    await callbacks.flush()
    expect((await bodies('step')).map(({ kind }) => kind)).toEqual(['model', 'tool', 'retrieval'])
    expect((await bodies('decision')).map(({ task }) => task)).toEqual(['What time is it?', '{}', 'clocks'])
    expect((await bodies('outcome'))[0]).toMatchObject({ resources: { inputTokens: 30, outputTokens: 5 } })
  })

  test('runs that go on at the same time stay apart', async () => {
    const { tacit, bodies } = await open()
    const callbacks = tacitCallbacks(tacit)
    const graph = graphOf()
    const ask = (text: string) => graph.invoke({ messages: [new HumanMessage(text)] }, { callbacks: [callbacks] })
    await Promise.all(Array.from({ length: 8 }, (_, i) => ask(`Question ${i}`)))
    await callbacks.flush()
    expect((await bodies('decision')).map(({ task }) => task).sort()).toEqual(
      Array.from({ length: 8 }, (_, i) => `Question ${i}`),
    )
    expect(await bodies('step')).toHaveLength(32)
  })

  test('a failure of Tacit reaches no run, and is counted', async () => {
    const { tacit } = await open()
    const callbacks = tacitCallbacks(tacit)
    const metadata = { tacit: { arm: 'x'.repeat(300) } }
    const { messages } = await graphOf().invoke(question, { callbacks: [callbacks], metadata })
    expect(messages.at(-1)!.content).toBe('It is noon.')
    await callbacks.flush()
    await vi.waitFor(async () => expect((await tacit.status()).errors['hooks.record']).toBe(1))
  })
})
