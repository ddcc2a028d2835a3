import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { loadConfig } from '../../src/config.ts'
import { type WorldName, worldNames } from '../../src/demo/worlds/catalogue.ts'
import { createWorld } from '../../src/demo/worlds/create.ts'
import { shuffled } from '../../src/demo/worlds/shuffled.ts'
import type { World } from '../../src/demo/worlds/world.ts'
import { TacitError } from '../../src/errors.ts'
import { createPolicy } from '../../src/learn/policy/policies.ts'
import type { Policy } from '../../src/learn/policy/policy.ts'
import { seedRng } from '../../src/math/rng.ts'
import { meanOf, summariseWorld } from './worlds-measures.ts'
import { type WorldResult, worldFigures, worldTable } from './worlds-report.ts'
import { runDirect, runThroughApi, type WorldRun } from './worlds-run.ts'
import { controlTarget, targetsOf } from './worlds-targets.ts'
import { SampledThompson } from './worlds-thompson.ts'

const ours = 'tacit'
const policies = [ours, 'thompson', 'thompson per type', 'uniform'] as const
type PolicyName = (typeof policies)[number]

const help = `Usage: npm run bench:quality -- --protocol worlds [options]

Seeded worlds with a known optimum: regret, what changes cost, and whether intervals hold. The default policy is driven
directly, and in one world through the public API as well, which must choose the same arms.

Options
  --seeds N       seeds per world (default: 10)
  --worlds a,b    of ${worldNames.join(', ')} (default: all)
  --rounds N      tasks per world (default: each world's own number)
  --json FILE     write Tacit's figures to FILE as [{ protocol, view, metric, value, sd }]

Exit code 1 if a target is missed.`

interface Options {
  readonly seeds: number
  readonly worlds: readonly WorldName[]
  readonly rounds: number | null
  readonly json: string | null
}

/** Whether the command line asks for this protocol. */
export function asksForWorlds(args: readonly string[]): boolean {
  return args.some((arg, i) => arg === '--protocol=worlds' || (arg === '--protocol' && args[i + 1] === 'worlds'))
}

/** Runs the worlds: tables to stdout, progress to stderr. Returns the exit code. */
export async function runWorlds(args: readonly string[]): Promise<number> {
  const options = parseOptions(args)
  if (options === null) {
    console.log(help)
    return 0
  }
  const results: WorldResult[] = []
  const report = (result: WorldResult) => {
    results.push(result)
    console.log(`${worldTable(result)}\n`)
    if (options.json !== null) {
      writeFileSync(options.json, `${JSON.stringify(results.flatMap(worldFigures), null, 1)}\n`)
    }
  }
  for (const name of options.worlds) report(await runWorld(name, options))
  if (options.worlds.includes('contextual')) report(await runControl(options))
  const missed = results.flatMap(({ world, targets }) => targets.filter(one => !one.isReached).map(() => world.name))
  if (missed.length > 0) console.log(`Targets missed in: ${[...new Set(missed)].join(', ')}.`)
  return missed.length > 0 ? 1 : 0
}

async function runWorld(name: WorldName, options: Options): Promise<WorldResult> {
  const worlds = seedsOf(options).map(seed => createWorld(name, sizedBy(seed, options)))
  const runs = runAll(worlds, options)
  const result = resultOf(worlds[0]!, worlds, runs)
  const targets = targetsOf(worlds[0]!, ours, result.rows, result.utilities)
  return { ...result, targets: name === 'contextual' ? [...targets, await compareWithApi(worlds[0]!, runs)] : targets }
}

/** The public API, asked the same questions, has to give the same answers as the policy driven directly. */
async function compareWithApi(world: World, runs: ReadonlyMap<PolicyName, readonly WorldRun[]>) {
  const direct = runs.get(ours)![0]!
  const api = await runThroughApi(world, seedsOf({ seeds: 1 })[0]!)
  const same = direct.chosen.filter((arm, round) => arm === api.chosen[round]).length
  return {
    text: 'the public API chooses the same arms as the policy driven directly',
    figure: `${same} of ${world.rounds}`,
    isReached: same === world.rounds,
  }
}

async function runControl(options: Options): Promise<WorldResult> {
  const worlds = seedsOf(options).map(seed => shuffled(createWorld('contextual', sizedBy(seed, options)), seed))
  const result = resultOf(worlds[0]!, worlds, runAll(worlds, options))
  return { ...result, targets: [controlTarget(result.rows.get(ours)!)] }
}

function runAll(worlds: readonly World[], options: Options): Map<PolicyName, WorldRun[]> {
  const seeds = seedsOf(options)
  return new Map(
    policies.map(policy => {
      const start = performance.now()
      const runs = worlds.map((world, i) => runDirect(world, createNamed(policy, seeds[i]!), seeds[i]!))
      progress(`${worlds[0]!.name} ${policy}: ${((performance.now() - start) / 1000).toFixed(1)} s`)
      return [policy, runs]
    }),
  )
}

function resultOf(
  world: World,
  worlds: readonly World[],
  runs: ReadonlyMap<PolicyName, readonly WorldRun[]>,
): Omit<WorldResult, 'targets'> {
  const meanUtility = ({ utility }: WorldRun) => meanOf([...utility]).value
  return {
    world,
    seeds: worlds.length,
    rows: new Map([...runs].map(([policy, ofPolicy]) => [policy, summariseWorld(worlds, ofPolicy)])),
    utilities: new Map([
      ...[...runs].map(([policy, ofPolicy]) => [policy, ofPolicy.map(meanUtility)] as const),
      ['uniform on the same rounds', runs.get(ours)!.map(({ uniform }) => meanOf([...uniform]).value)],
    ]),
  }
}

/** Ours is the default policy with the default options. */
function createNamed(name: PolicyName, seed: string): Policy {
  const { learning } = loadConfig().config
  if (name === ours || name === 'uniform') return createPolicy(name === ours ? learning.policy : name, learning)
  const { halfLifeDays } = learning
  return new SampledThompson({ halfLifeDays, isPerType: name !== 'thompson' }, seedRng(`${seed}/thompson`))
}

const seedsOf = ({ seeds }: Pick<Options, 'seeds'>) => Array.from({ length: seeds }, (_, i) => `worlds-${i + 1}`)
const sizedBy = (seed: string, { rounds }: Options) => ({ seed, ...(rounds !== null && { rounds }) })

function parseOptions(args: readonly string[]): Options | null {
  const { help: isHelp, seeds, rounds, worlds, json } = read(args)
  if (isHelp) return null
  const names = worlds?.split(',').filter(name => name !== '') ?? worldNames
  const unknown = names.find(name => !worldNames.includes(name as WorldName))
  if (unknown !== undefined) {
    throw new TacitError('INVALID_INPUT', `--worlds ${unknown}: must be one of ${worldNames.join(', ')}.`)
  }
  return {
    seeds: seeds === undefined ? 10 : positive('seeds', seeds),
    rounds: rounds === undefined ? null : positive('rounds', rounds),
    worlds: names as readonly WorldName[],
    json: json ?? null,
  }
}

function read(args: readonly string[]) {
  const text = { type: 'string' } as const
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        protocol: text,
        seeds: text,
        rounds: text,
        worlds: text,
        json: text,
      },
    }).values
  } catch (cause) {
    throw new TacitError('INVALID_INPUT', `${(cause as Error).message} See --protocol worlds --help.`, { cause })
  }
}

function positive(option: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new TacitError('INVALID_INPUT', `--${option} ${text}: must be a whole number above 0.`)
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`)
}
