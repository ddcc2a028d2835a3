import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { ErrorCode } from '@modelcontextprotocol/sdk/types.js'
import { ZodError } from 'zod'
import type { Tacit } from '../../engine/types.ts'
import { Lane } from './lane.ts'
import { createMcpServer } from './server.ts'

/**
 * Serves the tools over standard input and output, which carry the protocol and nothing else. When the input ends, what
 * was asked until then is still done and answered.
 */
export async function serveStdio(tacit: Tacit, onFault: (error: unknown) => void): Promise<void> {
  const lane = new Lane()
  const server = createMcpServer({ use: work => work(tacit), access: ['admin'], onFault }, lane)
  server.onerror = error => {
    const refusal = refusalOf(error)
    if (refusal === null) onFault(error)
    else process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id: null, error: refusal })}\n`)
  }
  const closed = new Promise<void>(resolve => {
    server.onclose = resolve
    const close = () => void server.close()
    const finish = () =>
      void afterTurn()
        .then(() => lane.idle())
        .then(afterTurn)
        .then(close)
    process.stdin.once('end', finish).once('close', finish)
    process.once('SIGINT', close).once('SIGTERM', close)
  })
  await server.connect(new StdioServerTransport())
  await closed
}

/** The SDK takes a request up, and sends its answer, a few promises later. */
const afterTurn = () => new Promise<void>(resolve => setImmediate(resolve))

/** How a line that is no message of the protocol is answered; null for any other error. */
function refusalOf(error: unknown): { code: number; message: string } | null {
  if (error instanceof SyntaxError) {
    return { code: ErrorCode.ParseError, message: 'Parse error: send one JSON-RPC message as JSON on each line.' }
  }
  if (error instanceof ZodError) {
    return {
      code: ErrorCode.InvalidRequest,
      message: 'Invalid request: the line is JSON, but no JSON-RPC 2.0 message.',
    }
  }
  return null
}
