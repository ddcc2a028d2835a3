import type { Command } from 'commander'
import { TacitError } from '../../../errors.ts'
import type { RunningServer } from '../../http/server.ts'
import { addExamples } from '../examples.ts'
import { bold, dim, note } from '../output.ts'
import { type GlobalOptions, globalOptions, resolveConfig } from '../session.ts'

export function addServe(command: Command): void {
  command
    .description(
      'Serves every operation over HTTP, until it is stopped with Ctrl-C or SIGTERM. It listens on this machine only; on ' +
        'another address it demands API keys. SIGHUP reads the configuration again.',
    )
    .option('--host <address>', 'Address to listen on (server.host)')
    .option('--port <port>', 'Port to listen on, 0 for any free one (server.port)')
    .option('--require-keys', 'Demand an API key also on this machine (server.requireKeys)')
  addExamples(
    command,
    [
      { title: 'On this machine', line: 'tacit serve' },
      { title: 'For others, with keys', line: 'tacit keys create ci && tacit serve --host 0.0.0.0' },
    ],
    'The routes are listed at /docs, for programs at /openapi.json.',
  )
  command.action(() => serve(optionsOf(command)))
}

interface ServeFlags {
  readonly host?: string
  readonly port?: string
  readonly requireKeys?: boolean
}

/** --host, --port and --require-keys are short for --set server.… */
function optionsOf(command: Command): GlobalOptions {
  const options = globalOptions(command)
  const { host, port, requireKeys } = command.opts<ServeFlags>()
  const set = [
    ...(options.set ?? []),
    ...(host === undefined ? [] : [`server.host=${host}`]),
    ...(port === undefined ? [] : [`server.port=${port}`]),
    ...(requireKeys ? ['server.requireKeys=true'] : []),
  ]
  return { ...options, set }
}

async function serve(options: GlobalOptions): Promise<void> {
  const { startServer } = await import('../../http/server.ts')
  const server = await startServer(resolveConfig(options).config)
  if (process.stderr.isTTY) {
    note(`${bold(server.url)}  ${dim(`routes: ${server.url}/docs, stop: Ctrl-C`)}`)
  }
  process.on('SIGHUP', () => reload(server, options))
  await stopSignal()
  await server.stop()
}

/** A configuration that cannot hold leaves the old one in place. */
function reload(server: RunningServer, options: GlobalOptions): void {
  try {
    server.reload(resolveConfig(options).config)
  } catch (error) {
    if (!(error instanceof TacitError)) throw error
    server.log.error({ code: error.code }, `the configuration stays as it was: ${error.message}`)
  }
}

/** A second Ctrl-C ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise(resolve => {
    const stop = () => {
      process.off('SIGINT', stop)
      process.off('SIGTERM', stop)
      resolve()
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
  })
}
