import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import {
  CallToolRequestSchema,
  type CallToolResult,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
} from '@modelcontextprotocol/sdk/types.js'
import { type Access, type Operation, runOperation } from '../../engine/operations.ts'
import type { Tacit } from '../../engine/types.ts'
import { version } from '../../engine/version.ts'
import { TacitError } from '../../errors.ts'
import { bounded } from './bounded.ts'
import { Lane } from './lane.ts'
import { texts } from './texts.ts'
import { operationOf, type ToolName, tools } from './tools.ts'

/** Largest structured content of an answer, bytes: some 3,000 tokens. */
export const maxAnswerBytes = 12_000
const maxTextLength = 1500

/** What the tools work with. */
export interface ToolContext {
  /** Runs `work` with an open Tacit. */
  use<Result>(work: (tacit: Tacit) => Promise<Result>): Promise<Result>
  /** What the caller may do; tools beyond that are not even listed. */
  readonly access: readonly Access[]
  /** Told of faults of Tacit itself. */
  onFault(error: unknown): void
}

const instructions =
  'Tacit remembers tasks and learns which arm (agent, model, strategy) to trust with the next one. Call decide before a ' +
  'task and observe after it, or record for work that was done without asking. recommend, predict and similar only look.'

/**
 * The MCP server over the operations; connect it to a transport. Calls run one after the other in `lane`, in the order in
 * which they came: a client need not wait for an answer before it sends what builds on it.
 */
export function createMcpServer(context: ToolContext, lane = new Lane()): Server {
  const server = new Server({ name: 'tacit', title: 'Tacit', version }, { capabilities: { tools: {} }, instructions })
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: tools.filter(({ name }) => isAllowed(context, operationOf(name)!.operation)),
  }))
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal }) => {
    const tool = operationOf(params.name)
    if (tool === null || !isAllowed(context, tool.operation)) {
      throw new McpError(ErrorCode.InvalidParams, `There is no tool ${JSON.stringify(params.name.slice(0, 100))}.`)
    }
    return lane.run(() => {
      // Cancelled before its turn came: nothing is done.
      signal.throwIfAborted()
      return answer(context, tool, params.arguments ?? {})
    })
  })
  return server
}

const isAllowed = ({ access }: ToolContext, { access: needed }: Operation) =>
  access.includes(needed) || access.includes('admin')

async function answer(
  context: ToolContext,
  { name, operation }: { name: ToolName; operation: Operation },
  input: unknown,
): Promise<CallToolResult> {
  try {
    const output = await context.use(tacit => runOperation(operation, tacit, input))
    // Through JSON, as it will travel: fields that are not there must not count.
    const plain = JSON.parse(JSON.stringify(output)) as Record<string, unknown>
    const { value, isShortened } = bounded(Array.isArray(plain) ? { items: plain } : plain, maxAnswerBytes)
    const text = texts[name](output as never)
      .slice(0, maxTextLength)
      .toWellFormed()
    const remark = isShortened ? '\nThe structured content was shortened; ask for less to see all of it.' : ''
    return { content: [{ type: 'text', text: `${text}${remark}` }], structuredContent: value }
  } catch (error) {
    return failure(context, error)
  }
}

/** The agent can correct its input; a fault of Tacit is told in one line, and in full to whoever runs it. */
function failure(context: ToolContext, error: unknown): CallToolResult {
  if (!(error instanceof TacitError)) context.onFault(error)
  const told = error instanceof TacitError ? `${error.code}: ${error.message}` : 'INTERNAL: This is a fault of Tacit.'
  return { content: [{ type: 'text', text: told.slice(0, maxTextLength).toWellFormed() }], isError: true }
}
