import type { Dimension } from './rollup/dimensions.ts'

interface MetricsViewSpec {
  readonly groupBy: readonly Dimension[]
  /** Null: all that is on record. */
  readonly daysBack: number | null
}

/** Named questions: what they group by, and the window that they take unless another is given. */
export const metricsViews = {
  'tier-performance': { groupBy: ['repository', 'tier', 'taskType', 'day'], daysBack: 30 },
  'pool-performance': { groupBy: ['pool', 'repository', 'hour'], daysBack: 7 },
  'agent-metrics': { groupBy: ['agent'], daysBack: null },
  'team-performance': { groupBy: ['team'], daysBack: null },
  'strategy-performance': { groupBy: ['strategy', 'taskType'], daysBack: null },
} as const satisfies Record<string, MetricsViewSpec>
export type MetricsView = keyof typeof metricsViews
export const metricsViewNames = Object.keys(metricsViews) as [MetricsView, ...MetricsView[]]
