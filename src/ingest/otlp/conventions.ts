/**
 * How traces name things: the one place where attribute names stand. For each field the first name that a span carries
 * counts, so newer names come before older ones. docs/otel.md shows this table; a test compares them.
 */
export const conventionsVersion = 1

export type Convention =
  | 'GenAI'
  | 'OpenInference'
  | 'OpenLLMetry'
  | 'AI SDK'
  | 'Pydantic AI'
  | 'Langfuse'
  | 'Mastra'
  | 'Tacit'
interface Name {
  readonly attribute: string
  readonly convention: Convention
}

const names = (convention: Convention, ...attributes: string[]): Name[] =>
  attributes.map(attribute => ({ attribute, convention }))

export const fieldNames = {
  agent: [
    ...names('GenAI', 'gen_ai.agent.name', 'gen_ai.workflow.name'),
    ...names('OpenInference', 'agent.name'),
    ...names('AI SDK', 'ai.telemetry.functionId'),
    ...names('Pydantic AI', 'agent_name'),
    ...names('OpenLLMetry', 'traceloop.entity.name', 'traceloop.workflow.name'),
  ],
  model: [
    ...names('GenAI', 'gen_ai.request.model', 'gen_ai.response.model'),
    ...names('OpenInference', 'llm.model_name', 'embedding.model_name'),
    ...names('AI SDK', 'ai.model.id'),
    ...names('Pydantic AI', 'model_name'),
    ...names('OpenLLMetry', 'llm.request.model'),
    ...names('Langfuse', 'langfuse.observation.model.name'),
  ],
  tool: [
    ...names('GenAI', 'gen_ai.tool.name'),
    ...names('OpenInference', 'tool.name'),
    ...names('AI SDK', 'ai.toolCall.name'),
    ...names('OpenLLMetry', 'traceloop.entity.name'),
  ],
  inputTokens: [
    ...names('GenAI', 'gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens'),
    ...names('OpenInference', 'llm.token_count.prompt'),
    ...names('AI SDK', 'ai.usage.inputTokens', 'ai.usage.promptTokens'),
    ...names('OpenLLMetry', 'llm.usage.prompt_tokens'),
  ],
  outputTokens: [
    ...names('GenAI', 'gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens'),
    ...names('OpenInference', 'llm.token_count.completion'),
    ...names('AI SDK', 'ai.usage.outputTokens', 'ai.usage.completionTokens'),
    ...names('OpenLLMetry', 'llm.usage.completion_tokens'),
  ],
  costUsd: [
    ...names('GenAI', 'gen_ai.usage.cost'),
    ...names('OpenInference', 'llm.cost.total'),
    ...names('Pydantic AI', 'operation.cost'),
  ],
  task: [
    ...names('GenAI', 'gen_ai.input.messages', 'gen_ai.prompt', 'gen_ai.prompt.0.content'),
    ...names('OpenInference', 'input.value', 'llm.input_messages.0.message.content'),
    ...names('AI SDK', 'ai.prompt', 'ai.prompt.messages'),
    ...names('Pydantic AI', 'pydantic_ai.all_messages', 'all_messages_events'),
    ...names('OpenLLMetry', 'traceloop.entity.input'),
    ...names('Langfuse', 'langfuse.observation.input'),
  ],
  session: [
    ...names('GenAI', 'gen_ai.conversation.id'),
    ...names('OpenInference', 'session.id'),
    ...names('Langfuse', 'langfuse.session.id'),
    ...names('AI SDK', 'ai.telemetry.metadata.sessionId'),
    ...names('OpenLLMetry', 'traceloop.association.properties.session_id'),
  ],
  user: [
    ...names('OpenInference', 'user.id'),
    ...names('GenAI', 'enduser.id'),
    ...names('Langfuse', 'langfuse.user.id'),
    ...names('AI SDK', 'ai.telemetry.metadata.userId'),
    ...names('OpenLLMetry', 'traceloop.association.properties.user_id'),
  ],
  taskType: names('Tacit', 'tacit.task_type'),
  errorType: names('GenAI', 'error.type'),
} as const satisfies Record<string, readonly Name[]>

