import { Agent, Runner, setTraceProcessors, setTracingDisabled, tool, Usage, withGenerationSpan } from '@openai/agents'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { tacitTraceProcessor, traceMetadata } from '../../src/adapters/openai-agents.ts'
import { open } from './open.ts'

const call = { type: 'function_call', callId: 'c1', name: 'clock', arguments: '{}', status: 'completed' }
const answer = {
  type: 'message',
  id: 'm1',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: 'Noon.' }],
}

/** A model with prepared turns that traces its calls as the SDK's own models do. */
function modelOf(turns: object[]) {
  const getResponse = ({ input }: { input: string | object[] }) =>
    withGenerationSpan(
      async span => {
        span.spanData.input = typeof input === 'string' ? [{ role: 'user', content: input }] : input
        const turn = turns.shift()
        if (turn === undefined) throw new RangeError('nothing to say')
        return { usage: new Usage({ requests: 1, inputTokens: 30, outputTokens: 5, totalTokens: 35 }), output: [turn] }
      },
      { data: { model: 'scripted' } },
    )
  return { getResponse, getStreamedResponse: () => expect.fail('nobody streams here') }
}
const clock = tool({ name: 'clock', description: 'The time', parameters: z.object({}), execute: async () => '12:00' })
const agentOf = (turns: object[]) =>
  new Agent({ name: 'timekeeper', instructions: 'Tell the time.', model: modelOf(turns) as never, tools: [clock] })

beforeEach(() => setTracingDisabled(false))
afterAll(() => setTraceProcessors([]))

describe('the trace processor for the OpenAI Agents SDK', () => {
  test('keeps a run with its agent, turns, model calls and tools, and the tokens', async () => {
    const { tacit, facts, bodies } = await open()
    const processor = tacitTraceProcessor(tacit, { taskType: 'time' })
    setTraceProcessors([processor])
    const result = await new Runner().run(agentOf([call, answer]), 'What time is it?')
    await processor.forceFlush()
    expect(result.finalOutput).toBe('Noon.')
    expect(await bodies('decision')).toMatchObject([{ task: 'What time is it?', arm: 'timekeeper', taskType: 'time' }])
    expect(await bodies('outcome')).toMatchObject([{ success: true, resources: { inputTokens: 60, outputTokens: 10 } }])
    const steps = (await facts()).filter(fact => fact.kind === 'step')
    expect(steps.map(({ body }) => body.kind).sort()).toEqual(['agent', 'model', 'model', 'tool', 'turn', 'turn'])
    const agent = steps.find(({ body }) => body.kind === 'agent')!
    const turns = steps.filter(({ body }) => body.kind === 'turn')
    expect(turns.map(({ body }) => body.parentStepId)).toEqual([agent.id, agent.id])
    expect(steps.find(({ body }) => body.name === 'clock')!.body).toMatchObject({ kind: 'tool', status: 'ok' })
  })

  test('a run that fails is a failure, with its reason', async () => {
    const { tacit, bodies } = await open()
    const processor = tacitTraceProcessor(tacit)
    setTraceProcessors([processor])
    await expect(new Runner().run(agentOf([]), 'What time is it?')).rejects.toThrow('nothing to say')
    await processor.forceFlush()
    const [outcome] = await bodies('outcome')
    expect(outcome).toMatchObject({ success: false, error: { message: expect.stringContaining('nothing to say') } })
  })

  test('a prepared task gets the steps; its outcome is left to the caller', async () => {
    const { tacit, facts, bodies } = await open()
    const processor = tacitTraceProcessor(tacit)
    setTraceProcessors([processor])
    const job = await tacit.hooks.preTask({ task: 'What time is it?', arms: ['timekeeper', 'guesser'] })
    await new Runner({ traceMetadata: traceMetadata(job) }).run(agentOf([call, answer]), 'What time is it?')
    await tacit.hooks.postTask(job, { quality: 1 })
    await processor.shutdown()
    expect(new Set((await facts()).map(({ executionId }) => executionId))).toEqual(new Set([job.decisionId]))
    expect(await bodies('outcome')).toMatchObject([{ success: true, quality: 1 }])
    expect(await bodies('step')).toHaveLength(6)
  })
})
