import type { State, StateRecord } from '../state.ts'
import { HierarchicalPolicy } from './hierarchical.ts'
import type { Policy } from './policy.ts'
import { ThompsonPolicy } from './thompson.ts'
import { UniformPolicy } from './uniform.ts'

export interface PolicyOptions {
  readonly minProbability: number
  readonly halfLifeDays: number | null
  /** How much uncertainty attracts (default 1); only the hierarchical policy knows optimism. */
  readonly optimism?: number
}

const constructors = {
  hierarchical: (options: PolicyOptions, state?: State) => new HierarchicalPolicy(options, state as StateRecord),
  thompson: (options: PolicyOptions, state?: State) => new ThompsonPolicy(options, state),
  uniform: (options: PolicyOptions, state?: State) => new UniformPolicy(options, state),
} satisfies Record<string, (options: PolicyOptions, state?: State) => Policy>

export type PolicyId = keyof typeof constructors

/** A fresh policy by name. */
export const createPolicy = (id: PolicyId, options: PolicyOptions): Policy => constructors[id](options)

/** The policy as `toState` left it. */
export const policyFromState = (id: PolicyId, options: PolicyOptions, state: State): Policy =>
  constructors[id](options, state)
