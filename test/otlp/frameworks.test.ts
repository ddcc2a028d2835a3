import { expect, test } from 'vitest'
import { readSpans } from '../../src/engine/traces.ts'
import { openTacit } from '../../src/index.ts'
import { bodyOf, type NotedSpan, traceIdOf } from './bodies.ts'

/** What a trace of a framework becomes: the decision, the outcome and the steps on record. */
async function executionOf(spans: readonly NotedSpan[]) {
  const tacit = await openTacit({ db: ':memory:', seed: 'otlp', privacy: { pseudonymise: false } })
  try {
    const bytes = Buffer.from(JSON.stringify(bodyOf(1, spans)))
    await tacit.traces.add(readSpans(bytes, 'json').spans)
    const facts = await Array.fromAsync(tacit.exportFacts())
    expect(facts.every(fact => fact.executionId === `otel/${traceIdOf(1)}`)).toBe(true)
    const of = <K extends string>(wanted: K) => facts.filter(({ kind }) => kind === wanted)
    expect([of('decision').length, of('outcome').length]).toEqual([1, 1])
    return {
      // biome-ignore lint/suspicious/noExplicitAny: compared as data
      decision: of('decision')[0]!.body as any,
      // biome-ignore lint/suspicious/noExplicitAny: compared as data
      outcome: of('outcome')[0]!.body as any,
      // biome-ignore lint/suspicious/noExplicitAny: compared as data
      steps: of('step').map(({ body }) => body as any),
      feedback: of('feedback').map(({ body }) => body),
    }
  } finally {
    await tacit.close()
  }
}

test('current GenAI conventions: workflow, agent, chat, tool and an evaluation', async () => {
  const asked = JSON.stringify([
    { role: 'system', parts: [{ type: 'text', content: 'Be brief.' }] },
    { role: 'user', parts: [{ type: 'text', content: 'Weather in Paris?' }] },
  ])
  const { decision, outcome, steps, feedback } = await executionOf([
    {
      id: 1,
      name: 'invoke_workflow trip',
      durationMs: 900,
      attributes: { 'gen_ai.operation.name': 'invoke_workflow', 'gen_ai.workflow.name': 'trip' },
    },
    {
      id: 2,
      parent: 1,
      name: 'invoke_agent weather',
      attributes: {
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.agent.name': 'weather',
        'gen_ai.input.messages': asked,
        'gen_ai.conversation.id': 'c1',
      },
      events: [
        {
          name: 'gen_ai.evaluation.result',
          attributes: {
            'gen_ai.evaluation.name': 'relevance',
            'gen_ai.evaluation.score.value': 0.75,
            'gen_ai.evaluation.explanation': 'Mostly.',
          },
        },
      ],
    },
    {
      id: 3,
      parent: 2,
      name: 'chat m',
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': 'm',
        'gen_ai.usage.input_tokens': 12,
        'gen_ai.usage.output_tokens': 4,
      },
    },
    {
      id: 4,
      parent: 2,
      name: 'execute_tool get_weather',
      error: 'timed out',
      attributes: {
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': 'get_weather',
        'error.type': 'TimeoutError',
      },
    },
  ])
  expect(decision).toMatchObject({ task: 'Weather in Paris?', arm: 'weather', propensity: null, sessionId: 'c1' })
  expect(decision.arms[0].facets).toEqual({ agent: 'weather', model: 'm' })
  expect(outcome).toMatchObject({
    success: true,
    durationMs: 900,
    resources: { inputTokens: 12, outputTokens: 4 },
    costMicroUsd: null,
  })
  expect(steps.map(({ kind, name, status }) => [kind, name, status])).toEqual([
    ['workflow', 'trip', 'ok'],
    ['agent', 'weather', 'ok'],
    ['model', 'm', 'ok'],
    ['tool', 'get_weather', 'error'],
  ])
  expect(steps[3].error).toMatchObject({ type: 'timeout', message: 'timed out' })
  expect(feedback).toMatchObject([{ dimension: 'relevance', value01: 0.75, source: 'judge', comment: 'Mostly.' }])
})

