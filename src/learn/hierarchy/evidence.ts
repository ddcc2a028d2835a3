import type { StateRecord } from '../state.ts'

/** Index of the phantom arm: never observed, it stands for every arm that was not met yet. */
export const phantom = 0
/** Tasks remembered one by one; older ones stay in their category's sums but are no longer recognised. */
const maxTasks = 100_000
/** A task whose evidence has faded below this is forgotten. */
const minTaskWeight = 0.01
/** An arm whose evidence in a node is below this counts as not observed there. */
const minWeight = 1e-9

/** Counts and sums of the arms observed in one node; parallel arrays, arms in order of first observation. */
export interface Cells {
  readonly arms: number[]
  readonly n: number[]
  readonly s: number[]
}

export interface TaskCells extends Cells {
  readonly category: string
}

export interface Observation {
  readonly arm: number
  /** '' where the task has no type. */
  readonly category: string
  readonly task: number
  readonly value: number
}

/**
 * The sufficient statistics of the hierarchy: per category and per task, how often each arm was observed and the sum
 * of its values, each observation weighted by 2^(-age / half-life). The order of observations does not matter
 * (but for rounding), and two tables merge by adding their cells.
 */
export class EvidenceTable {
  /** Arm ids by index; index 0 is the phantom. */
  readonly arms: string[] = ['']
  readonly categories = new Map<string, Cells>()
  readonly tasks = new Map<number, TaskCells>()
  /** Sums over all categories. */
  readonly totals: Cells = { arms: [], n: [], s: [] }
  /** Whole day (since 1970) that the weights refer to. */
  day = 0
  readonly #indexOf = new Map<string, number>()
  /** Age at which an observation counts half, in days; null: evidence does not fade. */
  readonly halfLifeDays: number | null

  constructor(halfLifeDays: number | null) {
    this.halfLifeDays = halfLifeDays
  }

  /** Index of an arm, the phantom's for one never observed. */
  indexOf(arm: string): number {
    return this.#indexOf.get(arm) ?? phantom
  }

  /** Index of an arm, a new one if it was never observed. */
  intern(arm: string): number {
    const known = this.#indexOf.get(arm)
    if (known !== undefined) return known
    this.#indexOf.set(arm, this.arms.length)
    return this.arms.push(arm) - 1
  }

  /** Weight of an observation made on `day`; observations from after the table's day count fully. */
  weightOf(day: number): number {
    return this.halfLifeDays === null ? 1 : 2 ** (-Math.max(0, this.day - Math.floor(day)) / this.halfLifeDays)
  }

  /** Lets all evidence age until `day`. True if any weight changed. */
  advance(day: number): boolean {
    const days = Math.floor(day) - this.day
    if (days <= 0) return false
    const isEmpty = this.categories.size === 0
    this.day += days
    if (isEmpty || this.halfLifeDays === null) return false
    const factor = 2 ** (-days / this.halfLifeDays)
    scale(this.totals, factor)
    for (const cells of this.categories.values()) scale(cells, factor)
    for (const [key, cells] of this.tasks) {
      scale(cells, factor)
      if (cells.n.reduce((sum, n) => sum + n, 0) < minTaskWeight) this.tasks.delete(key)
    }
    return true
  }

  /** Adds `weight` observations (negative to take them out again). */
  add({ arm, category, task, value }: Observation, weight: number): void {
    for (const cells of [this.categoryCells(category), this.totals, this.taskCells(task, category)]) {
      addTo(cells, arm, weight, weight * value)
    }
  }

  /** Keeps only `share` of the evidence about an arm, everywhere or in one category (null: everywhere). */
  discount(arm: number, category: string | null, share: number): void {
    const reduce = (cells: Cells | undefined) => {
      const at = cells?.arms.indexOf(arm) ?? -1
      if (at < 0) return
      addTo(cells!, arm, -(1 - share) * cells!.n[at]!, -(1 - share) * cells!.s[at]!)
    }
    const here = category === null ? undefined : this.categories.get(category)
    const at = here?.arms.indexOf(arm) ?? -1
    if (category === null) reduce(this.totals)
    else if (at >= 0) addTo(this.totals, arm, -(1 - share) * here!.n[at]!, -(1 - share) * here!.s[at]!)
    for (const [name, cells] of this.categories) if (category === null || name === category) reduce(cells)
    for (const cells of this.tasks.values()) if (category === null || cells.category === category) reduce(cells)
  }

  /** Cells of a category, new ones if it was never met. */
  categoryCells(category: string): Cells {
    let cells = this.categories.get(category)
    if (cells === undefined) {
      cells = { arms: [], n: [], s: [] }
      this.categories.set(category, cells)
    }
    return cells
  }

  /** Cells of a task, new ones if it was never met; where there are too many tasks, the oldest is forgotten. */
  taskCells(task: number, category: string): TaskCells {
    let cells = this.tasks.get(task)
    if (cells === undefined) {
      cells = { category, arms: [], n: [], s: [] }
      this.tasks.set(task, cells)
      if (this.tasks.size > maxTasks) this.tasks.delete(this.tasks.keys().next().value!)
    }
    return cells
  }

