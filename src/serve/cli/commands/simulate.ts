import { type Command, Option } from 'commander'
import type { SimulatedReward, SimulationResult } from '../../../demo/simulate.ts'
import { type WorldName, worldNames } from '../../../demo/worlds/catalogue.ts'
import { TacitError } from '../../../errors.ts'
import { nameSchema, parse } from '../../../records.ts'
import { addExamples } from '../examples.ts'
import { formatCount, formatShare, formatUnit, formatUnitEstimate, plural } from '../format.ts'
import { bold, note, print, printJson } from '../output.ts'
import { createProgress } from '../progress.ts'
import { globalOptions, resolveConfig } from '../session.ts'
import { renderTable } from '../table.ts'

export function addSimulate(command: Command): void {
  command
    .description(
      'Runs the loop on simulated tasks whose best arm is known, and shows how much was lost against it. The executions ' +
        'are marked as simulated and go into a scope of their own; nothing that was learned from real work changes. The ' +
        'same options give the same result.',
    )
    .argument('<taskType>', 'Task type of the simulated tasks')
    .argument('<n>', 'Number of executions')
    .option('--seed <text>', 'Other arms, tasks and draws', 'simulation')
    .addOption(new Option('--world <name>', 'What the world is like').choices(worldNames).default('contextual'))
    .option('--arms <a,b>', 'Names of the arms', text => text.split(',').map(name => parse(nameSchema, name, '--arms')))
  addExamples(command, [
    { title: 'How soon is the best of six arms found?', line: 'tacit simulate database 500' },
    { title: 'Two arms change places on the way', line: 'tacit simulate database 2000 --world drifting --seed 7' },
    { title: 'Arms of your own, as data', line: 'tacit simulate review 300 --arms fast,careful,cheap --json' },
  ])
  command.action((taskType: string, n: string) => run(command, taskType, n))
}

async function run(command: Command, taskType: string, n: string): Promise<void> {
  const options = globalOptions(command)
  const { seed, world, arms } = command.opts<{ seed: string; world: WorldName; arms?: string[] }>()
  const executions = wholeNumber(n)
  const { simulate } = await import('../../../demo/simulate.ts')
  const progress = createProgress('Simulating')
  const result = await simulate({
    taskType: parse(nameSchema, taskType, 'simulate: taskType'),
    executions,
    seed,
    world,
    ...(arms && { arms }),
    config: resolveConfig(options).config,
    onProgress: done => progress.update(done / executions, plural(done, 'execution')),
  }).finally(() => progress.clear())
  if (options.json) printJson(result)
  else print(renderSimulation(result))
  note(`The simulated executions are in scope ${result.scope}; the real ones were not touched.`)
}

function renderSimulation(result: SimulationResult): string {
  const { executions, observed, taskType, world, summary, seed, best, learned } = result
  const armRows = renderTable(
    [
      { title: 'arm', cell: row => row.arm },
      { title: 'true utility', align: 'right', cell: row => formatUnit(row.utility) },
      {
        title: 'learned',
        align: 'right',
        cell: ({ estimate, interval }) => formatUnitEstimate({ value: estimate, interval }),
      },
      { title: 'chosen', align: 'right', cell: row => formatCount(row.chosen) },
    ],
    result.arms,
    bold,
  )
  const rewards = renderTable<[string, SimulatedReward]>(
    [
      { title: 'tasks', cell: ([when]) => when },
      { title: 'tacit', align: 'right', cell: ([, row]) => formatUnit(row.tacit) },
      { title: 'optimum', align: 'right', cell: ([, row]) => formatUnit(row.optimum) },
      { title: 'uniform', align: 'right', cell: ([, row]) => formatUnit(row.uniform) },
      { title: 'regret', align: 'right', cell: ([, row]) => row.regret.toFixed(1) },
      { title: 'regret of uniform', align: 'right', cell: ([, row]) => row.uniformRegret.toFixed(1) },
      { title: 'best arm chosen', align: 'right', cell: ([, row]) => formatShare(row.bestShare) },
    ],
    [
      ['all', result.overall],
      ['second half', result.secondHalf],
    ],
    bold,
  )
  const verdict =
    best === learned
      ? `Tacit found the best arm, ${best}.`
      : `Tacit ranks ${learned} first; the best arm is ${best}, and more tasks would be needed to tell.`
  return [
    `${plural(executions, 'simulated execution')} of ${taskType}, ${observed} with an outcome. World ${world}: ${summary}. Seed ${seed}.`,
    armRows,
    rewards,
    verdict,
  ].join('\n\n')
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new TacitError('INVALID_INPUT', `simulate: n is ${JSON.stringify(text)}; it must be a whole number above 0.`)
}
