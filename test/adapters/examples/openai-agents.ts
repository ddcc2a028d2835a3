// Every run of an agent becomes an execution with its steps. The model answers from a script: put yours in its place.
import { Agent, Runner, setTraceProcessors, Usage } from '@openai/agents'
import { tacitTraceProcessor } from '../../../src/adapters/openai-agents.ts' // in your project: 'tacit-ai/openai-agents'
import { openTacit } from '../../../src/index.ts' // in your project: 'tacit-ai'

const content = [{ type: 'output_text', text: 'Noon.' }]
const getResponse = async () => ({
  usage: new Usage({ requests: 1, inputTokens: 9, outputTokens: 3, totalTokens: 12 }),
  output: [{ type: 'message', id: 'm1', role: 'assistant', status: 'completed', content }],
})

const tacit = await openTacit({ db: ':memory:' })
const processor = tacitTraceProcessor(tacit)
setTraceProcessors([processor]) // or addTraceProcessor(processor), beside the SDK's own
await new Runner().run(new Agent({ name: 'timekeeper', model: { getResponse } as never }), 'What time is it?')
await processor.forceFlush()

const { executions, withOutcome } = await tacit.status()
console.log(`${executions} execution, ${withOutcome} with an outcome`)
await tacit.close()
