import type { Command } from 'commander'
import { type OperationName, operationSummaries } from '../../engine/operation-summaries.ts'

/**
 * Every command with its summary and the module that completes it. Modules are loaded only for the command that is
 * called, so that `tacit --help` and `tacit --version` start without schemas, engine and database.
 */
export interface CommandEntry {
  readonly name: string
  readonly summary: string
  readonly group: string
  /** Adds arguments, flags, examples and the action. */
  load(): Promise<(command: Command) => void>
}

export const commandGroups = {
  start: 'Start:',
  loop: 'The loop (decide, run the task, observe):',
  history: 'History:',
  ask: 'Questions (nothing is written):',
  serve: 'Serve and watch:',
  keep: 'Keep:',
} as const

function operation(name: OperationName, group: keyof typeof commandGroups): CommandEntry {
  return {
    name,
    summary: operationSummaries[name],
    group: commandGroups[group],
    load: async () => {
      const { addOperation } = await import('./commands/operation.ts')
      return command => addOperation(command, name)
    },
  }
}

export const commands: readonly CommandEntry[] = [
  {
    name: 'init',
    summary: 'Create the database, and a configuration file if asked',
    group: commandGroups.start,
    load: async () => (await import('./commands/init.ts')).addInit,
  },
  {
    name: 'demo',
    summary: 'Watch Tacit learn on real work, in about 30 seconds',
    group: commandGroups.start,
    load: async () => (await import('./commands/demo.ts')).addDemo,
  },
  {
    name: 'simulate',
    summary: 'Run the loop in a world whose best arm is known, apart from real work',
    group: commandGroups.start,
    load: async () => (await import('./commands/simulate.ts')).addSimulate,
  },
  {
    name: 'config',
    summary: 'Show every option, its value and where that came from',
    group: commandGroups.start,
    load: async () => (await import('./commands/config.ts')).addConfig,
  },
  {
    name: 'doctor',
    summary: 'Check the installation, and say what to do',
    group: commandGroups.start,
    load: async () => (await import('./commands/doctor.ts')).addDoctor,
  },
  {
    name: 'completion',
    summary: 'Print a script that completes commands in a shell',
    group: commandGroups.start,
    load: async () => {
      const { addCompletion } = await import('./commands/completion.ts')
      return command => addCompletion(command, commands)
    },
  },
  {
    name: 'agents',
    summary: 'Register agents as arms, from their definitions',
    group: commandGroups.start,
    load: async () => (await import('./commands/agents.ts')).addAgents,
  },
  operation('decide', 'loop'),
  operation('observe', 'loop'),
  operation('step', 'loop'),
  operation('feedback', 'loop'),
  {
    name: 'record',
    summary: 'Take in past executions from a file, one JSON object per line',
    group: commandGroups.history,
    load: async () => (await import('./commands/record.ts')).addRecord,
  },
  {
    name: 'hook',
    summary: 'Record what coding agents do, from the hooks of Claude Code',
    group: commandGroups.history,
    load: async () => (await import('./commands/hook.ts')).addHook,
  },
  operation('recommend', 'ask'),
  operation('predict', 'ask'),
  operation('similar', 'ask'),
  operation('explain', 'ask'),
  operation('metrics', 'ask'),
  operation('solutions', 'ask'),
  operation('rates', 'ask'),
  operation('pareto', 'ask'),
  operation('calibration', 'ask'),
  operation('regret', 'ask'),
  operation('usage', 'ask'),
  operation('complexity', 'ask'),
  operation('importance', 'ask'),
  {
    name: 'policy',
    summary: 'Judge other ways of choosing by the decisions on record',
    group: commandGroups.ask,
    load: async () => (await import('./commands/policy.ts')).addPolicy,
  },
  operation('status', 'ask'),
  {
    name: 'serve',
    summary: 'Serve every operation over HTTP',
    group: commandGroups.serve,
    load: async () => (await import('./commands/serve.ts')).addServe,
  },
  {
    name: 'mcp',
    summary: 'Serve tools for agents by the Model Context Protocol',
    group: commandGroups.serve,
    load: async () => (await import('./commands/mcp.ts')).addMcp,
  },
  {
    name: 'keys',
    summary: 'Make, list and revoke API keys of the server',
    group: commandGroups.serve,
    load: async () => (await import('./commands/keys.ts')).addKeys,
  },
  {
    name: 'watch',
    summary: 'Watch decisions and outcomes as they come',
    group: commandGroups.serve,
    load: async () => (await import('./commands/watch.ts')).addWatch,
  },
  {
    name: 'learn',
    summary: 'Look at what was learned; switch learning on, off, or into another mode',
    group: commandGroups.keep,
    load: async () => (await import('./commands/learn.ts')).addLearn,
  },
  {
    name: 'compat',
    summary: 'Reproduce the scores of earlier systems from what is on record',
    group: commandGroups.ask,
    load: async () => (await import('./commands/compat.ts')).addCompat,
  },
  {
    name: 'models',
    summary: 'Keep versions of what was learned, and switch between them',
    group: commandGroups.keep,
    load: async () => (await import('./commands/track.ts')).addModels,
  },
  {
    name: 'baseline',
    summary: 'Freeze what was achieved, and compare what comes later with it',
    group: commandGroups.keep,
    load: async () => (await import('./commands/track.ts')).addBaseline,
  },
  operation('train', 'keep'),
  operation('replay', 'keep'),
  {
    name: 'export',
    summary: 'Write every fact of the scope into a bundle with a checksum',
    group: commandGroups.keep,
    load: async () => (await import('./commands/bundle.ts')).addExport,
  },
  {
    name: 'import',
    summary: 'Take in a bundle, an archive, or the history of an earlier system',
    group: commandGroups.keep,
    load: async () => {
      const [{ addImport }, { addTranscripts }] = await Promise.all([
        import('./commands/bundle.ts'),
        import('./commands/transcripts.ts'),
      ])
      return command => {
        addImport(command)
        addTranscripts(command)
      }
    },
  },
  {
    name: 'prune',
    summary: 'Remove what is old; what was learned from it stays',
    group: commandGroups.keep,
    load: async () => (await import('./commands/prune.ts')).addPrune,
  },
  {
    name: 'db',
    summary: 'Look after the database: schema, soundness, backups, copies, upkeep',
    group: commandGroups.keep,
    load: async () => (await import('./commands/db.ts')).addDb,
  },
]