test('GenAI conventions up to 1.36: messages by events, tokens named after prompt and completion', async () => {
  const { decision, outcome } = await executionOf([
    {
      id: 1,
      name: 'chat gpt',
      attributes: {
        'gen_ai.system': 'openai',
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': 'gpt',
        'gen_ai.usage.prompt_tokens': 7,
        'gen_ai.usage.completion_tokens': 2,
      },
      events: [{ name: 'gen_ai.user.message', attributes: { content: 'Say hello' } }],
    },
  ])
  expect(decision).toMatchObject({ task: 'Say hello', arm: 'gpt', arms: [{ id: 'gpt', facets: { model: 'gpt' } }] })
  expect(outcome.resources).toEqual({ inputTokens: 7, outputTokens: 2 })
})

test('LangGraph by OpenInference: a chain around an agent, its model and its tool', async () => {
  const input = JSON.stringify({
    messages: [[{ lc: 1, id: ['HumanMessage'], kwargs: { content: 'Sum 2 and 3', type: 'human' } }]],
  })
  const { decision, outcome, steps } = await executionOf([
    {
      id: 1,
      name: 'LangGraph',
      durationMs: 500,
      attributes: {
        'openinference.span.kind': 'CHAIN',
        'input.value': input,
        'input.mime_type': 'application/json',
        'session.id': 's9',
      },
    },
    { id: 2, parent: 1, name: 'agent', attributes: { 'openinference.span.kind': 'AGENT', 'agent.name': 'calculator' } },
    {
      id: 3,
      parent: 2,
      name: 'ChatOpenAI',
      attributes: {
        'openinference.span.kind': 'LLM',
        'llm.model_name': 'gpt-4o',
        'llm.token_count.prompt': 20,
        'llm.token_count.completion': 5,
        'llm.cost.total': 0.002,
      },
    },
    // The client of the model is traced too: the same call, once more.
    {
      id: 4,
      parent: 3,
      name: 'ChatCompletion',
      attributes: {
        'openinference.span.kind': 'LLM',
        'llm.model_name': 'gpt-4o',
        'llm.token_count.prompt': 20,
        'llm.token_count.completion': 5,
        'llm.cost.total': 0.002,
      },
    },
    { id: 5, parent: 2, name: 'add', attributes: { 'openinference.span.kind': 'TOOL', 'tool.name': 'add' } },
  ])
  expect(decision).toMatchObject({ task: 'Sum 2 and 3', arm: 'calculator', sessionId: 's9' })
  expect(outcome).toMatchObject({
    durationMs: 500,
    costMicroUsd: 2000,
    resources: { inputTokens: 20, outputTokens: 5 },
  })
  expect(steps.map(({ kind }) => kind)).toEqual(['chain', 'agent', 'model', 'model', 'tool'])
})

test('OpenAI Agents by OpenLLMetry: a workflow of two agents is a team', async () => {
  const { decision, outcome } = await executionOf([
    {
      id: 1,
      name: 'Agent Workflow',
      error: 'refused',
      attributes: { 'traceloop.span.kind': 'workflow', 'traceloop.entity.name': 'Agent Workflow' },
    },
    {
      id: 2,
      parent: 1,
      name: 'Triage.agent',
      attributes: { 'traceloop.span.kind': 'agent', 'traceloop.entity.name': 'Triage' },
    },
    {
      id: 3,
      parent: 2,
      name: 'openai.response',
      attributes: {
        'llm.request.type': 'chat',
        'gen_ai.request.model': 'gpt-5',
        'gen_ai.prompt.0.content': 'Refund me',
        'gen_ai.usage.input_tokens': 3,
      },
    },
    {
      id: 4,
      parent: 1,
      name: 'Billing.agent',
      attributes: { 'traceloop.span.kind': 'agent', 'traceloop.entity.name': 'Billing' },
    },
  ])
  expect(decision).toMatchObject({ task: 'Refund me', arm: 'Triage' })
  expect(decision.arms[0].facets).toEqual({ agent: 'Triage', model: 'gpt-5', team: ['Billing', 'Triage'] })
  expect(outcome).toMatchObject({
    success: false,
    error: { type: 'unknown', message: 'refused' },
    resources: { inputTokens: 3 },
  })
})

