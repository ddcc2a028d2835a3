import * as truths from './truth.ts'

/** How a world of the catalogue is made. */
export interface Recipe {
  readonly summary: string
  readonly arms: number
  readonly kinds: number
  readonly rounds: number
  readonly truth: (...parameters: Parameters<typeof truths.specialists>) => truths.Truth
  /** False: tasks carry no task type. */
  readonly hasTaskTypes?: boolean
  readonly tasksPerDay?: number
  readonly delay?: number
  readonly costWeight?: number
  /** Number of different tasks; left out: every round brings a new one. */
  readonly tasks?: number
  /** Only where the truth moves in another way than at `changes`. */
  readonly isStationary?: boolean
}

/** Every world by name, with the size that it has unless asked otherwise. */
export const recipes = {
  contextual: recipe('arms specialise by task type', 6, 8, 4000, truths.specialists),
  short: recipe('arms specialise, about 60 tasks per task type', 7, 10, 600, truths.specialists),
  'context-free': recipe('tasks have no type', 6, 1, 4000, truths.generalists, { hasTaskTypes: false }),
  worthless: recipe('task types that say nothing', 6, 8, 4000, truths.generalists),
  drifting: recipe('two arms change places, later a price rises', 5, 4, 6000, truths.drifting, { costWeight: 0.3 }),
  'drifting-fast': recipe('the same within one day, so that nothing fades', 5, 4, 6000, truths.drifting, {
    costWeight: 0.3,
    tasksPerDay: 10_000,
  }),
  newcomer: recipe('half-way an arm comes that is 15 points better', 6, 4, 4000, truths.newcomer(0.15)),
  'newcomer-slight': recipe('half-way an arm comes that is 5 points better', 6, 4, 4000, truths.newcomer(0.05)),
  delayed: recipe('outcomes come 500 decisions late', 6, 4, 4000, truths.specialists, {
    delay: 500,
    tasksPerDay: 2000,
  }),
  'missing-random': recipe('30 % of the outcomes are never reported', 6, 4, 4000, truths.missingAtRandom),
  'missing-failure': recipe('failures are reported less often', 6, 4, 4000, truths.missingFailures),
  unrelated: recipe('all rates are drawn anew every 50 tasks', 5, 4, 4000, truths.unrelated),
  reversed: recipe('an adversary reverses arms chosen too often', 5, 4, 4000, truths.reversed, { isStationary: false }),
  'reversed-2': recipe('the same adversary with two arms and one task type', 2, 1, 2000, truths.reversed, {
    isStationary: false,
  }),
  recurring: recipe('100 tasks come again and again', 5, 5, 2000, truths.settled, { tasks: 100 }),
  'arms-2': recipe('two arms', 2, 4, 2000, truths.specialists),
  'arms-20': recipe('twenty arms', 20, 6, 4000, truths.specialists),
  'arms-100': recipe('a hundred arms', 100, 4, 4000, truths.specialists),
} satisfies Record<string, Recipe>

export type WorldName = keyof typeof recipes
export const worldNames = Object.keys(recipes) as readonly WorldName[]

function recipe(
  summary: string,
  arms: number,
  kinds: number,
  rounds: number,
  truth: Recipe['truth'],
  rest: Partial<Recipe> = {},
): Recipe {
  return { summary, arms, kinds, rounds, truth, ...rest }
}
