import { TacitError } from '../../errors.ts'
import { Cell, type Measures } from './cell.ts'
import {
  type CellFacets,
  type CellKey,
  type Dimension,
  decodeKey,
  dimensionValue,
  type FilterDimension,
  isTime,
  type TimeDimension,
} from './dimensions.ts'

/** Groups held at once: a finer question is refused instead of filling the memory. */
const maxGroups = 50_000

/** What a group's members have in common. */
export type GroupNames = { readonly [D in Dimension]?: NameOf<D> }
type NameOf<D extends Dimension> = D extends TimeDimension
  ? string
  : D extends 'team'
    ? readonly string[] | null
    : string | null
export type Filter = Readonly<Partial<Record<FilterDimension, string>>>

export interface Group {
  readonly names: GroupNames
  readonly cell: Cell
}

export interface Grouping {
  readonly groupBy: readonly Dimension[]
  readonly filter: Filter
  /** The facets of an arm for executions that state none; null if there are none. */
  readonly facetsOf: (arm: string) => CellFacets | null
}

/** Sums up cells and executions by the dimensions asked for. */
export class Groups {
  readonly #grouping: Grouping
  readonly #groups = new Map<string, Group>()

  constructor(grouping: Grouping) {
    this.#grouping = grouping
  }

  /** Adds a cell as it is kept. */
  addCell(key: string, startUs: number, value: string): void {
    this.#groupOf(decodeKey(key), startUs)?.mergeEncoded(value)
  }

  /** Adds (1) or takes out (-1) one execution. */
  addExecution({ key, atUs, measures }: { key: CellKey; atUs: number; measures: Measures }, by: 1 | -1): void {
    this.#groupOf(key, atUs)?.add(measures, by)
  }

  /** The groups that hold any execution. */
  result(): Group[] {
    return [...this.#groups.values()].filter(({ cell }) => cell.executions > 0)
  }

  #groupOf(key: CellKey, atUs: number): Cell | null {
    const { groupBy, filter, facetsOf } = this.#grouping
    const facets = key.facets ?? (key.arm === null ? null : facetsOf(key.arm))
    const isIn = Object.entries(filter).every(
      ([dimension, value]) => dimensionValue(dimension as FilterDimension, key, facets, atUs) === value,
    )
    if (!isIn) return null
    const values = groupBy.map(dimension => dimensionValue(dimension, key, facets, atUs))
    const id = JSON.stringify(values)
    const held = this.#groups.get(id)
    if (held !== undefined) return held.cell
    if (this.#groups.size >= maxGroups) throw tooMany(groupBy)
    const names = Object.fromEntries(groupBy.map((dimension, i) => [dimension, values[i]!])) as GroupNames
    const cell = new Cell()
    this.#groups.set(id, { names, cell })
    return cell
  }
}

function tooMany(groupBy: readonly Dimension[]): TacitError {
  const advice = groupBy.some(isTime) ? 'Ask for a shorter window or longer periods' : 'Ask for fewer dimensions'
  return new TacitError(
    'INVALID_INPUT',
    `metrics: ${groupBy.join(', ')} gives more than ${maxGroups} groups. ${advice}, or for one repository or task type.`,
    { details: { groupBy, maxGroups } },
  )
}