export type FieldName = keyof typeof fieldNames

/** What a step can be; an execution is named for the first agent, else the outermost workflow, chain or model call. */
export type SpanKind =
  | 'agent'
  | 'workflow'
  | 'chain'
  | 'model'
  | 'tool'
  | 'retrieval'
  | 'embedding'
  | 'plan'
  | 'rerank'
  | 'guardrail'
  | 'evaluation'

interface KindRule extends Name {
  /** Value, in lower case, → kind. */
  readonly values: Readonly<Record<string, SpanKind>>
}

/** The first rule that knows the value of its attribute says what a span is. */
export const kindRules: readonly KindRule[] = [
  {
    attribute: 'gen_ai.operation.name',
    convention: 'GenAI',
    values: {
      invoke_agent: 'agent',
      create_agent: 'agent',
      invoke_workflow: 'workflow',
      chat: 'model',
      text_completion: 'model',
      generate_content: 'model',
      embeddings: 'embedding',
      execute_tool: 'tool',
      retrieval: 'retrieval',
      plan: 'plan',
    },
  },
  {
    attribute: 'openinference.span.kind',
    convention: 'OpenInference',
    values: {
      agent: 'agent',
      chain: 'chain',
      llm: 'model',
      tool: 'tool',
      retriever: 'retrieval',
      embedding: 'embedding',
      reranker: 'rerank',
      guardrail: 'guardrail',
      evaluator: 'evaluation',
    },
  },
  {
    attribute: 'traceloop.span.kind',
    convention: 'OpenLLMetry',
    values: { agent: 'agent', workflow: 'workflow', task: 'chain', tool: 'tool' },
  },
  {
    attribute: 'llm.request.type',
    convention: 'OpenLLMetry',
    values: { chat: 'model', completion: 'model', embedding: 'embedding', rerank: 'rerank' },
  },
  {
    attribute: 'ai.operationId',
    convention: 'AI SDK',
    values: {
      'ai.generatetext': 'agent',
      'ai.streamtext': 'agent',
      'ai.generateobject': 'agent',
      'ai.streamobject': 'agent',
      'ai.generatetext.dogenerate': 'model',
      'ai.streamtext.dostream': 'model',
      'ai.generateobject.dogenerate': 'model',
      'ai.streamobject.dostream': 'model',
      'ai.toolcall': 'tool',
      'ai.embed.doembed': 'embedding',
      'ai.embedmany.doembed': 'embedding',
    },
  },
  {
    attribute: 'mastra.span.type',
    convention: 'Mastra',
    values: {
      agent_run: 'agent',
      workflow_run: 'workflow',
      workflow_step: 'chain',
      model_generation: 'model',
      llm_generation: 'model',
      tool_call: 'tool',
      mcp_tool_call: 'tool',
    },
  },
  {
    attribute: 'langfuse.observation.type',
    convention: 'Langfuse',
    values: {
      agent: 'agent',
      chain: 'chain',
      generation: 'model',
      tool: 'tool',
      retriever: 'retrieval',
      embedding: 'embedding',
      guardrail: 'guardrail',
      evaluator: 'evaluation',
    },
  },
]

/** Where no rule applies, the presence of one of these names the kind. */
export const kindSigns = [
  { attribute: 'gen_ai.tool.name', kind: 'tool', convention: 'GenAI' },
  { attribute: 'agent_name', kind: 'agent', convention: 'Pydantic AI' },
  { attribute: 'gen_ai.agent.name', kind: 'agent', convention: 'GenAI' },
] as const satisfies readonly (Name & { readonly kind: SpanKind })[]

/** A result of an evaluation, as an event of the span that was judged. */
export const evaluationEvent = {
  name: 'gen_ai.evaluation.result',
  dimension: 'gen_ai.evaluation.name',
  score: 'gen_ai.evaluation.score.value',
  label: 'gen_ai.evaluation.score.label',
  explanation: 'gen_ai.evaluation.explanation',
} as const
