import type { ConfigInput } from '../config.ts'
import { openTacit } from '../engine/open.ts'
import type { OpenOptions, RankedArm, Tacit } from '../engine/types.ts'
import { TacitError } from '../errors.ts'
import { hash53 } from '../math/hash.ts'
import { seedRng } from '../math/rng.ts'
import type { WorldName } from './worlds/catalogue.ts'
import { createWorld } from './worlds/create.ts'
import { taskText } from './worlds/texts.ts'
import { costUnitUsd, optimum, uniformUtility, type World, type WorldOutcome } from './worlds/world.ts'

export interface SimulationOptions {
  /** Task type of the simulated tasks. */
  readonly taskType: string
  /** Number of simulated executions, 1 to 100,000. */
  readonly executions: number
  readonly seed: string
  /** Which world; default: contextual. */
  readonly world?: WorldName
  /** Names of the arms; default: as many as the world has, named arm-1 and so on. */
  readonly arms?: readonly string[]
  /** Database and scope beside which the simulation gets a scope of its own. */
  readonly config: OpenOptions
  readonly onProgress?: (done: number) => void
}

export interface SimulationResult {
  readonly world: WorldName
  readonly summary: string
  readonly db: string
  /** Where the simulated executions are; nothing else was written to. */
  readonly scope: string
  readonly taskType: string
  readonly seed: string
  readonly executions: number
  /** Executions whose outcome was reported; the others went missing or are still on their way. */
  readonly observed: number
  readonly overall: SimulatedReward
  readonly secondHalf: SimulatedReward
  readonly arms: readonly SimulatedArm[]
  readonly best: string
  /** The arm that Tacit now ranks first. */
  readonly learned: string
}

/** Expected utilities per task, luck of the outcomes left out. */
export interface SimulatedReward {
  readonly tasks: number
  readonly tacit: number
  readonly uniform: number
  readonly optimum: number
  /** Sum over the tasks of optimum minus chosen. */
  readonly regret: number
  readonly uniformRegret: number
  /** Share of the choices that were the best possible. */
  readonly bestShare: number
}

export interface SimulatedArm {
  readonly arm: string
  /** True mean utility since the last change of the world. */
  readonly utility: number
  /** Tacit's estimate of it for a new task, with the 90 % interval. */
  readonly estimate: number | null
  readonly interval: readonly [number, number] | null
  readonly chosen: number
}

const mostExecutions = 100_000
const simulated = { simulated: true } as const

interface Round {
  readonly arm: number
  readonly utility: number
  readonly optimum: number
  readonly uniform: number
}

/**
 * Runs decide and observe on a world with a known optimum. Every fact is marked `simulated` and goes into a scope named
 * after the simulation, `<scope>.simulated.<world>-<hash>`, so that no estimate of the real scope ever sees it. The same
 * options give the same scope and ids: repeating a simulation writes nothing new and gives the same result.
 * @throws TacitError INVALID_INPUT for a number of executions or arms out of range; DISABLED if Tacit is switched off.
 */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { taskType, seed, executions, config, onProgress, world: name = 'contextual' } = options
  if (!Number.isSafeInteger(executions) || executions < 1 || executions > mostExecutions) {
    throw new TacitError('INVALID_INPUT', `A simulation has 1 to ${mostExecutions} executions, not ${executions}.`)
  }
  const world = openWorld(name, options)
  const identity = JSON.stringify([name, taskType, executions, seed, world.arms])
  const scope = `${config.scope ?? 'default'}.simulated.${name}-${hash53(identity).toString(36)}`
  const tacit = await openTacit({ ...config, ...simulationConfig(world), scope, seed: `simulate/${seed}` })
  try {
    const { enabled, db } = await tacit.status()
    if (!enabled) throw new TacitError('DISABLED', 'simulate: Tacit is switched off. Set enabled to true.')
    const { rounds, observed } = await run(tacit, world, { taskType, seed, onProgress })
    const arms = world.eligible(executions - 1).map(arm => world.arms[arm]!)
    const task = taskText(seedRng(`${seed}/new`), taskType, executions)
    const ranking = (await tacit.recommend({ task, taskType, arms, limit: arms.length })).arms
    const rows = reportArms(world, rounds, ranking)
    return {
      world: name,
      summary: world.summary,
      db,
      scope,
      taskType,
      seed,
      executions,
      observed,
      overall: reportReward(rounds),
      secondHalf: reportReward(rounds.slice(Math.floor(rounds.length / 2))),
      arms: rows,
      best: rows.reduce((best, row) => (row.utility > best.utility ? row : best)).arm,
      learned: ranking[0]!.arm,
    }
  } finally {
    await tacit.close()
  }
}

