import type { Command } from 'commander'
import { addExamples } from '../examples.ts'
import { note } from '../output.ts'
import { globalOptions, withTacit } from '../session.ts'

export function addMcp(command: Command): void {
  command.description(
    'Serves ten tools for agents (decide, observe, record, recommend, predict, similar, feedback, metrics, status, explain) ' +
      'by the Model Context Protocol, over standard input and output. "tacit serve" offers the same at /mcp.',
  )
  addExamples(command, [
    { title: 'For Claude Code', line: 'claude mcp add tacit -- tacit mcp --db /data/tacit.db' },
    { title: 'As a client starts it', line: 'tacit mcp --db /data/tacit.db --scope default' },
  ])
  command.action(async () => {
    const { serveStdio } = await import('../../mcp/stdio.ts')
    await withTacit(globalOptions(command), 'create', tacit =>
      serveStdio(tacit, error => note(`tacit mcp: ${error instanceof Error ? (error.stack ?? error.message) : error}`)),
    )
  })
}
