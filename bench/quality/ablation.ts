import { loadConfig } from '../../src/config.ts'
import { HierarchicalPolicy, type Part } from '../../src/learn/policy/hierarchical.ts'
import { seedRng } from '../../src/math/rng.ts'
import { estimate, estimateText, pairedDifference } from './ablation-measures.ts'
import { drive, halfOf, recurring, type Step, stepsOf, swappedHalfWay, unremembered, untyped } from './ablation-run.ts'
import { mean } from './hindsight.ts'
import type { Visit } from './online.ts'
import { align } from './report.ts'
import type { View } from './view.ts'

/** The default policy with one part left out. */
export interface Variant {
  /** The part that is missing. */
  readonly name: string
  readonly parts?: readonly Part[]
  readonly optimism?: number
  /** What it is shown of each round. Default: all. */
  readonly show?: (steps: readonly Step[]) => Step[]
  readonly tellsInFlight?: boolean
}

/** Rounds in which the default policy and some variants of it are compared. */
export interface Scenario {
  readonly name: string
  /** The rounds made from those recorded. */
  readonly stage: (steps: readonly Step[], seed: string) => Step[]
  /** Rounds until an outcome is known. */
  readonly delay: number
  /** Whether only the rounds of the second half are counted. */
  readonly countsSecondHalf: boolean
  readonly variants: readonly Variant[]
}

const asRecorded = {
  stage: (steps: readonly Step[]) => [...steps],
  delay: 0,
  countsSecondHalf: false,
}
const noTaskMemory: Variant = { name: 'task memory', show: unremembered }
const delay = 200
const recurringTasks = 80
const recurringVisits = 5

export const scenarios: readonly Scenario[] = [
  {
    ...asRecorded,
    name: 'as recorded',
    variants: [
      { name: 'task type', show: untyped },
      noTaskMemory,
      { name: 'wide models', parts: ['wide models'] },
      { name: 'model averaging (one model, .15/.04)', parts: ['model averaging'] },
      { name: 'optimism (greedy)', optimism: 0 },
      { name: 'random optimism (always 1)', parts: ['random optimism'] },
    ],
  },
  {
    ...asRecorded,
    name: `${recurringTasks} tasks, ${recurringVisits} visits each`,
    stage: (steps, seed) => recurring(steps, recurringTasks, recurringVisits, seedRng(`${seed} recurring`)),
    variants: [noTaskMemory],
  },
  {
    ...asRecorded,
    name: `outcomes ${delay} rounds late`,
    delay,
    variants: [{ name: 'pending rule', tellsInFlight: false }],
  },
  {
    ...asRecorded,
    name: 'best and worst arm swapped half-way; second half',
    stage: swappedHalfWay,
    countsSecondHalf: true,
    variants: [{ name: 'drift detection', parts: ['drift detection'] }],
  },
]

/** The mean reward of one run of a variant (null: the default policy whole). */
export function rewardOf(
  steps: readonly Step[],
  seed: string,
  { stage, delay, countsSecondHalf }: Omit<Scenario, 'name' | 'variants'>,
  variant: Omit<Variant, 'name'> | null,
): number {
  const { parts = [], optimism = 1, show = (each: readonly Step[]) => [...each], tellsInFlight = true } = variant ?? {}
  const { minProbability, halfLifeDays } = loadConfig().config.learning
  const policy = new HierarchicalPolicy({ minProbability, halfLifeDays, optimism, without: parts })
  const rewards = drive(policy, show(stage(steps, seed)), seedRng(seed), { delay, tellsInFlight })
  return mean(countsSecondHalf ? rewards.slice(halfOf(rewards)) : rewards)
}

/**
 * What each part of the default policy adds on a view: mean reward of the policy whole and without the part, over the
 * same orders with the same draws, each with its standard error.
 */
export function ablationTable(
  view: View,
  orders: readonly (readonly Visit[])[],
  progress: (text: string) => void,
): string {
  const runs = orders.map((visits, index) => ({ steps: stepsOf(view, visits), seed: `${view.name} ${index}` }))
  const lines = scenarios.flatMap(scenario => {
    const measure = (variant: Variant | null) => {
      const start = performance.now()
      const rewards = runs.map(({ steps, seed }) => rewardOf(steps, seed, scenario, variant))
      const seconds = ((performance.now() - start) / 1000).toFixed(1)
      progress(`${view.name} ablation, ${scenario.name}, without ${variant?.name ?? 'nothing'}: ${seconds} s`)
      return rewards
    }
    const whole = measure(null)
    return [
      [scenario.name, 'nothing', estimateText(estimate(whole)), ''],
      ...scenario.variants.map(variant => {
        const rewards = measure(variant)
        const difference = estimateText(pairedDifference(rewards, whole), 4, true)
        return [scenario.name, variant.name, estimateText(estimate(rewards)), difference]
      }),
    ]
  })
  const title = `${view.name} · ablation · ${view.arms.length} arms · ${orders.length} orders of ${orders[0]?.length ?? 0} rounds`
  return [title, ...align([['rounds', 'without', 'reward ± error', 'change ± error'], ...lines])].join('\n')
}
