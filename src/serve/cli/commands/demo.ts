import type { Command } from 'commander'
import { TacitError } from '../../../errors.ts'
import { addExamples } from '../examples.ts'
import { print, printJson } from '../output.ts'
import { createProgress } from '../progress.ts'
import { globalOptions } from '../session.ts'

export function addDemo(command: Command): void {
  command
    .description(
      'Solves several hundred real optimisation tasks with a portfolio of solvers, lets Tacit learn which solver suits ' +
        'which kind of task, and compares it with always the same solver, with chance and with the best possible choice. ' +
        'All outcomes are computed and measured on this machine. The database stays, to go on with.',
    )
    .option('--seed <text>', 'Other tasks and other draws', 'demo')
    .option('--tasks <n>', 'Number of tasks, at least 50', wholeNumber)
  addExamples(command, [
    { title: 'In ./tacit-demo.db', line: 'tacit demo' },
    { title: 'Again, with other tasks', line: 'tacit demo --seed another' },
    { title: 'Shorter, as data', line: 'tacit demo --tasks 120 --json --db /tmp/demo.db' },
  ])
  command.action(async () => {
    // Only --db counts here: the demo must not end up in the database that the configuration names.
    const { db = './tacit-demo.db', json } = globalOptions(command)
    const { seed, tasks } = command.opts<{ seed: string; tasks?: number }>()
    const { runDemo, renderDemo } = await import('../../../demo/main.ts')
    let phase = ''
    let progress = createProgress('')
    const result = await runDemo({
      db,
      seed,
      ...(tasks === undefined ? {} : { tasks }),
      onProgress: step => {
        if (step.phase !== phase) {
          progress.clear()
          phase = step.phase
          progress = createProgress(phase)
        }
        progress.update(step.total ? step.done / step.total : null, `${step.done} of ${step.total}`)
      },
    }).finally(() => progress.clear())
    if (json) printJson(result)
    else print(renderDemo(result))
  })
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new TacitError('INVALID_INPUT', `--tasks ${JSON.stringify(text)} is not a whole number above 0.`)
}
