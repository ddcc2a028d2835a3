import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { TacitError } from '../../src/errors.ts'
import { findDataSets, readDataSet, readViewRules } from './dataset.ts'
import { banditReport, findBanditLogs } from './off-policy-bandit.ts'
import { loggedWorld } from './off-policy-log.ts'
import { judgeTargets } from './off-policy-measures.ts'
import { references } from './off-policy-reference.ts'
import { missedTargets, type OffPolicyFigure, offPolicyFigures, offPolicyTable } from './off-policy-report.ts'
import { applyView, type View } from './view.ts'

const help = `Usage: npm run bench:quality -- --protocol off-policy [options]

Logs made from data sets by a policy with known propensities, on which other policies are judged; the full matrix gives
the truth. Prints bias, root mean squared error and coverage of the 95 % intervals of every estimator. Logs in the
format of the Open Bandit Dataset that lie in the folder are read too, and their warnings shown.

Options
  --data DIR          folder of data sets (default: TACIT_DATA)
  --views a,b         only these views (default: ${Object.keys(references).join(', ')}, where they are there)
  --replications N    logs per view (default: 200)
  --favourites TEXT   seed of the logging policy's favourite arms (default: f)
  --json FILE         write the figures to FILE as [{ protocol, view, metric, value, sd }]

Exit code 1 if a target is missed.`

interface Options {
  readonly data: string
  readonly views: readonly string[] | null
  readonly replications: number
  readonly favourites: string
  readonly json: string | null
}

/** Whether the command line asks for this protocol. */
export function asksForOffPolicy(args: readonly string[]): boolean {
  return args.some(
    (arg, i) => arg === '--protocol=off-policy' || (arg === '--protocol' && args[i + 1] === 'off-policy'),
  )
}

/** Judges policies by logs: tables to stdout, progress to stderr. Returns the exit code. */
export function runOffPolicy(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): number {
  const options = parseOptions(args, environment)
  if (options === null) {
    console.log(help)
    return 0
  }
  const figures: OffPolicyFigure[] = []
  const missed: string[] = []
  for (const view of views(options)) {
    const world = loggedWorld(view, options.favourites)
    const results = judgeTargets(world, options.replications, done => {
      if (done % 50 === 0) process.stderr.write(`${view.name}: ${done} of ${options.replications} logs\n`)
    })
    console.log(`${offPolicyTable(world, results, options.replications)}\n`)
    missed.push(...missedTargets(view.name, results, options.replications).map(line => `${view.name}: ${line}`))
    figures.push(...offPolicyFigures(view.name, results))
    if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(figures, null, 1)}\n`)
  }
  if (options.views === null) {
    for (const folder of findBanditLogs(options.data)) console.log(`${banditReport(options.data, folder)}\n`)
  }
  if (missed.length > 0) console.log(`Targets missed:\n${missed.join('\n')}`)
  return missed.length > 0 ? 1 : 0
}

function* views({ data, views: wanted }: Options): Generator<View> {
  const known: string[] = []
  const done = new Set<string>()
  for (const name of findDataSets(data).found) {
    const rules = readViewRules(join(data, name))
    known.push(...rules.map(rule => rule.name))
    const chosen = rules.filter(rule => wanted?.includes(rule.name) ?? rule.name in references)
    if (chosen.length === 0) continue
    const set = readDataSet(join(data, name), name)
    for (const rule of chosen) {
      done.add(rule.name)
      yield applyView(set, rule)
    }
  }
  const unknown = wanted?.find(name => !done.has(name))
  if (unknown !== undefined) {
    throw new TacitError('INVALID_INPUT', `There is no view ${unknown}. There are ${known.join(', ')}.`)
  }
}

function parseOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Options | null {
  const values = read(args)
  if (values.help === true) return null
  const replications = Number(values.replications ?? 200)
  if (!Number.isSafeInteger(replications) || replications < 1) {
    throw new TacitError('INVALID_INPUT', `--replications ${values.replications}: must be a whole number above 0.`)
  }
  const data = values.data ?? environment.TACIT_DATA ?? ''
  if (data === '') throw new TacitError('INVALID_INPUT', 'No folder of data sets. Set TACIT_DATA or give --data DIR.')
  return {
    data,
    views: values.views === undefined ? null : values.views.split(',').filter(name => name !== ''),
    replications,
    favourites: values.favourites ?? 'f',
    json: values.json ?? null,
  }
}

function read(args: readonly string[]) {
  const text = { type: 'string' } as const
  const options = { protocol: text, data: text, views: text, replications: text, favourites: text, json: text }
  try {
    return parseArgs({ args: [...args], options: { ...options, help: { type: 'boolean', short: 'h' } } }).values
  } catch (cause) {
    throw new TacitError('INVALID_INPUT', `${(cause as Error).message} See --help.`, { cause })
  }
}