function openWorld(name: WorldName, { taskType, seed, executions, arms }: SimulationOptions): World {
  if (arms !== undefined && new Set(arms).size < arms.length) {
    throw new TacitError('INVALID_INPUT', 'simulate: two arms have the same name. Name each arm once.')
  }
  try {
    return createWorld(name, { seed, rounds: executions, taskTypes: [taskType], ...(arms && { arms }) })
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new TacitError('INVALID_INPUT', `simulate: ${cause.message}.`, { cause })
  }
}

/** A simulation learns and acts, by the world's own utility, whatever the real scope is set to. */
function simulationConfig({ costWeight }: World): ConfigInput {
  const off = { weight: 0 }
  return {
    stage: 'auto',
    features: { recommendation: true, routing: true, prediction: true },
    utility: {
      quality: { weight: 1 },
      durationMs: off,
      rating: off,
      costUsd: costWeight === 0 ? off : { weight: -costWeight, from: 0, to: costUnitUsd },
    },
  }
}

async function run(
  tacit: Tacit,
  world: World,
  { taskType, seed, onProgress }: Pick<SimulationOptions, 'taskType' | 'seed' | 'onProgress'>,
): Promise<{ rounds: Round[]; observed: number }> {
  const past = world.arms.map(() => 0)
  const underWay: { decisionId: string; outcome: WorldOutcome }[] = []
  const rounds: Round[] = []
  let observed = 0
  for (let round = 0; round < world.rounds; round++) {
    const eligible = world.eligible(round)
    const choice = await tacit.decide({
      decisionId: `simulated-${round}`,
      task: world.task(round).text,
      taskType,
      arms: eligible.map(arm => world.arms[arm]!),
      metadata: { ...simulated, world: world.name, seed },
    })
    const arm = world.arms.indexOf(choice.arm)
    rounds.push({
      arm,
      utility: world.utility(round, arm, past),
      optimum: optimum(world, round, past).utility,
      uniform: uniformUtility(world, round, past),
    })
    underWay.push({ decisionId: choice.decisionId, outcome: world.outcome(round, arm, past) })
    past[arm]!++
    if (underWay.length > world.delay && (await report(tacit, underWay.shift()!))) observed++
    onProgress?.(round + 1)
  }
  return { rounds, observed }
}

/** Observes the outcome, unless it is one that never arrives. */
async function report(tacit: Tacit, arrived: { decisionId: string; outcome: WorldOutcome }): Promise<boolean> {
  const { decisionId, outcome } = arrived
  if (outcome.isMissing) return false
  const { success, costUsd } = outcome
  await tacit.observe(decisionId, { outcomeId: `${decisionId}-outcome`, success, costUsd, metadata: simulated })
  return true
}

function reportReward(rounds: readonly Round[]): SimulatedReward {
  const sum = (value: (round: Round) => number) => rounds.reduce((total, round) => total + value(round), 0)
  const tasks = rounds.length
  return {
    tasks,
    tacit: sum(({ utility }) => utility) / tasks,
    uniform: sum(({ uniform }) => uniform) / tasks,
    optimum: sum(({ optimum: best }) => best) / tasks,
    regret: sum(({ utility, optimum: best }) => best - utility),
    uniformRegret: sum(({ uniform, optimum: best }) => best - uniform),
    bestShare: sum(({ utility, optimum: best }) => Number(utility === best)) / tasks,
  }
}

function reportArms(world: World, rounds: readonly Round[], ranking: readonly RankedArm[]): SimulatedArm[] {
  const since = world.changes.at(-1) ?? 0
  const counts = world.arms.map((_, arm) => rounds.filter(round => round.arm === arm).length)
  return ranking.map(({ arm: name, utility }) => {
    const arm = world.arms.indexOf(name)
    let total = 0
    for (let round = since; round < rounds.length; round++) total += world.utility(round, arm, counts)
    return {
      arm: name,
      utility: total / (rounds.length - since),
      estimate: utility.value,
      interval: utility.interval,
      chosen: counts[arm]!,
    }
  })
}
