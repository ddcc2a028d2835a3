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

/** Keys whose place is remembered while cells are read. */
const maxRemembered = 10_000

/** Sums up cells and executions by the dimensions asked for. */
export class Groups {
  readonly #grouping: Grouping
  readonly #groups = new Map<string, Group>()
  /** Cells of one key come again and again; null: none of them passes the filter. */
  readonly #known = new Map<string, Placed | null>()

  constructor(grouping: Grouping) {
    this.#grouping = grouping
  }

  /** Adds a cell as it is kept. */
  addCell(key: string, startUs: number, value: string): void {
    let placed = this.#known.get(key)
    if (placed === undefined) {
      if (this.#known.size >= maxRemembered) this.#known.clear()
      placed = this.#place(decodeKey(key))
      this.#known.set(key, placed)
    }
    if (placed !== null) this.#groupOf(placed, startUs).mergeEncoded(value)
  }

  /** Adds (1) or takes out (-1) one execution. */
  addExecution({ key, atUs, measures }: { key: CellKey; atUs: number; measures: Measures }, by: 1 | -1): void {
    const placed = this.#place(key)
    if (placed !== null) this.#groupOf(placed, atUs).add(measures, by)
  }

  /** The groups that hold any execution. */
  result(): Group[] {
    return [...this.#groups.values()].filter(({ cell }) => cell.executions > 0)
  }

  /** Where a key belongs, or null if the filter keeps it out. */
  #place(key: CellKey): Placed | null {
    const { filter, facetsOf } = this.#grouping
    const placed = { key, facets: key.facets ?? (key.arm === null ? null : facetsOf(key.arm)) }
    const isIn = Object.entries(filter).every(
      ([dimension, value]) => dimensionValue(dimension as FilterDimension, key, placed.facets, 0) === value,
    )
    return isIn ? placed : null
  }

  #groupOf({ key, facets }: Placed, atUs: number): Cell {
    const { groupBy } = this.#grouping
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

interface Placed {
  readonly key: CellKey
  /** Those that the arm goes by. */
  readonly facets: CellFacets | null
}

function tooMany(groupBy: readonly Dimension[]): TacitError {
  const advice = groupBy.some(isTime) ? 'Ask for a shorter window or longer periods' : 'Ask for fewer dimensions'
  return new TacitError(
    'INVALID_INPUT',
    `metrics: ${groupBy.join(', ')} gives more than ${maxGroups} groups. ${advice}, or for one repository or task type.`,
    { details: { groupBy, maxGroups } },
  )
}
