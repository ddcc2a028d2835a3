import type { Facets } from '../../records.ts'
import { nameOf, type Period, startOf } from './periods.ts'

/** Facets of arms by which executions can be grouped. */
const facetDimensions = ['agent', 'team', 'model', 'tier', 'pool', 'topology', 'strategy'] as const
type FacetDimension = (typeof facetDimensions)[number]
const timeDimensions = ['hour', 'day', 'month'] as const
export type TimeDimension = (typeof timeDimensions)[number]

/** What executions can be grouped by. Times are of the decision, UTC. */
export const dimensions = ['arm', 'taskType', 'repository', ...facetDimensions, ...timeDimensions] as const
export type Dimension = (typeof dimensions)[number]
/** The dimensions that a question may fix to one value. */
export const filterDimensions = [
  'arm',
  'taskType',
  'repository',
  'agent',
  'model',
  'tier',
  'pool',
  'topology',
  'strategy',
] as const
export type FilterDimension = (typeof filterDimensions)[number]

/** What is the same for all executions of a cell. Facets are those stated with the execution; null: none were. */
export interface CellKey {
  readonly arm: string | null
  readonly taskType: string | null
  readonly repository: string | null
  readonly facets: CellFacets | null
}
export type CellFacets = Pick<Facets, FacetDimension>

/** The facets that tell cells apart, in one order; null when none of them is stated. */
export function cellFacets(facets: Facets | undefined): CellFacets | null {
  const stated = facetDimensions.flatMap(name => (facets?.[name] === undefined ? [] : [[name, facets[name]] as const]))
  return stated.length === 0 ? null : Object.fromEntries(stated)
}

/** The key as text: the same key gives the same text. */
export const encodeKey = ({ arm, taskType, repository, facets }: CellKey): string =>
  JSON.stringify(facets === null ? [arm, taskType, repository] : [arm, taskType, repository, facets])

export function decodeKey(text: string): CellKey {
  const [arm, taskType, repository, facets = null] = JSON.parse(text) as [
    string | null,
    string | null,
    string | null,
    CellFacets?,
  ]
  return { arm, taskType, repository, facets }
}

/** What a group is called by: null where it is not known, a list for a team. */
type GroupName = string | readonly string[] | null

/**
 * The value of a dimension, for a decision made at `atUs`. `facets` are those that the arm goes by; an arm of which none
 * are known is taken for an agent of its name.
 */
export function dimensionValue(dimension: Dimension, key: CellKey, facets: CellFacets | null, atUs: number): GroupName {
  if (isTime(dimension)) return nameOf(dimension, startOf(dimension, atUs))
  if (isFacet(dimension)) return facets === null && dimension === 'agent' ? key.arm : (facets?.[dimension] ?? null)
  return key[dimension]
}

/** The longest period whose cells still tell the times of `groupBy` apart. */
export function longestPeriod(groupBy: readonly Dimension[]): Period {
  return timeDimensions.find(period => groupBy.includes(period)) ?? 'all'
}

export const isTime = (dimension: Dimension): dimension is TimeDimension =>
  (timeDimensions as readonly string[]).includes(dimension)
export const isFacet = (dimension: Dimension): dimension is FacetDimension =>
  (facetDimensions as readonly string[]).includes(dimension)
