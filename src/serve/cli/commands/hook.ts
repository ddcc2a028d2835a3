import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { type HookFiles, hookFiles, noteHookError, runHook } from '../../../engine/hooks/hook.ts'
import { addExamples } from '../examples.ts'
import { defaultMaxTokens, tokensFrom } from '../hook-flags.ts'
import type { GlobalOptions } from '../session.ts'

/** The input of a hook is small; what is larger, or does not come, is not waited for. */
const maxInputBytes = 32 * 1024 * 1024
const inputTimeoutMs = 1000

/**
 * Adds `hook` with its subcommands. What a hook itself needs is loaded here; everything heavier (configuration, engine,
 * database) only where it is used, because an agent waits for each hook.
 */
export function addHook(command: Command): void {
  command
    .description(
      'Reads what Claude Code tells a hook (JSON on standard input) and leaves it to be recorded: prompts, tools and ' +
        'sub-agents with their durations and errors. It never fails the agent: the exit code is always 0, and errors are ' +
        'counted ("tacit hook status"). With --recommend it adds to a prompt what similar past tasks show.',
    )
    .option('--recommend', 'Answer a prompt with what similar past tasks show')
    .option('--max-tokens <count>', `Longest recommendation, tokens (default: ${defaultMaxTokens})`)
  addExamples(command, [
    { title: 'Set the hooks up for this project (shows the change first)', line: 'tacit hook install' },
    { title: 'What Claude Code calls', line: 'tacit hook --db /data/tacit.db --scope default < event.json' },
    { title: 'How the hooks are doing', line: 'tacit hook status' },
  ])
  command.action(() => run(command))
  addSubcommand(
    command,
    'install',
    'Adds the hooks to the settings of Claude Code; shows the change, and asks for --yes',
  )
  addSubcommand(command, 'uninstall', 'Takes the hooks out again; untouched settings come back byte for byte')
  addSubcommand(
    command,
    'drain',
    'Takes what hooks have left into the database; with --recommend it also prepares recommendations',
  )
  addSubcommand(command, 'status', 'Shows what hooks have left, and their errors')
}

type Name = 'install' | 'uninstall' | 'drain' | 'status'

const places = 'project: .claude/settings.json; local: .claude/settings.local.json; user: the home directory'

function addSubcommand(hook: Command, name: Name, summary: string): void {
  const command = hook.command(name).description(`${summary}.`)
  if (name === 'install' || name === 'uninstall') {
    command.option('--in <place>', `Which settings: project, local or user (default: project). ${places}`)
    command.option('--yes', 'Write the file; without it the change is only shown')
  }
  if (name === 'install') {
    command.option('--recommend', 'Also answer prompts with what similar past tasks show')
    command.option('--max-tokens <count>', `Longest recommendation, tokens (default: ${defaultMaxTokens})`)
    command.option('--command <line>', 'What the hooks call, instead of this very program')
  }
  addExamples(command, [{ title: 'Usual', line: `tacit hook ${name}${name.endsWith('install') ? ' --yes' : ''}` }])
  command.action(async () => {
    const { hookActions } = await import('./hook-actions.ts')
    await hookActions[name](command)
  })
}

async function run(command: Command): Promise<void> {
  let files: HookFiles | null = null
  try {
    const options = command.optsWithGlobals<GlobalOptions & { recommend?: boolean; maxTokens?: string }>()
    files = await filesOf(options)
    const input = await readInput()
    const maxTokens = options.recommend ? tokensFrom(options.maxTokens) : 0
    const { output, isPause } = await runHook(files, input, maxTokens)
    if (output !== null) process.stdout.write(`${JSON.stringify(output)}\n`)
    if (isPause) drainLater(options)
  } catch (error) {
    if (files !== null) noteHookError(files, null, error)
    else if (process.env.TACIT_DEBUG) process.stderr.write(`tacit hook: ${String(error)}\n`)
  }
  process.exitCode = 0
}

/** Reading the configuration takes longer than the hook itself; flags that name the database spare it. */
async function filesOf(options: GlobalOptions): Promise<HookFiles> {
  const { db, scope } = options
  if (db !== undefined && scope !== undefined) return hookFiles(db, scope)
  const { resolveConfig } = await import('../session.ts')
  const { config } = resolveConfig(options)
  return hookFiles(config.db, config.scope)
}

function readInput(): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const give = (problem: string) => {
      clearTimeout(timer)
      process.stdin.destroy()
      reject(new Error(`The input of the hook ${problem}.`))
    }
    const timer = setTimeout(() => give(`did not end within ${inputTimeoutMs} ms`), inputTimeoutMs)
    process.stdin.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > maxInputBytes) give(`is longer than ${maxInputBytes} bytes`)
      else chunks.push(chunk)
    })
    process.stdin.on('error', reject)
    process.stdin.on('end', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks).toString('utf8'))
    })
  })
}

/** A process of its own takes the events in, so that the agent need not wait for it. It ends by itself. */
function drainLater({ db, scope, config, set, recommend }: GlobalOptions & { recommend?: boolean }): void {
  const main = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../main.ts' : '../main.js', import.meta.url))
  const flags = [
    ...(db === undefined ? [] : ['--db', db]),
    ...(scope === undefined ? [] : ['--scope', scope]),
    ...(config === undefined ? [] : ['--config', config]),
    ...(set ?? []).flatMap(one => ['--set', one]),
  ]
  const child = spawn(process.execPath, [main, 'hook', 'drain', ...(recommend ? ['--recommend'] : []), ...flags], {
    detached: true,
    stdio: 'ignore',
  })
  child.on('error', () => undefined)
  child.unref()
}
