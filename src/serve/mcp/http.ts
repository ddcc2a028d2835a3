import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { createMcpServer, type ToolContext } from './server.ts'

/**
 * Answers one request of the streamable HTTP transport. No session is kept: each request stands for itself, so a server
 * can be restarted, or several can share the work, without a client noticing.
 * @param body the JSON of the request, read and limited by the caller.
 */
export async function answerMcp(request: Request, body: unknown, context: ToolContext): Promise<Response> {
  const server = createMcpServer(context)
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
  server.onerror = context.onFault
  await server.connect(transport)
  try {
    return await transport.handleRequest(request, { parsedBody: body })
  } finally {
    await server.close()
  }
}