  /** Observations of an arm: everywhere, in the category, on the task. */
  counts(arm: string, category: string, task: number): { all: number; category: number; task: number } {
    const index = this.#indexOf.get(arm)
    if (index === undefined) return { all: 0, category: 0, task: 0 }
    return {
      all: countIn(this.totals, index),
      category: countIn(this.categories.get(category), index),
      task: countIn(this.tasks.get(task), index),
    }
  }

  toState(): StateRecord {
    const keys = [...this.tasks.keys()]
    const tasks = [...this.tasks.values()]
    const names = [...this.categories.keys()]
    const categoryIndex = new Map(names.map((name, index) => [name, index]))
    return {
      arms: [...this.arms],
      day: this.day,
      categories: names,
      categoryCells: packCells([this.totals, ...this.categories.values()]),
      taskKeys: Float64Array.from(keys),
      taskCategories: Float64Array.from(tasks, task => categoryIndex.get(task.category)!),
      taskCells: packCells(tasks),
    }
  }

  static fromState(state: StateRecord, halfLifeDays: number | null): EvidenceTable {
    const table = new EvidenceTable(halfLifeDays)
    for (const arm of (state.arms as string[]).slice(1)) table.intern(arm)
    table.day = state.day as number
    const names = state.categories as string[]
    const [totals, ...categories] = unpackCells(state.categoryCells as Float64Array)
    Object.assign(table.totals, totals)
    for (const [i, cells] of categories.entries()) table.categories.set(names[i]!, cells)
    const keys = state.taskKeys as Float64Array
    const taskCategories = state.taskCategories as Float64Array
    for (const [i, cells] of unpackCells(state.taskCells as Float64Array).entries()) {
      table.tasks.set(keys[i]!, { category: names[taskCategories[i]!]!, ...cells })
    }
    return table
  }
}

/**
 * What two tables know together, as of the later day of the two: the same (but for rounding and for the numbering of
 * the arms) as if all observations had gone into one table with the half-life of `a`. Neither table changes.
 */
export function mergeEvidence(a: EvidenceTable, b: EvidenceTable): EvidenceTable {
  const merged = EvidenceTable.fromState(a.toState(), a.halfLifeDays)
  const other = EvidenceTable.fromState(b.toState(), a.halfLifeDays)
  const day = Math.max(a.day, b.day)
  merged.advance(day)
  other.advance(day)
  const arms = other.arms.map((arm, index) => (index === phantom ? phantom : merged.intern(arm)))
  const add = (cells: Cells, more: Cells) => {
    for (const [i, arm] of more.arms.entries()) addTo(cells, arms[arm]!, more.n[i]!, more.s[i]!)
  }
  add(merged.totals, other.totals)
  for (const [name, cells] of other.categories) add(merged.categoryCells(name), cells)
  for (const [key, cells] of other.tasks) add(merged.taskCells(key, cells.category), cells)
  return merged
}

/** Count of one arm in a node. */
export function countIn(cells: Cells | undefined, arm: number): number {
  const at = cells === undefined ? -1 : cells.arms.indexOf(arm)
  return at < 0 ? 0 : cells!.n[at]!
}

function addTo(cells: Cells, arm: number, n: number, sum: number): void {
  let at = cells.arms.indexOf(arm)
  if (at < 0) {
    at = cells.arms.push(arm) - 1
    cells.n.push(0)
    cells.s.push(0)
  }
  cells.n[at]! += n
  cells.s[at]! += sum
  // Rounding must not leave a trace of evidence that was taken out.
  if (cells.n[at]! < minWeight) remove(cells, at)
}

function scale(cells: Cells, factor: number): void {
  for (let i = cells.n.length - 1; i >= 0; i--) {
    cells.n[i]! *= factor
    cells.s[i]! *= factor
    // A precision that fades to nothing would leave a matrix without an inverse.
    if (cells.n[i]! < minWeight) remove(cells, i)
  }
}

function remove(cells: Cells, at: number): void {
  cells.arms.splice(at, 1)
  cells.n.splice(at, 1)
  cells.s.splice(at, 1)
}

/** Cells one after the other: length, then (arm, n, s) triples. */
function packCells(list: readonly Cells[]): Float64Array {
  const packed = new Float64Array(list.reduce((size, cells) => size + 1 + 3 * cells.arms.length, 0))
  let at = 0
  for (const { arms, n, s } of list) {
    packed[at++] = arms.length
    for (let i = 0; i < arms.length; i++) {
      packed[at++] = arms[i]!
      packed[at++] = n[i]!
      packed[at++] = s[i]!
    }
  }
  return packed
}

function unpackCells(packed: Float64Array): Cells[] {
  const list: Cells[] = []
  for (let at = 0; at < packed.length; ) {
    const cells: Cells = { arms: [], n: [], s: [] }
    const end = at + 1 + 3 * packed[at]!
    for (at++; at < end; at += 3) {
      cells.arms.push(packed[at]!)
      cells.n.push(packed[at + 1]!)
      cells.s.push(packed[at + 2]!)
    }
    list.push(cells)
  }
  return list
}
