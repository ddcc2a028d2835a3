import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import type { Tacit } from '../../engine/types.ts'
import { createMcpServer } from './server.ts'

/** Serves the tools over standard input and output, which carry the protocol and nothing else, until the input ends. */
export async function serveStdio(tacit: Tacit, onFault: (error: unknown) => void): Promise<void> {
  const server = createMcpServer({ use: work => work(tacit), access: ['admin'], onFault })
  server.onerror = onFault
  const closed = new Promise<void>(resolve => {
    server.onclose = resolve
    const close = () => void server.close()
    process.stdin.once('end', close).once('close', close)
    process.once('SIGINT', close).once('SIGTERM', close)
  })
  await server.connect(new StdioServerTransport())
  await closed
}