test('AI SDK telemetry: the call with its totals is the agent, and tokens are not counted twice', async () => {
  const { decision, outcome, steps } = await executionOf([
    {
      id: 1,
      name: 'ai.generateText',
      attributes: {
        'operation.name': 'ai.generateText support',
        'ai.operationId': 'ai.generateText',
        'ai.telemetry.functionId': 'support',
        'ai.model.id': 'claude',
        'ai.prompt': JSON.stringify({ prompt: 'Reset my password' }),
        'ai.usage.inputTokens': 30,
        'ai.usage.outputTokens': 9,
        'ai.telemetry.metadata.userId': 'u1',
      },
    },
    {
      id: 2,
      parent: 1,
      name: 'ai.generateText.doGenerate',
      attributes: {
        'ai.operationId': 'ai.generateText.doGenerate',
        'ai.model.id': 'claude',
        'gen_ai.request.model': 'claude',
        'gen_ai.usage.input_tokens': 30,
        'gen_ai.usage.output_tokens': 9,
      },
    },
    {
      id: 3,
      parent: 1,
      name: 'ai.toolCall',
      attributes: { 'ai.operationId': 'ai.toolCall', 'ai.toolCall.name': 'sendMail' },
    },
  ])
  expect(decision).toMatchObject({ task: 'Reset my password', arm: 'support', userId: 'u1' })
  expect(outcome.resources).toEqual({ inputTokens: 30, outputTokens: 9 })
  expect(steps.map(({ kind, name }) => [kind, name])).toEqual([
    ['agent', 'support'],
    ['model', 'claude'],
    ['tool', 'sendMail'],
  ])
  expect(JSON.stringify(steps[0].metadata.attributes)).not.toContain('u1')
})

test('Pydantic AI, older names: agent run, chat, running tool', async () => {
  const { decision, outcome, steps } = await executionOf([
    {
      id: 1,
      name: 'agent run',
      attributes: {
        agent_name: 'bank',
        model_name: 'gpt-4o',
        all_messages_events: JSON.stringify([
          { content: 'My balance?', role: 'user', 'event.name': 'gen_ai.user.message' },
        ]),
        'gen_ai.usage.input_tokens': 50,
      },
    },
    {
      id: 2,
      parent: 1,
      name: 'chat gpt-4o',
      attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o' },
    },
    { id: 3, parent: 1, name: 'running tool', attributes: { 'gen_ai.tool.name': 'balance' } },
  ])
  expect(decision).toMatchObject({ task: 'My balance?', arm: 'bank' })
  expect(outcome.resources).toEqual({ inputTokens: 50 })
  expect(steps.map(({ kind }) => kind)).toEqual(['agent', 'model', 'tool'])
})

test('CrewAI by OpenInference and Mastra by its own span types have their agents found', async () => {
  const crew = await executionOf([
    {
      id: 1,
      name: 'Crew_1.kickoff',
      attributes: { 'openinference.span.kind': 'CHAIN', 'input.value': 'Write a post' },
    },
    { id: 2, parent: 1, name: 'Writer._execute_core', attributes: { 'openinference.span.kind': 'AGENT' } },
  ])
  expect(crew.decision).toMatchObject({ task: 'Write a post', arm: 'Writer._execute_core' })
  const mastra = await executionOf([
    {
      id: 1,
      name: 'agent run: chef',
      attributes: { 'mastra.span.type': 'agent_run', 'gen_ai.agent.name': 'chef', 'gen_ai.prompt': 'Cook' },
    },
    {
      id: 2,
      parent: 1,
      name: 'llm',
      attributes: { 'mastra.span.type': 'model_generation', 'gen_ai.request.model': 'x' },
    },
  ])
  expect(mastra.decision).toMatchObject({ task: 'Cook', arm: 'chef' })
})

test('steps hang on the nearest step above, past spans of other things', async () => {
  const { steps } = await executionOf([
    { id: 1, name: 'POST /chat', attributes: { 'http.request.method': 'POST' } },
    { id: 2, parent: 1, name: 'a', attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'a' } },
    { id: 3, parent: 2, name: 'POST', attributes: { 'http.request.method': 'POST' } },
    { id: 4, parent: 3, name: 'chat', attributes: { 'gen_ai.operation.name': 'chat' } },
  ])
  expect(steps).toHaveLength(2)
  expect(steps[0].parentStepId).toBeUndefined()
  expect(steps[1].parentStepId).toMatch(/b2$/)
})

test('attributes are kept within a bound, and what did not fit is counted', async () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`own.${i}`, 'x'.repeat(1000)]))
  const { steps } = await executionOf([
    { id: 1, attributes: { 'gen_ai.operation.name': 'invoke_agent', 'own.long': 'y'.repeat(9000), ...many } },
  ])
  const { attributes, droppedAttributes } = steps[0].metadata
  expect(Object.keys(attributes).length + droppedAttributes).toBe(102)
  expect(attributes['own.long']).toHaveLength(4001)
  expect(JSON.stringify(attributes).length).toBeLessThan(26_000)
})
