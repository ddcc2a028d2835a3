import type { PreparedLog } from './evaluate.ts'
import { certainly, type LoggedChoice, type Target } from './logged-choice.ts'

/** Every arm with the same probability. */
export function uniformTarget(choices: readonly LoggedChoice[]): Target {
  return row => choices[row]!.arms.map(() => 1 / choices[row]!.arms.length)
}

/** Always the same arm. Every choice must offer it. */
export function armTarget(choices: readonly LoggedChoice[], arm: number): Target {
  return row => certainly(choices[row]!.arms.indexOf(arm), choices[row]!.arms.length)
}

/**
 * The arm that is best for all tasks together, by the outcome model of the other folds at the log's own mix of categories.
 * Where that arm is not offered, the next best.
 */
export function bestSingleTarget({ choices, models }: PreparedLog): Target {
  const mix = new Map<number, number>()
  for (const { category } of choices) mix.set(category, (mix.get(category) ?? 0) + 1)
  const values = models.map(model =>
    remembered((arm: number) =>
      [...mix].reduce((sum, [category, count]) => sum + count * model.expected(arm, category), 0),
    ),
  )
  return (row, fold) => best(choices[row]!, values[fold]!)
}

/** The arm that is best for the category of the task, by the outcome model of the other folds. */
export function categoryBestTarget({ choices, models }: PreparedLog): Target {
  return (row, fold) => best(choices[row]!, arm => models[fold]!.expected(arm, choices[row]!.category))
}

/** The first of the best. */
function best({ arms }: LoggedChoice, rate: (arm: number) => number): number[] {
  const values = arms.map(rate)
  return certainly(values.indexOf(Math.max(...values)), arms.length)
}

function remembered<Value>(compute: (key: number) => Value): (key: number) => Value {
  const known = new Map<number, Value>()
  return key => {
    if (!known.has(key)) known.set(key, compute(key))
    return known.get(key)!
  }
}
