import type { z } from 'zod'
import { parse } from '../../records.ts'
import type { Parts } from '../parts.ts'
import { type Baseline, type BaselineComparison, Baselines } from './baseline.ts'
import { complexity, type TaskComplexity } from './complexity.ts'
import { type Importance, importance } from './importance.ts'
import * as inputs from './inputs.ts'
import type { ModelInfo, ModelList } from './models.ts'
import type { RefitReport, Refits } from './refit.ts'
import { type RegretOptions, type RegretReport, regret } from './regret.ts'
import { type UsageOptions, type UsageReport, usage } from './usage.ts'

/** Keeping track of learning: versions of what was learned, baselines, regret, and what forecasts rest on. */
export interface TrackView {
  /** Versions of what was learned, and which of them decides. */
  models(): Promise<ModelList>
  /** Keeps what is learned now under a name. ALREADY_EXISTS if the name is taken. */
  saveModel(name: string): Promise<ModelInfo>
  /** Lets a kept model decide, recommend and predict, or `live` again, which goes on learning either way. */
  useModel(name: string): Promise<ModelList>
  /** Forgets a kept model, unless it is in use. */
  dropModel(name: string): Promise<ModelList>
  /** The last times at which everything was learned anew by schedule (`learning.refitHours`), oldest first. */
  refits(): Promise<readonly RefitReport[]>
  baselines(): Promise<readonly Baseline[]>
  /** Freezes what was achieved so far under a name. */
  freezeBaseline(name: string, options?: { readonly daysBack?: number; readonly taskType?: string }): Promise<Baseline>
  /** What was achieved since a baseline was frozen, beside it. Writes nothing. */
  compareBaseline(name: string, options?: { readonly daysBack?: number }): Promise<BaselineComparison>
  dropBaseline(name: string): Promise<readonly Baseline[]>
  /** Regret of the real decisions over time, estimated. Writes nothing. */
  regret(options?: RegretOptions): Promise<RegretReport>
  /** What executions used, and the utility that they achieved for it. Writes nothing. */
  usage(options?: UsageOptions): Promise<UsageReport>
  /** How complex a task is, by the probability of failure. Writes nothing. */
  complexity(task: string, options?: { readonly taskType?: string }): Promise<TaskComplexity>
  /** What the forecast of success rests on: rates, arm, words. Writes nothing. */
  importance(options?: z.input<typeof inputs.importanceInput>): Promise<Importance>
}

export function trackView(parts: Parts, refits: Refits, assertOpen: () => void): TrackView {
  const { models } = parts
  const baselines = new Baselines(parts)
  /** Every call needs an open Tacit, and a wrong name is refused before anything is done. */
  const named = (name: string, where: string) => {
    assertOpen()
    return parse(inputs.namedInput, { name }, where).name
  }
  const open = () => {
    assertOpen()
    return parts
  }
  return {
    models: async () => {
      assertOpen()
      return models.list()
    },
    saveModel: async name => models.save(named(name, 'models save')),
    useModel: async name => models.use(named(name, 'models use')),
    dropModel: async name => models.drop(named(name, 'models drop')),
    refits: async () => {
      assertOpen()
      return refits.history()
    },
    baselines: async () => {
      assertOpen()
      return baselines.list()
    },
    freezeBaseline: async (name, options = {}) => {
      const { name: _, ...window } = parse(inputs.freezeInput, { ...options, name }, 'baseline freeze')
      return baselines.freeze(named(name, 'baseline freeze'), defined(window))
    },
    compareBaseline: async (name, options = {}) => {
      const { name: _, ...window } = parse(inputs.compareInput, { ...options, name }, 'baseline compare')
      return baselines.compare(named(name, 'baseline compare'), defined(window))
    },
    dropBaseline: async name => baselines.drop(named(name, 'baseline drop')),
    regret: async (options = {}) => regret(open(), defined(parse(inputs.regretInput, options, 'regret'))),
    usage: async (options = {}) => usage(open(), defined(parse(inputs.usageInput, options, 'usage'))),
    complexity: async (task, options = {}) => {
      const request = parse(inputs.complexityInput, { ...options, task }, 'complexity')
      return complexity(open(), request.task, request.taskType ?? null)
    },
    importance: async (options = {}) =>
      importance(open(), defined(parse(inputs.importanceInput, options, 'importance'))),
  }
}

/** Without what was left out. */
const defined = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>
  }
