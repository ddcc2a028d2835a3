import { integer, seedRng } from '../../math/rng.ts'
import { type Recipe, recipes, type WorldName } from './catalogue.ts'
import { taskText } from './texts.ts'
import { costUnitUsd, type Past, usualCostUsd, type World, type WorldTask } from './world.ts'

export interface WorldOptions {
  readonly seed: string
  /** Number of tasks; changes of the truth keep their share of it. */
  readonly rounds?: number
  /** Names of the arms; their number counts too. */
  readonly arms?: readonly string[]
  /** Names of the task types; their number counts too. */
  readonly taskTypes?: readonly string[]
}

const usualTasksPerDay = 100

/**
 * The world of that name and seed. Success rates, prices and kinds of task are drawn once from the seed.
 * @throws RangeError if there are fewer than two arms (three where one of them comes later) or no round.
 */
export function createWorld(name: WorldName, options: WorldOptions): World {
  const recipe: Recipe = recipes[name]
  const { seed, rounds = recipe.rounds } = options
  const arms = options.arms ?? Array.from({ length: recipe.arms }, (_, arm) => `arm-${arm + 1}`)
  const typed = options.taskTypes ?? Array.from({ length: recipe.kinds }, (_, kind) => `kind-${kind + 1}`)
  const taskTypes = recipe.hasTaskTypes === false && options.taskTypes === undefined ? [null] : typed
  const fewest = name.startsWith('newcomer') ? 3 : 2
  if (arms.length < fewest) throw new RangeError(`the world ${name} needs at least ${fewest} arms, not ${arms.length}`)
  if (!Number.isSafeInteger(rounds) || rounds < 1) throw new RangeError(`rounds must be 1 or more, not ${rounds}`)

  const draw = (what: string) => seedRng(`${seed}/${name}/${what}`)
  const truth = recipe.truth(draw('truth'), { arms: arms.length, kinds: taskTypes.length, rounds })
  const { changes = [], costUsd = () => usualCostUsd, enters = () => 0, missing = () => 0 } = truth
  const { costWeight = 0, delay = 0, tasksPerDay = usualTasksPerDay } = recipe
  const identities = identityOf(recipe, rounds, draw('visits'))
  const everyArm = arms.map((_, arm) => arm)

  const task = (round: number): WorldTask => {
    const identity = identities(round)
    const rng = draw(`task/${identity}`)
    const kind = integer(rng, taskTypes.length)
    return { kind, identity, text: taskText(rng, taskTypes[kind]!, identity) }
  }
  const kindOf = (identity: number) => integer(draw(`task/${identity}`), taskTypes.length)
  const successRate = (round: number, arm: number, past: Past = []) => {
    const identity = identities(round)
    return truth.rate({ round, kind: kindOf(identity), identity, past }, arm)
  }
  const priceOf = (round: number, arm: number) =>
    (costWeight * Math.min(costUsd(round, arm), costUnitUsd)) / costUnitUsd

  return {
    name,
    summary: recipe.summary,
    arms,
    taskTypes,
    rounds,
    tasks: recipe.tasks ?? null,
    tasksPerDay,
    changes,
    delay,
    costWeight,
    isStationary: recipe.isStationary ?? changes.length === 0,
    task,
    eligible: round => everyArm.filter(arm => round >= enters(arm)),
    costUsd,
    successRate,
    utility: (round, arm, past) => successRate(round, arm, past) - priceOf(round, arm),
    outcome(round, arm, past) {
      const rng = draw(`outcome/${round}/${arm}`)
      const success = rng() < successRate(round, arm, past)
      const isMissing = rng() < missing(success)
      const utility = Number(success) - priceOf(round, arm)
      return { success, costUsd: costUsd(round, arm), utility, isMissing }
    },
  }
}

/** Which task a round brings: itself, or one of a few drawn at random. */
function identityOf({ tasks }: Recipe, rounds: number, rng: () => number): (round: number) => number {
  if (tasks === undefined) return round => round
  const visits = Array.from({ length: rounds }, () => integer(rng, tasks))
  return round => visits[round]!
}
