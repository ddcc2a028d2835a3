import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TacitError } from '../../src/errors.ts'
import { openTacit, type Tacit } from '../../src/index.ts'
import { ablationTable } from './ablation.ts'
import { banditForecastsTable } from './bandit-forecasts.ts'
import { findDataSets, readDataSet, readViewRules } from './dataset.ts'
import { summarise } from './measures.ts'
import { asksForOffPolicy, runOffPolicy } from './off-policy.ts'
import { controlRuns, runOffline, splitOf } from './offline.ts'
import { hindsightRuns, runOnline, visitsOf } from './online.ts'
import { help, type Options, type PolicyName, type Protocol, parseOptions, type Study } from './options.ts'
import { figuresOf, missedFloor, type Result, tableOf } from './report.ts'
import type { Run } from './run.ts'
import { applyView, type View } from './view.ts'
import { asksForWorlds, runWorlds } from './worlds.ts'

/** Runs the quality bench: tables to stdout, progress to stderr. Returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  if (asksForWorlds(args)) return runWorlds(args)
  if (asksForOffPolicy(args)) return runOffPolicy(args, process.env)
  const options = parseOptions(args, process.env)
  if (options.help) {
    console.log(help)
    return 0
  }
  const results: Result[] = []
  for (const view of views(options)) {
    for (const protocol of options.protocols) {
      if (protocol === 'ablation' || protocol === 'forecasts') {
        const table = study(protocol, view, options)
        if (table !== null) console.log(`${table}\n`)
        continue
      }
      const result = await (protocol === 'online' ? online(view, options) : offline(view, options))
      if (result === null) continue
      results.push(result)
      console.log(`${tableOf(result)}\n`)
      if (options.json !== null) writeFigures(options.json, results)
    }
  }
  const missed = results.filter(result => missedFloor(result) !== null)
  if (missed.length > 0) console.log(`Below their floors: ${missed.map(({ view }) => view.name).join(', ')}.`)
  return missed.length > 0 ? 1 : 0
}

/** The views asked for, set by set, so that one set at a time is in memory. */
function* views({ data, views: wanted }: Options): Generator<View> {
  if (data === '') throw new TacitError('INVALID_INPUT', 'No folder of data sets. Set TACIT_DATA or give --data DIR.')
  const { found, skipped } = findDataSets(data)
  for (const { name, lacks } of skipped) progress(`${name}: skipped, it has no ${lacks.join(', ')}`)
  if (found.length === 0)
    throw new TacitError('NOT_FOUND', `${data} has no data set. docs/benchmarks.md describes one.`)
  const rules = new Map(found.map(name => [name, readViewRules(join(data, name))]))
  const known = [...rules.values()].flat().map(rule => rule.name)
  const unknown = wanted?.find(name => !known.includes(name))
  if (unknown !== undefined) {
    throw new TacitError('INVALID_INPUT', `There is no view ${unknown}. There are ${known.join(', ')}.`)
  }
  for (const [name, ofSet] of rules) {
    const chosen = ofSet.filter(rule => wanted?.includes(rule.name) ?? true)
    if (chosen.length === 0) continue
    const set = readDataSet(join(data, name), name)
    for (const rule of chosen) yield applyView(set, rule)
  }
}

/** The table of a study; it has no floors, and writes no figures. */
function study(name: Study, view: View, { seeds, rounds }: Options): string | null {
  const visits = take(view, 'online', view.onlineOrders, seeds).map(order => visitsOf(view, order, rounds))
  if (visits.length === 0) return null
  return name === 'ablation' ? ablationTable(view, visits, progress) : banditForecastsTable(view, visits, progress)
}

async function online(view: View, options: Options): Promise<Result | null> {
  const orders = take(view, 'online', view.onlineOrders, options.seeds)
  if (orders.length === 0) return null
  const visits = orders.map(order => visitsOf(view, order, options.rounds))
  const runs = new Map<string, Run[]>()
  for (const policy of options.policies) {
    const ofPolicy: Run[] = []
    for (const [index, each] of visits.entries()) {
      await timed(`${view.name} online ${policy} ${index + 1}/${orders.length}`, async () => {
        ofPolicy.push(await withTacit(view, policy, index, options, tacit => runOnline(tacit, view, each)))
      })
    }
    runs.set(policy, ofPolicy)
  }
  const hindsight = visits.map(hindsightRuns)
  runs.set(
    'best single arm',
    hindsight.map(({ bestSingle }) => bestSingle),
  )
  runs.set(
    'oracle',
    hindsight.map(({ oracle }) => oracle),
  )
  return { view, protocol: 'online', rows: summariseAll(runs) }
}

async function offline(view: View, options: Options): Promise<Result | null> {
  const tests = take(view, 'offline', view.offlineTests, options.seeds)
  if (tests.length === 0) return null
  const runs = new Map<string, Run[]>(options.policies.map(policy => [policy, []]))
  runs.set('oracle', [])
  for (const [index, test] of tests.entries()) {
    const split = splitOf(view, test, `${view.name} split ${index}`)
    for (const [name, run] of Object.entries(controlRuns(view, split))) runs.get(name)?.push(run)
    if (!runs.has('tacit')) continue
    await timed(`${view.name} offline tacit ${index + 1}/${tests.length}`, async () => {
      runs.get('tacit')!.push(await withTacit(view, 'tacit', index, options, tacit => runOffline(tacit, view, split)))
    })
  }
  return { view, protocol: 'offline', rows: summariseAll(runs) }
}

/**
 * Opens Tacit on a fresh database with its default configuration, calls `use`, and removes the database. Only the view's utility
 * and the seed of the draws are given; a baseline names its policy and makes no predictions.
 */
async function withTacit<T>(
  view: View,
  policy: PolicyName,
  index: number,
  { db }: Options,
  use: (tacit: Tacit) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tacit-bench-'))
  try {
    const tacit = await openTacit({
      db: db === 'memory' ? ':memory:' : join(folder, 'bench.db'),
      seed: `${view.name} ${index}`,
      ...(view.utility.config && { utility: view.utility.config }),
      ...(policy !== 'tacit' && { learning: { policy }, features: { prediction: false } }),
    })
    try {
      return await use(tacit)
    } finally {
      await tacit.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function take<T>(view: View, protocol: Protocol, items: readonly T[], most: number | null): readonly T[] {
  if (items.length === 0) progress(`${view.name}: its splits.json.gz has nothing for the ${protocol} protocol; skipped`)
  return items.slice(0, most ?? items.length)
}

function summariseAll(runs: ReadonlyMap<string, readonly Run[]>): Result['rows'] {
  return new Map([...runs].map(([name, ofPolicy]) => [name, summarise(ofPolicy)]))
}

/** Tacit's figures go to `file`; everybody else's go beside it, marked with their policy. */
function writeFigures(file: string, results: readonly Result[]): void {
  const ours = results.flatMap(result => figuresOf(result, 'tacit'))
  const others = results.flatMap(result =>
    [...result.rows.keys()]
      .filter(policy => policy !== 'tacit')
      .flatMap(policy => figuresOf(result, policy).map(figure => ({ policy, ...figure }))),
  )
  writeFileSync(file, `${JSON.stringify(ours, null, 1)}\n`)
  writeFileSync(`${file.replace(/\.json$/, '')}.baselines.json`, `${JSON.stringify(others, null, 1)}\n`)
}

async function timed(what: string, work: () => Promise<void>): Promise<void> {
  const start = performance.now()
  await work()
  progress(`${what}: ${((performance.now() - start) / 1000).toFixed(1)} s`)
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof TacitError)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = 2
}
